"""Sprites: the canvas occluders are drawn on, and what all of them share.

Positions are body units of the person behind (`shapes`): about y = 0.33 and 0.67 part the thirds, y = 1 is
the ground under the person. Occluders stand nearer to the camera, so they reach below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.garments import Light
from stcnet_lib.walkers.shapes import Colour, Grid, Layer, Patch

BELOW = 0.12  # how far sprites reach below the ground line, body units
LOOP = 16  # pictures of a gait or pedalling cycle

METAL: Colour = (0.45, 0.46, 0.47)
DARK: Colour = (0.2, 0.2, 0.22)
PAINTS: tuple[Colour, ...] = (
    (0.34, 0.42, 0.5),
    (0.5, 0.3, 0.28),
    (0.36, 0.42, 0.36),
    (0.62, 0.6, 0.56),
    (0.3, 0.31, 0.34),
    (0.6, 0.52, 0.36),
)


@dataclass(frozen=True)
class Sprite:
    """A drawn occluder: one picture, or S pictures of a loop if it moves its limbs.

    Row `origin` is where the head's top of the person lies; the middle column is its position.
    """

    kind: str
    rgb: np.ndarray  # (3, S, h, w) premultiplied
    alpha: np.ndarray  # (S, h, w)
    origin: float
    moves: bool  # passes by itself; otherwise it stands, and the walker passes it


@dataclass(frozen=True)
class Setting:
    """What an occluder needs to know of the tracklet it appears in."""

    scale: float  # pixels in a body unit
    heading: int  # +1: the occluder passes through the crop to the right
    band: str  # the thirds it is meant to hide
    camera: Camera


def canvas(setting: Setting, half_width: float, top: float, frames: int = 1) -> tuple[Layer, float]:
    """An empty layer around x = 0 that reaches from y = `top` to below the ground."""
    height = round((1 + BELOW - top) * setting.scale)
    width = 2 * round((half_width + 0.03) * setting.scale) + 1
    full = np.full(frames, 1.0)
    grid = Grid.of_boxes(height, width, setting.scale * full, width / 2 * full, -top * setting.scale * full)
    return Layer(grid), top


def pick(rng: np.random.Generator, choices):
    return choices[int(rng.integers(len(choices)))]


def upper_edge(rng: np.random.Generator, band: str) -> float:
    """Height of something that stands on the ground and hides this band."""
    return rng.uniform(0.6, 0.68) if band == "lower" else rng.uniform(0.38, 0.48)


def solid(layer: Layer, patch: Patch | None, colour: Colour, light: Light, brightness: float = 1.0) -> None:
    """A box-like thing: lit from above, hardly round."""
    if patch is not None:
        layer.paint(
            patch, colour, brightness * (1.07 - 0.16 * patch.along + 0.07 * light.side * patch.across)
        )
