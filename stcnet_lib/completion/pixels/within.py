"""Hidden pixels within flagged thirds: filled as pixels are, and recorded and judged as thirds are.

Where scores say when a third is hidden and mask networks say where, what is visible of a flagged third stays.
So a filler of pixels becomes a filler of thirds whose filling differs from the frame in hidden pixels alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.alignment import Match
from stcnet_lib.completion.pixels.holes import PixelFiller, hole_of
from stcnet_lib.completion.task import Filling, FillTask


class PixelsWithin:
    """A filler of pixels, of whatever tracklet."""

    def __init__(self, filler: PixelFiller) -> None:
        self._filler = filler

    def of(self, masks: Sequence[np.ndarray]) -> _PixelsOfTracklet:
        """The `Filler` of one tracklet, of whose frames masks bool (H, W) are hidden."""
        return _PixelsOfTracklet(self._filler, masks)


class _PixelsOfTracklet:
    """A `Filler`."""

    def __init__(self, filler: PixelFiller, masks: Sequence[np.ndarray]) -> None:
        self._filler, self._masks = filler, masks

    def fill(
        self, tasks: Sequence[FillTask], images: dict[int, np.ndarray], flags: np.ndarray
    ) -> list[Filling | None]:
        return [self._filled(task, images) for task in tasks]

    def _filled(self, task: FillTask, images: dict[int, np.ndarray]) -> Filling | None:
        """None where nothing in the third is hidden, or no frame shows what is."""
        hidden = self._masks[task.frame] & _rows(self._masks[task.frame], task.regions)
        if task.leave or not hidden.any() or not task.shown:
            return None
        numbers = np.array(sorted(task.shown, key=lambda t: (abs(t - task.frame), t)))
        moved = dict(task.moved)
        moves = [(match.down, match.right) for match in (moved.get(int(t), Match()) for t in numbers)]
        hole = hole_of(
            task.frame,
            images[task.frame],
            hidden,
            numbers,
            moves,
            [images[int(t)] for t in numbers],
            [self._masks[t] for t in numbers],
        )
        filling = self._filler.fill(hole)
        if filling is None:
            return None
        picture = hole.picture.copy()
        picture[filling.filled] = filling.picture[filling.filled]
        return Filling(picture, filling.method)


def _rows(mask: np.ndarray, regions: Sequence[int]) -> np.ndarray:
    """bool (H, 1): the rows of some thirds of a mask (H, W)."""
    bounds, rows = region_rows(len(mask)), np.zeros((len(mask), 1), bool)
    for region in regions:
        rows[bounds[region] : bounds[region + 1]] = True
    return rows
