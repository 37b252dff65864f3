"""Stage `measure_localisation`, where masks are of pixels: are those found that occluders cover?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import hidden_pixels_known
from stcnet_lib.localisation.mask_files import Masks

AREAS = ("person", "frame")  # pixels of the clean person, and all of them
_LEVELS = 256  # of a chance
_FRAMES = 256  # in memory at a time


@dataclass
class _Count:
    """Pixels of one area and group of frames."""

    hidden: np.ndarray = field(default_factory=lambda: np.zeros(_LEVELS, np.int64))  # by chance
    visible: np.ndarray = field(default_factory=lambda: np.zeros(_LEVELS, np.int64))
    found: int = 0  # hidden ones inside the masks
    masked: int = 0

    def add(self, level: np.ndarray, hidden: np.ndarray, mask: np.ndarray) -> None:
        """Pixels (n,): their chance as a level, whether they are hidden, and whether masks say so."""
        self.hidden += np.bincount(level[hidden], minlength=_LEVELS)
        self.visible += np.bincount(level[~hidden], minlength=_LEVELS)
        self.found += int((hidden & mask).sum())
        self.masked += int(mask.sum())

    def values(self) -> dict[str, float | int | None]:
        """None where a value is undefined."""
        hidden, visible = int(self.hidden.sum()), int(self.visible.sum())
        return {
            "pixels": hidden + visible,
            "hidden": hidden,
            "average_precision": _average_precision(self.hidden, self.visible) if hidden else None,
            "iou": self.found / (self.masked + hidden - self.found) if hidden else None,
            "precision": self.found / self.masked if self.masked else None,
            "recall": self.found / hidden if hidden else None,
            "false_share": (self.masked - self.found) / visible if visible else None,
        }


def measure_masks(
    masks: Masks, truth: TrackletStore, frames: np.ndarray, kinds: np.ndarray | None = None
) -> dict[str, Any]:
    """How well masks find the pixels that occluders cover.

    Args:
        frames: (n,) numbers of the frames to measure.
        kinds: (F,) texts, what hides the person in every frame of the store (`occluder_kinds`).

    Returns:
        For each of `AREAS` its `pixels`, how many of them are `hidden`, `average_precision`
        of the chances, and
        of the masks `iou`, `precision`, `recall` and `false_share`, of the visible pixels; `by_kind` likewise
        of the person.
    """
    chosen = np.zeros(truth.num_frames, bool)
    chosen[frames] = True
    areas = {area: _Count() for area in AREAS}
    by_kind: dict[str, _Count] = {}
    for run in truth.truth_runs(range(truth.num_frames), _FRAMES):
        if not chosen[run.start : run.stop].any():
            continue
        occluder, person = truth.read_truth(run)
        levels = _levels(masks.chances(run), occluder.shape[1:])
        found, known = masks.read(run), hidden_pixels_known(truth, run, occluder)
        for place in np.flatnonzero(chosen[run.start : run.stop]):
            for area, inside in (("person", person[place] & known[place]), ("frame", known[place])):
                pixels = levels[place][inside], occluder[place][inside], found[place][inside]
                areas[area].add(*pixels)
                if kinds is not None and area == "person":
                    by_kind.setdefault(str(kinds[run.start + place]), _Count()).add(*pixels)
    result: dict[str, Any] = {area: count.values() for area, count in areas.items()}
    return result | {"by_kind": {kind: by_kind[kind].values() for kind in sorted(by_kind)}}


def _levels(chances: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Chances (n, h, w) at the size of the frames: uint8 (n, H, W)."""
    large = functional.interpolate(
        torch.from_numpy(chances)[:, None], size, mode="bilinear", align_corners=False
    )
    return (large[:, 0] * (_LEVELS - 1)).round().to(torch.uint8).numpy()


def _average_precision(hidden: np.ndarray, visible: np.ndarray) -> float:
    """Of pixels counted by level (L,): precision times the recall gained, from the highest level down."""
    hits, seen = np.cumsum(hidden[::-1]), np.cumsum((hidden + visible)[::-1])
    return float((hidden[::-1] * hits / np.maximum(seen, 1)).sum() / hits[-1])
