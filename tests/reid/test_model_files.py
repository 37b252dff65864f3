"""Saved networks come back as they were, and a wrong file is named."""

import json

import pytest
import torch

from stcnet_lib.completion.filling import load_network
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import ReIDConfig, StcnetConfig
from stcnet_lib.reid.files import load_reid, model_paths, read_description, save_model
from stcnet_lib.reid.network import ReIDNetwork

STCNET = StcnetConfig(height=32, width=16, channels=4, dilations=(2,), attention_scale=7.0).network


@pytest.fixture
def reid():
    torch.manual_seed(0)
    config = ReIDConfig(backbone="resnet18", stem_channels=8, pretrained="none")
    network = ReIDNetwork(config, 5)
    network(torch.randn(2, 2, 3, 32, 16))  # moves the running statistics
    return network.eval()


@pytest.fixture
def folder(tmp_path, reid):
    save_model(tmp_path / "net", "reid", reid, reid.config.canonical_json(), 5, {"rank_1": 0.5})
    return tmp_path / "net"


def test_reid_round_trip(folder, reid):
    clips = torch.randn(2, 2, 3, 32, 16)
    for path in (folder, folder / "model.json", str(folder / "model.safetensors")):
        loaded = load_reid(path)
        assert not loaded.training
        with torch.no_grad():
            for found, expected in zip(loaded(clips), reid(clips), strict=True):
                torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert read_description(folder, "reid")["details"] == {"rank_1": 0.5}


def test_stcnet_round_trip(tmp_path):
    torch.manual_seed(0)
    network = STCnet(STCNET).to(memory_format=torch.channels_last).eval()
    save_model(tmp_path / "model.json", "stcnet", network, STCNET.canonical_json())
    loaded = load_network(tmp_path)
    assert loaded.config == STCNET
    x = torch.rand(2, 3, 32, 16) * 2 - 1
    mask = torch.zeros(2, 1, 32, 16)
    mask[:, :, :11] = 1
    with torch.no_grad():
        expected = network(x, x.flip(3), x, mask)
        torch.testing.assert_close(loaded(x, x.flip(3), x, mask).x2, expected.x2, rtol=0, atol=1e-5)


def test_same_weights_give_the_same_bytes(folder, reid, tmp_path):
    save_model(tmp_path / "again", "reid", reid, reid.config.canonical_json(), 5, {"rank_1": 0.5})
    for first, second in zip(model_paths(folder), model_paths(tmp_path / "again"), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_weights_the_training_started_from_need_not_exist_any_more(folder):
    description = json.loads((folder / "model.json").read_text())
    description["config"]["pretrained"] = "gone.pth"
    (folder / "model.json").write_text(json.dumps(description))
    assert load_reid(folder).config.pretrained == "none"


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=name):
        load_reid(folder)


@pytest.mark.parametrize("length", [0, 100, -1])
@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_truncated_file_is_named(folder, name, length):
    path = folder / name
    if name == "model.json" and length == -1:
        length = -10  # the last byte is a newline
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=name):
        load_reid(folder)


def test_one_changed_byte_is_noticed(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors': got sha256 .* wanted .*model\.json"):
        load_reid(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kind", "stcnet", "kind: got 'stcnet', wanted 'reid'"),
        ("version", 99, "version: got 99, wanted 1"),
        ("format", "other", "not the description"),
        ("num_classes", None, "num_classes: got None"),
        ("num_classes", 6, r"2 of another shape: classifier\.weight \(5, 64\) for \(6, 64\)"),
    ],
)
def test_description_that_does_not_fit(folder, key, value, message):
    description = json.loads((folder / "model.json").read_text())
    description[key] = value
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match=message):
        load_reid(folder)


def test_config_is_validated(folder):
    description = json.loads((folder / "model.json").read_text())
    description["config"]["stem_channels"] = 1
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match=r"model\.json': config: stem_channels: got 1, wanted at least 8"):
        load_reid(folder)


def test_description_without_digest(folder):
    description = json.loads((folder / "model.json").read_text())
    del description["weights_sha256"]
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match="got no weights_sha256"):
        load_reid(folder)


def test_failed_save_leaves_the_earlier_one(folder, reid):
    before = [path.read_bytes() for path in model_paths(folder)]
    with pytest.raises(TypeError):
        save_model(folder, "reid", reid, reid.config.canonical_json(), 5, {"value": object()})
    assert [path.read_bytes() for path in model_paths(folder)] == before
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
