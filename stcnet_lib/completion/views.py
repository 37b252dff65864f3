"""Frames as a task needs them: moved onto its frame, in its size, without what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from stcnet_lib import REGIONS
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.alignment import Match, matches, shifted
from stcnet_lib.completion.task import FillTask


def aligned(tasks: Sequence[FillTask], images: dict[int, np.ndarray], flags: np.ndarray) -> list[FillTask]:
    """The tasks of one tracklet, with how the frames that they restore from have to be moved.

    Args:
        images: the frames that the tasks need; flags: (T, K).
    """
    found: dict[int, dict[int, Match]] = {}  # by frame: tasks of one frame share most of the others
    result = []
    for task in tasks:
        known = found.setdefault(task.frame, {})
        others = sorted({*task.references, *task.shown} - {task.frame})
        if new := [t for t in others if t not in known]:
            pictures = [images[t] for t in new]
            known.update(
                zip(new, matches(images[task.frame], flags[task.frame], pictures, flags[new]), strict=True)
            )
        moved = tuple((t, known[t]) for t in others if known[t].down or known[t].right)
        result.append(replace(task, moved=moved))
    return result


def views(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> dict[int, np.ndarray]:
    """The images as the task needs them: frames to be moved have its frame's size, and are moved.

    Hidden thirds of these show the nearest visible row first, so that none of them moves into another third.
    """
    if not task.moved:
        return images
    size = images[task.frame].shape[:2]
    return images | {
        t: shifted(without_hidden(fitted(images[t], *size), flags[t]), match.down, match.right)
        for t, match in task.moved
    }


def fitted(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A frame in the size of another one, third by third, so that no third takes pixels of the next.

    uint8 (h, w, 3) -> (height, width, 3).
    """
    if image.shape[:2] == (height, width):
        return image
    return np.concatenate([_fitted_region(image, region, height, width) for region in range(len(REGIONS))])


def _fitted_region(image: np.ndarray, region: int, height: int, width: int) -> np.ndarray:
    """One third of a frame as it is in a frame of another size: uint8 (h, w, 3) -> (rows, width, 3)."""
    start, end = region_rows(len(image))[region : region + 2]
    first, last = region_rows(height)[region : region + 2]
    if first == last:  # frames of one or two rows lack a third
        return np.empty((0, width, 3), np.uint8)
    part = Image.fromarray(image[start : max(end, start + 1)])
    return np.asarray(part.resize((width, last - first), Image.Resampling.BICUBIC))


def without_hidden(image: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """A copy in which flagged thirds show the nearest visible row, so that none of their colours is used.

    uint8 (H, W, 3), bool (K,) -> (H, W, 3); a frame with all thirds flagged stays as it is.
    """
    bounds = region_rows(len(image))
    visible = np.repeat(~flags, np.diff(bounds))
    if visible.all() or not visible.any():
        return image.copy()
    rows, shown = np.arange(len(image)), np.flatnonzero(visible)
    nearest = shown[np.abs(rows[:, None] - shown).argmin(axis=1)]
    return image[nearest]
