"""Propagation along optical flow: the third on the way from the frame before to the frame after."""

from __future__ import annotations

import numpy as np

from stcnet_lib.completion.flow import between
from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.views import fitted, without_hidden


def along_the_flow(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """Both references moved to where the person is in between; a single one as it is, which is a copy.

    The flow is of the references, since what hides the third hides how it moves.
    """
    if not task.references:
        return None
    size = images[task.frame].shape[:2]
    pictures = [without_hidden(fitted(images[t], *size), flags[t]) for t in task.references]
    picture = pictures[0]
    if len(pictures) == 2:
        before, after = task.references
        picture = between(*pictures, (task.frame - before) / (after - before))
    return Filling(picture, "flow", picture)


def filler(*_: object) -> Filler:
    """Without settings of its own."""
    return OneByOne(along_the_flow)
