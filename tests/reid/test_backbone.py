"""Backbones against torchvision's own networks."""

import pytest
import torch
import torchvision.models as zoo
from safetensors.torch import save_file

from stcnet_lib.reid.backbones.resnet import Backbone


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_parameters_are_those_of_torchvision(name):
    with torch.device("meta"):
        theirs = {k: v.shape for k, v in zoo.get_model(name).state_dict().items() if not k.startswith("fc.")}
        ours = {k: v.shape for k, v in Backbone(name).state_dict().items()}
    assert ours == theirs


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_layer3_equals_torchvision_and_layer4_keeps_its_resolution(name):
    torch.manual_seed(0)
    theirs = zoo.get_model(name).eval()
    ours = Backbone(name).eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    images = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        expected = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(images))))
        expected = theirs.layer3(theirs.layer2(theirs.layer1(expected)))
        torch.testing.assert_close(ours.maps(images, "layer3"), expected)
        # torchvision's layer4 with its two strides edited by hand, the usual trick
        first = theirs.layer4[0]
        (first.conv1 if name == "resnet18" else first.conv2).stride = (1, 1)
        first.downsample[0].stride = (1, 1)
        expected = theirs.layer4(expected)
        torch.testing.assert_close(ours(images), expected)
    assert expected.shape == (2, ours.channels, 4, 2)  # a sixteenth


def test_half_width_halves_every_layer():
    with torch.device("meta"):
        full, half = Backbone("resnet50"), Backbone("resnet50", 32)
    for (name, wide), narrow in zip(full.named_parameters(), half.parameters(), strict=True):
        expected = [n if n in (1, 3, 7) else n // 2 for n in wide.shape]
        assert list(narrow.shape) == expected, name
    assert half.channels == 1024


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_come_from_a_file_without_its_head(tmp_path, suffix):
    torch.manual_seed(0)
    source = {
        **Backbone("resnet18", 8).state_dict(),
        "fc.weight": torch.zeros(5, 64),
        "fc.bias": torch.zeros(5),
    }
    # older files of torchvision lack the counters
    source = {name: value for name, value in source.items() if not name.endswith("num_batches_tracked")}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(source, path)
    else:
        save_file(source, path)
    network = Backbone("resnet18", 8)
    assert not torch.equal(network.conv1.weight, source["conv1.weight"])
    network.load_pretrained(str(path))
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(value, source[name], rtol=0, atol=0)


def test_backbone_of_a_saved_reid_network_loads(tmp_path):
    torch.manual_seed(0)
    source = Backbone("resnet18", 8)
    weights = {f"backbone.{name}": value for name, value in source.state_dict().items()}
    save_file({**weights, "classifier.weight": torch.zeros(2, 64)}, tmp_path / "model.safetensors")
    network = Backbone("resnet18", 8)
    network.load_pretrained(str(tmp_path / "model.safetensors"))
    torch.testing.assert_close(network.conv1.weight, source.conv1.weight, rtol=0, atol=0)


def test_weights_that_do_not_fit_are_listed_and_change_nothing(tmp_path):
    torch.manual_seed(0)
    weights = Backbone("resnet18", 16).state_dict()
    weights = {name: value for name, value in weights.items() if name != "bn1.bias"} | {"odd": torch.zeros(1)}
    save_file(weights, tmp_path / "wide.safetensors")
    network = Backbone("resnet18", 8)
    before = network.conv1.weight.clone()
    with pytest.raises(ValueError, match=r"pretrained: .*resnet18.*wide\.safetensors") as error:
        network.load_pretrained(str(tmp_path / "wide.safetensors"))
    text = str(error.value)
    assert "1 missing: bn1.bias" in text
    assert "1 unknown: odd" in text
    assert "conv1.weight (16, 3, 7, 7) for (8, 3, 7, 7)" in text
    assert torch.equal(network.conv1.weight, before)


@pytest.mark.parametrize("content", [None, b"no weights", b""])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_missing_or_damaged_file_is_named(tmp_path, content, suffix):
    path = tmp_path / f"weights{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"pretrained: '.*weights\{suffix}'"):
        Backbone("resnet18", 8).load_pretrained(str(path))


def test_no_network_for_imagenet_names_the_key(monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(zoo.ResNet18_Weights.IMAGENET1K_V1.__class__, "get_state_dict", unreachable)
    with pytest.raises(ValueError, match=r"pretrained: could not download .*resnet18.*no route"):
        Backbone("resnet18").load_pretrained("imagenet")


def test_imagenet_weights_are_those_of_torchvision(monkeypatch):
    torch.manual_seed(0)
    theirs = zoo.resnet18().state_dict()
    monkeypatch.setattr(
        zoo.ResNet18_Weights.IMAGENET1K_V1.__class__, "get_state_dict", lambda *_, **__: dict(theirs)
    )
    network = Backbone("resnet18")
    network.load_pretrained("imagenet")
    torch.testing.assert_close(network.layer4[1].conv2.weight, theirs["layer4.1.conv2.weight"])
    network.load_pretrained("none")
    torch.testing.assert_close(network.layer4[1].conv2.weight, theirs["layer4.1.conv2.weight"])
