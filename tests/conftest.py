"""What several test files use."""

from __future__ import annotations

import os
from pathlib import Path

# Before torch is loaded, here and in the processes that tests start: see workflow/plan/resources.py.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pytest
import torch
from runs import OTSU, TinyRun, write_crops
from stores import flag_file, write_store

from stcnet_lib.config import CompletionConfig, DatasetConfig, ReIDConfig, StcnetConfig
from stcnet_lib.data.store.tracklets import TrackletStore

# Small enough to train in seconds.
REID = {
    "backbone": "resnet18",
    "stem_channels": 8,
    "pretrained": "none",
    "non_local": True,
    "height": 32,
    "width": 16,
    "clip_length": 2,
    "clip_stride": 1,
    "batch": 4,
    "epochs": 20,
    "lr": 1e-3,
    "colour_jitter": 0.2,
    "precision": "fp32",
}
STCNET = {
    "height": 32,
    "width": 16,
    "encoder": "space_to_depth",
    "channels": 4,
    "dilations": (1,),
    "attention_scale": 10,
    "discriminator_channels": 4,
    "references": "region",
    "batch": 4,
    "iterations": 24,
    "precision": "fp32",
}


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Four people, two cameras, six frames of 32×16."""
    return write_store(tmp_path / "tracklets.h5")


@pytest.fixture(autouse=True)
def _one_thread():
    """On tiny tensors several threads only wait for each other, and on a busy machine for long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def reid_config() -> ReIDConfig:
    return ReIDConfig(**REID)


@pytest.fixture
def guider_config() -> ReIDConfig:
    return ReIDConfig(**REID | {"non_local": False})


@pytest.fixture
def stcnet_config() -> StcnetConfig:
    return StcnetConfig(**STCNET)


@pytest.fixture
def scores_path(store_path, tmp_path):
    """Scores under which a few regions of the small store are flagged."""
    flags = np.random.default_rng(0).random((TrackletStore(store_path).num_frames, 3)) < 0.2
    return flag_file(tmp_path / "occlusion.parquet", store_path, flags)


@pytest.fixture(scope="session")
def tiny_crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 tracklets of 8 frames, `<tracklet>/*.png`, with occluders."""
    return write_crops(tmp_path_factory.mktemp("source") / "crops")


@pytest.fixture(scope="session")
def tiny_run(tiny_crops: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """A finished run on these crops, with cosine scores and two completions."""
    dataset = DatasetConfig(name="tiny", layout="crops", root=str(tiny_crops))
    run = TinyRun(tmp_path_factory.mktemp("tiny"), dataset, OTSU).train()
    run.complete("stcnet", CompletionConfig(method="stcnet", seam="blend"))
    run.complete("copy", CompletionConfig(method="copy"))
    return run
