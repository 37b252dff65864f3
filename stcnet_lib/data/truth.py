"""What counts as hidden: the definition the benchmark is made and measured with."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.tracklets import TrackletStore

HIDDEN_SHARE = 0.3  # of the person's pixels in a third; above it the third counts as hidden


def covered_share(occluder: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Which share of the person's pixels the occluder covers: two masks (T, H, W) -> (T, K) float64.

    Nothing of a third without person pixels is covered.
    """
    if occluder.shape != person.shape:
        raise ValueError(f"masks: got shapes {occluder.shape} and {person.shape}, wanted the same")
    starts = region_rows(person.shape[1])[:-1]

    def count(mask: np.ndarray) -> np.ndarray:
        return np.add.reduceat(mask.sum(axis=2), starts, axis=1)

    return count(occluder & person) / np.maximum(count(person), 1)


def hidden_thirds(occluder: np.ndarray, person: np.ndarray, share: float = HIDDEN_SHARE) -> np.ndarray:
    """Which thirds count as hidden: two masks (T, H, W) -> bool (T, K)."""
    return covered_share(occluder, person) > share


class TruthMasks:
    """The pixels that occluders cover, of a `truth.h5`."""

    def __init__(self, truth: TrackletStore) -> None:
        self._truth = truth

    def read(self, frames: range) -> list[np.ndarray]:
        """bool (H, W) of consecutive frames."""
        runs = self._truth.truth_runs(frames)
        return [mask for run in runs for mask in self._truth.read_truth(run)[0]]


def hidden_pixels_known(truth: TrackletStore, frames: range, occluder: np.ndarray) -> np.ndarray:
    """Pixels of which is known whether they are hidden: bool (n, H, W), as the occluders of the frames.

    All but those of doubtful thirds, on which nothing was planted but which something real may hide.
    """
    rows = np.diff(region_rows(occluder.shape[1]))
    doubtful = np.repeat(truth.doubtful[frames.start : frames.stop], rows, axis=1)[:, :, None]
    return occluder | ~doubtful


def hidden_table(truth: TrackletStore, share: float, chunk: int = 512) -> np.ndarray:
    """`hidden_thirds` of a whole `truth.h5` -> (F, K) bool, with the masks of `chunk` frames in memory."""
    runs = truth.truth_runs(range(truth.num_frames), chunk)
    return np.concatenate([hidden_thirds(*truth.read_truth(part), share) for part in runs])
