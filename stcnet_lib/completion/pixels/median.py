"""Every hidden pixel as the median of the frames in which it is visible."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.medians import visible_median
from stcnet_lib.completion.pixels.holes import Hole, PixelFiller, PixelFilling


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
