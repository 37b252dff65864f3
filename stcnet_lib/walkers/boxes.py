"""The boxes a detector would cut out: they follow the person, tremble and breathe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Boxes:
    """Where the person stands in the crop of every frame, in pixels, (T,) each."""

    scale: np.ndarray  # height of the person
    left: np.ndarray  # column of the body's axis
    top: np.ndarray  # row of the top of the head


def detector_boxes(rng: np.random.Generator, frames: int, height: int, width: int) -> Boxes:
    """The person fills some 85 to 92 % of the crop's height; neither head nor feet are ever cut."""
    time = np.arange(frames)
    drift = 0.012 * np.sin(2 * np.pi * (time * rng.uniform(0.01, 0.04) + rng.random()))
    fill = np.clip(rng.uniform(0.875, 0.925) + drift + rng.normal(0, 0.003, frames), 0.86, 0.935)
    scale = fill * height
    space = height - scale
    share = np.clip(rng.normal(0.5, 0.1) + _tremble(rng, frames, 0.08), 0.3, 0.7)
    middle = 0.5 + rng.normal(0, 0.015) + _tremble(rng, frames, 0.012)
    return Boxes(scale=scale, left=middle * width, top=space * share)


def _tremble(rng: np.random.Generator, frames: int, size: float) -> np.ndarray:
    """(T,) noise in which half of a frame's error survives into the next."""
    noise, error = np.empty(frames), 0.0
    for frame, fresh in enumerate(rng.normal(0, size, frames)):
        error = 0.5 * error + 0.87 * fresh
        noise[frame] = error
    return noise
