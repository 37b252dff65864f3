"""The temporal median of the visible frames: no network at all, and hard to beat by L1."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.seams import BEYOND
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.views import fitted, without_hidden


def median_of_shown(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """The median of each pixel and channel over the nearest frames that show the third: no network at all.

    It drops what is in the way in less than half of the frames, and blurs what moves. Of an even number of
    frames it is the mean of the two middle values, rounded to the nearest even number.
    """
    if not task.shown:
        return None
    height, width = images[task.frame].shape[:2]
    filled, around = images[task.frame].copy(), images[task.frame].copy()
    shown = np.stack([without_hidden(fitted(images[t], height, width), flags[t]) for t in task.shown])
    for region in task.regions:
        top, bottom = region_rows(height)[region : region + 2]
        rows = slice(max(top - BEYOND, 0), bottom + BEYOND)
        around[rows] = np.median(shown[:, rows], axis=0).round().astype(np.uint8)
        filled[top:bottom] = around[top:bottom]
    return Filling(filled, "median", around)


def filler(*_: object) -> Filler:
    """Without settings of its own."""
    return OneByOne(median_of_shown)
