"""Inpainting from the frame itself (Telea 2004): a control that has neither other frames nor learned."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.telea import inpainted


def from_the_frame_itself(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """All flagged thirds of the frame, inpainted from the others; None where no third is visible."""
    picture = images[task.frame]
    hidden = np.repeat(flags[task.frame], np.diff(region_rows(len(picture))))[:, None]
    if hidden.all():
        return None
    return Filling(inpainted(picture, np.broadcast_to(hidden, picture.shape[:2])), "telea")


def filler(*_: object) -> Filler:
    """Without settings of its own."""
    return OneByOne(from_the_frame_itself)
