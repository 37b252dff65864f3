"""What counts as hidden: the definition the benchmark is made and measured with."""

from __future__ import annotations

import numpy as np

from stcnet_lib import REGIONS

HIDDEN_SHARE = 0.3  # of the person's pixels in a third; above it the third counts as hidden


def third_rows(height: int) -> tuple[int, ...]:
    """Bounds of the thirds in rows, as `models.regions.region_rows`, which walkers may not import."""
    count = len(REGIONS)
    return tuple((2 * k * height + count) // (2 * count) for k in range(count + 1))


def covered_share(occluder: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Which share of the person's pixels the occluder covers: two masks (T, H, W) -> (T, K) float64.

    Nothing of a third without person pixels is covered.
    """
    starts = third_rows(person.shape[1])[:-1]

    def count(mask: np.ndarray) -> np.ndarray:
        return np.add.reduceat(mask.sum(axis=2), starts, axis=1)

    return count(occluder & person) / np.maximum(count(person), 1)


def hidden_thirds(occluder: np.ndarray, person: np.ndarray, share: float = HIDDEN_SHARE) -> np.ndarray:
    """Which thirds count as hidden: two masks (T, H, W) -> bool (T, K)."""
    return covered_share(occluder, person) > share
