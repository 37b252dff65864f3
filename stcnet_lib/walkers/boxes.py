"""The boxes a detector would cut out: they follow the person, tremble and breathe.

Poor detectors' boxes also drift off, jump for a few frames, and miss the head or the feet. All of this keeps
the shape of the box: what is cut off makes the rest larger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stcnet_lib.config import WalkersConfig
from stcnet_lib.walkers.motion import habit, side


@dataclass(frozen=True)
class Boxes:
    """Where the person stands in the crop of every frame, in pixels, (T,) each."""

    scale: np.ndarray  # height of the person
    left: np.ndarray  # column of the body's axis
    top: np.ndarray  # row of the top of the head
    zoom: np.ndarray  # by what factor the box is smaller than the usual one: all of the picture is larger
    moved: np.ndarray  # bool: the box is another one than a good detector's

    @property
    def usual_scale(self) -> float:
        """Mean height of the person in usual boxes."""
        return float((self.scale / self.zoom).mean())

    @property
    def usual_frame(self) -> int:
        """The frame with the most usual size of a box; of equals the one next to the middle."""
        order = sorted(range(len(self.zoom)), key=lambda frame: abs(frame - len(self.zoom) // 2))
        return min(order, key=lambda frame: abs(self.zoom[frame] - 1))

    def zoomed(self, zoom: np.ndarray, column: float, row: float) -> Boxes:
        """Boxes smaller by a factor (T,); what lies at `column` and `row` stays there."""
        if (zoom == 1).all():
            return self  # the same bits
        return Boxes(
            scale=self.scale * zoom,
            left=column + (self.left - column) * zoom,
            top=row + (self.top - row) * zoom,
            zoom=self.zoom * zoom,
            moved=self.moved | (zoom != 1),
        )

    def shifted(self, right: np.ndarray, down: np.ndarray) -> Boxes:
        """The person moved within the crop by pixels (T,)."""
        if not (right.any() or down.any()):
            return self
        moved = self.moved | (right != 0) | (down != 0)
        return replace(self, left=self.left + right, top=self.top + down, moved=moved)


def detector_boxes(rng: np.random.Generator, frames: int, height: int, width: int) -> Boxes:
    """The person fills some 85 to 92 % of the crop's height; neither head nor feet are ever cut."""
    time = np.arange(frames)
    drift = 0.012 * np.sin(2 * np.pi * (time * rng.uniform(0.01, 0.04) + rng.random()))
    fill = np.clip(rng.uniform(0.875, 0.925) + drift + rng.normal(0, 0.003, frames), 0.86, 0.935)
    scale = fill * height
    space = height - scale
    share = np.clip(rng.normal(0.5, 0.1) + _tremble(rng, frames, 0.08), 0.3, 0.7)
    middle = 0.5 + rng.normal(0, 0.015) + _tremble(rng, frames, 0.012)
    left, top = middle * width, space * share
    return Boxes(scale, left, top, zoom=np.ones(frames), moved=np.zeros(frames, bool))


def disturb(boxes: Boxes, config: WalkersConfig, key: tuple[int, int, int], looseness: np.ndarray) -> Boxes:
    """The boxes of a poorer detector, as the settings say.

    Args:
        key: identity, camera, number of the tracklet.
        looseness: (T,) factor by which the person is smaller, about the middle of the crop.
    """
    middle = (config.width / 2, config.height / 2)
    boxes = boxes.zoomed(looseness, *middle)
    boxes = _drift(boxes, config, habit(config, 14, key))
    boxes = _jump(boxes, config, habit(config, 15, key))
    return _cut(boxes, config, habit(config, 16, key))


def _drift(boxes: Boxes, config: WalkersConfig, rng: np.random.Generator) -> Boxes:
    """Slow waves, as long as the tracklet or longer; at their crest up to `box_drift` of the crop."""
    frames = len(boxes.scale)
    time = np.arange(frames) / max(frames, 16)
    offsets = []
    for size in (config.width, config.height):
        most = config.box_drift * size * rng.uniform(0.3, 1)
        offsets.append(most * np.sin(2 * np.pi * (time * rng.uniform(0.4, 1) + rng.random())))
    return boxes.shifted(*offsets)


def _jump(boxes: Boxes, config: WalkersConfig, rng: np.random.Generator) -> Boxes:
    """One or two jumps of two to five frames."""
    if rng.random() >= config.box_jumps:
        return boxes
    frames, most = len(boxes.scale), config.jump_size
    zoom, right, down = np.ones(frames), np.zeros(frames), np.zeros(frames)
    for _ in range(int(rng.integers(1, 3))):
        length = int(rng.integers(2, 6))
        first = int(rng.integers(0, max(1, frames - length + 1)))
        run = slice(first, first + length)
        zoom[run] = 1 + most * rng.uniform(0.5, 1) * side(rng)
        right[run] = config.width * most * rng.uniform(-1, 1)
        down[run] = config.height * most * rng.uniform(-1, 1) / 2  # boxes are taller than wide
    return boxes.zoomed(zoom, config.width / 2, config.height / 2).shifted(right, down)


def _cut(boxes: Boxes, config: WalkersConfig, rng: np.random.Generator) -> Boxes:
    """For a fifth to a half of the frames the box ends above the feet, or begins within the head."""
    if rng.random() >= config.cut_off:
        return boxes
    frames = len(boxes.scale)
    length = max(1, round(rng.uniform(0.2, 0.5) * frames))
    first = int(rng.integers(0, frames - length + 1))
    run = slice(first, first + length)
    lost = rng.uniform(*config.cut_share) * boxes.scale[run]
    feet = rng.random() < 0.7  # the ground hides feet more often than anything hides heads
    kept = boxes.top[run] + boxes.scale[run] - lost if feet else config.height - boxes.top[run] - lost
    zoom = np.ones(frames)
    zoom[run] = np.maximum(1, config.height / kept)  # the box keeps its other edge
    return boxes.zoomed(zoom, config.width / 2, 0.0 if feet else float(config.height))


def _tremble(rng: np.random.Generator, frames: int, size: float) -> np.ndarray:
    """(T,) noise in which half of a frame's error survives into the next."""
    noise, error = np.empty(frames), 0.0
    for frame, fresh in enumerate(rng.normal(0, size, frames)):
        error = 0.5 * error + 0.87 * fresh
        noise[frame] = error
    return noise
