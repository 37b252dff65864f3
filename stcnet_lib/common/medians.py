"""The median of several frames of what each of them shows."""

from __future__ import annotations

import numpy as np


def visible_median(others: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Of every channel; of an even number the mean of the two middle ones, rounded to the nearest even one.

    uint8 (S, ..., 3) and bool (S, ...) -> uint8 (..., 3); 0 where no frame shows the place.
    """
    count = (~hidden).sum(axis=0)  # (...)
    ordered = np.sort(np.where(hidden[..., None], 255, others), axis=0)  # hidden ones come last
    last = np.maximum(count - 1, 0)
    lower, upper = (
        np.take_along_axis(ordered, place[None, ..., None], axis=0)[0].astype(np.float32)
        for place in (last // 2, np.minimum(count // 2, last))
    )
    median = np.round((lower + upper) / 2).astype(np.uint8)
    return np.where((count > 0)[..., None], median, 0).astype(np.uint8)
