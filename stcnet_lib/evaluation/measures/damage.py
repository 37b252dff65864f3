"""What a completion spoils: visible pixels that it replaced because their region was flagged.

Measures of the hole do not see them, and a completion that replaces everything looks as good there as one
that replaces what is hidden.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.tracklets import TrackletStore

_BATCH = 512  # frames whose masks are in memory at a time
LEFT = "left"  # the method of regions that were flagged and stayed as they were


def replaced_flags(regions: pd.DataFrame, frames: int, count: int = 3) -> np.ndarray:
    """(F, K) regions that were replaced, by `regions.parquet`; flagged ones that were left are none."""
    flags = np.zeros((frames, count), dtype=bool)
    done = regions[regions["method"] != LEFT] if "method" in regions else regions
    flags[done["frame"].to_numpy(np.int64), done["region"].to_numpy(np.int64)] = True
    return flags


def rows_of(flags: np.ndarray, height: int, width: int) -> np.ndarray:
    """Flags (n, K) as pixels, (n, H, W)."""
    rows = np.repeat(flags, np.diff(region_rows(height)), axis=1)  # (n, H)
    return np.repeat(rows[:, :, None], width, axis=2)


def changed_pixels(source: TrackletStore, completed: TrackletStore, frames: range) -> np.ndarray:
    """Where a completion shows other colours than its source: bool (n, H, W) of frames of one size."""
    return np.stack(
        [(source.read_image(frame) != completed.read_image(frame)).any(axis=2) for frame in frames]
    )


def count_replaced(
    truth: TrackletStore,
    source: TrackletStore,
    completed: TrackletStore,
    regions: pd.DataFrame,
    background: bool = False,
    doubtful: bool = True,
) -> pd.DataFrame:
    """Pixels that no occluder covers, and those of them that were replaced by another colour.

    Args:
        source, completed: the store as it was, and the completion.
        regions: `regions.parquet` of the completion.
        background: whether pixels beside the person count too; whose outline is known of walkers alone.
        doubtful: whether pixels count of thirds of which nobody knows whether something real hides them.

    Returns:
        One row a frame of the store, in order: `visible`, `replaced`, and `changed`, which is `visible` where
        a region of the frame was replaced and 0 elsewhere.
    """
    flags = replaced_flags(regions, truth.num_frames)
    counts = []
    for frames in truth.truth_runs(range(truth.num_frames), _BATCH):
        occluder, person = truth.read_truth(frames)
        own, size = slice(frames.start, frames.stop), person.shape[1:]
        visible = ~occluder if background else person & ~occluder
        if not doubtful:
            visible &= ~rows_of(truth.doubtful[own], *size)
        replaced = visible & rows_of(flags[own], *size)
        for place in np.flatnonzero(replaced.any(axis=(1, 2))):
            frame = frames.start + int(place)
            replaced[place] &= changed_pixels(source, completed, range(frame, frame + 1))[0]
        counts.append(np.stack([mask.sum(axis=(1, 2)) for mask in (visible, replaced)], axis=1))
    table = pd.DataFrame(np.concatenate(counts), columns=["visible", "replaced"])
    return table.assign(changed=table["visible"].where(flags.any(axis=1), 0))
