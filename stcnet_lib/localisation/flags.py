"""`occlusion.parquet`, scores and flags of a store: the file, and its form by frame and region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib import REGIONS
from stcnet_lib.common.forms import Form, FormError, read_table, write_table
from stcnet_lib.data.store.tracklets import TrackletStore

FLAGS = Form("stcnet-flags", 1)


def write_flags(path: str | Path, table: pd.DataFrame, store: TrackletStore) -> None:
    """Write one row a frame and region: `tracklet`, `frame`, `number`, `region`, `score`, `occluded`."""
    write_table(path, table, FLAGS, store.digest)


def read_flags(path: str | Path, store: TrackletStore) -> pd.DataFrame:
    """What `write_flags` wrote of this store.

    Raises:
        FormError: a file of another form, or of another store.
    """
    table = read_table(path, FLAGS, store.digest)
    if len(table) != store.num_frames * len(REGIONS):
        raise FormError(
            f"{path}: got {len(table)} rows, wanted {len(REGIONS)} for each of {store.num_frames} frames"
        )
    return table


def flag_table(scores: pd.DataFrame, num_frames: int) -> np.ndarray:
    """bool (F, K): the flags of `occlusion.parquet`, by frame of the store."""
    flags = np.zeros((num_frames, len(REGIONS)), bool)
    flags[scores["frame"].to_numpy(), scores["region"].to_numpy()] = scores["occluded"].to_numpy()
    return flags


def score_table(scores: pd.DataFrame, num_frames: int) -> np.ndarray:
    """float32 (F, K): the scores of `occlusion.parquet`, NaN where there is none."""
    table = np.full((num_frames, len(REGIONS)), np.nan, np.float32)
    table[scores["frame"], scores["region"]] = scores["score"]
    return table
