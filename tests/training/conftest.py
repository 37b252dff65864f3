"""Settings and inputs small enough to train in seconds."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.config import ReIDConfig, StcnetConfig
from stcnet_lib.data.store.tracklets import TrackletStore

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
    frame, region = np.nonzero(np.ones_like(flags))
    table = pd.DataFrame({"frame": frame, "region": region, "occluded": flags[frame, region]})
    table.to_parquet(tmp_path / "occlusion.parquet")
    return tmp_path / "occlusion.parquet"
