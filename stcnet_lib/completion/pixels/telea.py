"""Hidden pixels inpainted from the visible ones of the same frame (Telea 2004)."""

from __future__ import annotations

from stcnet_lib.completion.pixels.holes import Hole, PixelFiller, PixelFilling
from stcnet_lib.completion.telea import inpainted


class TeleaPixels:
    """A `PixelFiller`."""

    def fill(self, hole: Hole) -> PixelFilling | None:
        if hole.hidden.all():
            return None
        return PixelFilling(inpainted(hole.picture, hole.hidden), hole.hidden, "telea")


def filler(*_: object) -> PixelFiller:
    """Without settings of its own."""
    return TeleaPixels()
