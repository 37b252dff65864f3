"""The control that every completion must beat: no network at all."""

from __future__ import annotations

import numpy as np

from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.views import fitted, without_hidden


def copy_nearest(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """The same third of the nearest frame in which it is visible: no network at all."""
    if not task.references:
        return None
    closer = min(task.references, key=lambda t: abs(t - task.frame))  # the earlier one of two
    picture = fitted(images[closer], *images[task.frame].shape[:2])
    return Filling(picture, "copy", without_hidden(picture, flags[closer]))


def filler(*_: object) -> Filler:
    """Without settings of its own."""
    return OneByOne(copy_nearest)
