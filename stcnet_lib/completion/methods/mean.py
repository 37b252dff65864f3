"""The least that a completion must beat."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.task import Filler, Filling, FillTask


def mean_colour(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """The mean colour of the region in the references: the least a completion must beat."""
    if not task.references:
        return None
    filled = images[task.frame].copy()
    for region in task.regions:
        colours = []
        for source in task.references:
            rows = region_rows(images[source].shape[0])
            colours.append(images[source][rows[region] : rows[region + 1]].mean((0, 1)))
        rows = region_rows(filled.shape[0])
        filled[rows[region] : rows[region + 1]] = np.mean(colours, 0).round().astype(np.uint8)
    return Filling(filled, "mean")


def filler(*_: object) -> Filler:
    """Without settings of its own."""
    return OneByOne(mean_colour)
