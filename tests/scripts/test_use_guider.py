"""A trained network becomes the guider of other data: copied as it is, refused when damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stcnet_lib.config import ReIDConfig
from stcnet_lib.reid.files import load_reid, model_paths, save_model
from stcnet_lib.reid.network import ReIDNetwork


@pytest.fixture
def trained(tmp_path):
    config = ReIDConfig(backbone="resnet18", stem_channels=8, pretrained="none", non_local=False)
    torch.manual_seed(0)
    save_model(tmp_path / "trained", "reid", ReIDNetwork(config, 5), config.canonical_json(), 5)
    return tmp_path / "trained/model.json"


def use(trained: Path, model: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "workflow.scripts.use_guider"]
    return subprocess.run(
        [*command, "--trained", str(trained), "--model", str(model)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )


def test_it_is_the_same_network(trained, tmp_path):
    assert use(trained, tmp_path / "guider/model.json").returncode == 0
    for source, copy in zip(model_paths(trained), model_paths(tmp_path / "guider"), strict=True):
        assert copy.read_bytes() == source.read_bytes()
    assert load_reid(tmp_path / "guider").num_classes == 5


def test_damaged_weights_are_refused(trained, tmp_path):
    weights = trained.with_suffix(".safetensors")
    weights.write_bytes(weights.read_bytes()[:-4] + b"oops")
    failed = use(trained, tmp_path / "guider/model.json")
    assert failed.returncode == 1
    assert "model.safetensors" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "guider/model.json").exists()


def test_a_network_of_clips_is_refused(tmp_path):
    """Its first job would have failed, after every frame was decoded."""
    config = ReIDConfig(backbone="resnet18", stem_channels=8, pretrained="none", non_local=True)
    save_model(tmp_path / "nl", "reid", ReIDNetwork(config, 5), config.canonical_json(), 5)
    failed = use(tmp_path / "nl/model.json", tmp_path / "guider/model.json")
    assert failed.returncode == 1
    assert "got a network with non_local blocks as guider" in failed.stderr
