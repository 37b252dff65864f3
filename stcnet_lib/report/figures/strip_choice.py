"""Which restored frames the strips show: drawn at random, or the best or worst of them.

With clean twins a frame's error is the mean absolute difference of the restored and the clean picture
inside the restored bands, in grey levels (0 to 255). Without them the same measure against the picture
before stands in: it says how much was changed, not how well.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.tracklets import TrackletStore

Choice = Literal["random", "best", "worst"]


def band_rows(height: int, region: int) -> slice:
    """The rows of a region in a frame of `height` pixels."""
    return slice(*region_rows(height)[region : region + 2])


def restored_frames(regions: pd.DataFrame) -> pd.DataFrame:
    """One row a frame in which some region was replaced: tracklet, frame, ascending."""
    changed = regions.loc[regions["method"] != "left", ["tracklet", "frame"]]
    return changed.drop_duplicates().sort_values("frame", ignore_index=True)


def add_errors(
    frames: pd.DataFrame, regions: pd.DataFrame, completed: TrackletStore, wanted: TrackletStore
) -> pd.DataFrame:
    """`frames` with `error`: how far `completed` is from `wanted` inside the frame's restored bands."""
    changed = regions[(regions["method"] != "left") & regions["frame"].isin(frames["frame"])]
    changed = changed.groupby("frame")["region"].apply(list)
    errors = [
        hole_error(completed.read_image(frame), wanted.read_image(frame), changed[frame])
        for frame in frames["frame"].tolist()
    ]
    return frames.assign(error=np.array(errors, np.float64))


def hole_error(restored: np.ndarray, wanted: np.ndarray, regions: list[int]) -> float:
    """Mean absolute difference over the pixels of the regions, 0 to 255: uint8 (H, W, 3) both."""
    if restored.shape != wanted.shape:
        raise ValueError(f"frames: got sizes {restored.shape[:2]} and {wanted.shape[:2]}, wanted the same")
    inside = np.zeros(restored.shape[0], bool)  # (H,)
    for region in regions:
        inside[band_rows(restored.shape[0], region)] = True
    return float(np.abs(restored[inside].astype(np.float64) - wanted[inside]).mean())


def draw_candidates(frames: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """At most `most` rows, drawn with the seed, in their old order: errors of millions would take hours."""
    if len(frames) <= most:
        return frames
    kept = np.random.default_rng([seed, 1]).choice(len(frames), most, replace=False)
    return frames.iloc[np.sort(kept)].reset_index(drop=True)


def choose(frames: pd.DataFrame, choice: Choice, count: int, seed: int) -> pd.DataFrame:
    """At most `count` rows, each of another tracklet: random ones, or those of the least or largest `error`.

    Random ones are drawn tracklet first, then frame, so that a long tracklet is no likelier than a short one,
    and come in the order of the store; best and worst begin with the most extreme.
    """
    if choice == "random":
        rng = np.random.default_rng([seed, 0])
        tracklets = np.unique(frames["tracklet"])
        drawn = np.sort(rng.permutation(tracklets)[:count])
        rows = [int(rng.choice(np.flatnonzero(frames["tracklet"] == tracklet))) for tracklet in drawn]
        return frames.iloc[rows].reset_index(drop=True)
    if choice not in ("best", "worst"):
        raise ValueError(f"--choice: got '{choice}', wanted random, best or worst")
    order = frames.sort_values("error", ascending=choice == "best", kind="stable")
    return order.drop_duplicates("tracklet").head(count).reset_index(drop=True)
