"""Every hidden pixel from the nearest frame in which it is visible: the control that needs no network."""

from __future__ import annotations

import numpy as np

from stcnet_lib.completion.pixels.holes import Hole, PixelFiller, PixelFilling


class NearestPixels:
    """A `PixelFiller`."""

    def fill(self, hole: Hole) -> PixelFilling | None:
        shown = hole.shown
        if not shown.any():
            return None
        first = hole.others_hidden.argmin(axis=0)  # (H, W): the nearest comes first
        picture = np.take_along_axis(hole.others, first[None, ..., None], axis=0)[0]
        return PixelFilling(picture, shown, "copy")


def filler(*_: object) -> PixelFiller:
    """Without settings of its own."""
    return NearestPixels()
