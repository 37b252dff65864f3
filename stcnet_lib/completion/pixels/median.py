"""Every hidden pixel as the median of the frames in which it is visible."""

from __future__ import annotations

import numpy as np

from stcnet_lib.completion.pixels.holes import Hole, PixelFiller, PixelFilling


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


class MedianPixels:
    """A `PixelFiller`."""

    def fill(self, hole: Hole) -> PixelFilling | None:
        shown = hole.shown
        if not shown.any():
            return None
        picture = np.zeros_like(hole.picture)
        picture[shown] = visible_median(hole.others[:, shown], hole.others_hidden[:, shown])
        return PixelFilling(picture, shown, "median")


def filler(*_: object) -> PixelFiller:
    """Without settings of its own."""
    return MedianPixels()
