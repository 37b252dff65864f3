"""The one form of `occlusion.parquet` in memory: flags and scores of a store, by frame and region."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stcnet_lib import REGIONS


def flag_table(scores: pd.DataFrame, num_frames: int) -> np.ndarray:
    """The flags of `occlusion.parquet` as (F, K) booleans, by frame of the store.

    Raises:
        ValueError: if the scores are of a store with other frames.
    """
    last = int(scores["frame"].max()) if len(scores) else num_frames - 1
    if last >= num_frames:
        raise ValueError(
            f"occlusion scores: got frame {last} of a store with {num_frames} frames, "
            "wanted the scores of this store"
        )
    flags = np.zeros((num_frames, len(REGIONS)), bool)
    flags[scores["frame"].to_numpy(), scores["region"].to_numpy()] = scores["occluded"].to_numpy()
    return flags


def score_table(scores: pd.DataFrame, num_frames: int) -> np.ndarray:
    """float32 (F, K): the scores of `occlusion.parquet`, NaN where there is none."""
    table = np.full((num_frames, len(REGIONS)), np.nan, np.float32)
    table[scores["frame"], scores["region"]] = scores["score"]
    return table
