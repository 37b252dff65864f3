"""What `precision` comes to: the same on every CPU, recorded, and part of what a training resumes from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import workflow.scripts.train_reid as script
from stcnet_lib.common.compute import Compute
from stcnet_lib.common.hdf5 import open_hdf5
from stcnet_lib.config import FeaturesConfig, ReIDConfig, RuntimeConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.reid.network import ReIDNetwork
from workflow.scripts.training import provenance, resume_key

CPU, GPU = Compute(torch.device("cpu")), Compute(torch.device("cuda", 0))


@pytest.fixture
def gpu(monkeypatch):
    """A pretended CUDA device; gives what sets its capability, and whether it has bf16."""

    def of(capability: tuple[int, int], bf16: bool) -> None:
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: bf16)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "pretended")
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 0)

    return of


@pytest.mark.parametrize("has_bf16", [False, True])
def test_auto_is_the_same_on_every_cpu(monkeypatch, has_bf16):
    capabilities = {"avx512_bf16": has_bf16, "amx_bf16": has_bf16}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert CPU.used_precision("auto") == CPU.used_precision("fp32") == "fp32"
    assert CPU.used_precision("bf16") == "bf16"


@pytest.mark.parametrize(
    ("capability", "bf16", "setting", "used"),
    [
        ((9, 0), True, "auto", "bf16"),
        ((9, 0), True, "fp32", "tf32"),
        ((7, 5), False, "auto", "fp32"),
        ((7, 5), False, "bf16", "bf16"),
    ],
)
def test_gpus(gpu, capability, bf16, setting, used):
    gpu(capability, bf16)
    assert GPU.used_precision(setting) == used


def key(compute: Compute, **settings) -> str:
    config = ReIDConfig(pretrained="none", **settings)
    return resume_key(script.__file__, config, compute, 0, 0, "data", config.files)


def test_a_training_resumes_in_its_own_precision_alone(gpu, monkeypatch):
    monkeypatch.chdir(Path(script.__file__).parents[2])
    gpu((9, 0), True)
    here = key(GPU)
    assert key(GPU) == here
    assert key(CPU) != here  # bf16 there, fp32 here
    gpu((7, 5), False)
    assert key(GPU) != here  # the same settings on a card without bf16
    assert key(GPU) != key(CPU)
    assert key(CPU, precision="bf16") != key(CPU, precision="fp32")


def test_a_model_says_its_precision(gpu):
    gpu((9, 0), True)
    assert provenance(ReIDConfig(), GPU, 0, "d")["precision"] == "bf16"
    assert provenance(ReIDConfig(), CPU, 0, "d")["precision"] == "fp32"
    assert provenance(ReIDConfig(precision="bf16"), CPU, 0, "d")["precision"] == "bf16"


@pytest.mark.parametrize("setting", ["auto", "bf16"])
def test_region_features_say_theirs(store_path, tmp_path, guider_config, setting):
    """Whatever the guider's own setting was when it was trained elsewhere."""
    network = ReIDNetwork(guider_config.model_copy(update={"precision": "bf16"}), 2)
    with TrackletStore(store_path) as store:
        extract_region_features(
            network,
            store,
            FeaturesConfig(precision=setting),
            tmp_path / "regions.h5",
            RuntimeConfig(workers=0),
            CPU,
        )
    with open_hdf5(tmp_path / "regions.h5") as file:
        assert file.attrs["precision"] == {"auto": "fp32", "bf16": "bf16"}[setting]
