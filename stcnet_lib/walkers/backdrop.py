"""The part of a camera's panorama behind a walker: it slides, because the crop follows the person."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.scenery import FEET, panorama

PACE = 0.042  # crop heights a walker covers in one frame


def backdrop(
    camera: Camera,
    seed: int,
    number: int,
    yaw: np.ndarray,
    boxes: Boxes,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """Background (3, T, H, W) in [0, 1] with the person's shadow on the ground.

    Args:
        yaw: (T,) direction of walking, radians.
        size: height and width of the crop.
    """
    height, width = size
    image = panorama(camera.scene, seed, number, height)
    walked = np.concatenate([[0.0], np.cumsum(PACE * height * np.sin(yaw[1:]))])
    across = rng.uniform(0, image.shape[2]) + walked - (boxes.left - width / 2)
    depth = rng.uniform(-0.05, 0.05)  # how near to the camera this walk leads past
    down = (FEET + depth) * height - (boxes.top + boxes.scale)
    frames = np.empty((3, len(yaw), height, width), np.float32)
    for frame, (y, x) in enumerate(zip(down, across, strict=True)):
        frames[:, frame] = _window(image, y, x, height, width)
    _cast_shadow(frames, camera.light.side, boxes)
    return frames


def _window(image: np.ndarray, y: float, x: float, height: int, width: int) -> np.ndarray:
    """(3, H, W) cut out at a fractional position, wrapping around along the columns."""
    row, column = int(np.floor(y)), int(np.floor(x))
    row = min(max(row, 0), image.shape[1] - height - 1)
    fy, fx = np.float32(np.clip(y - row, 0, 1)), np.float32(x - column)
    columns = np.arange(column, column + width + 1)
    part = image[:, row : row + height + 1].take(columns, axis=2, mode="wrap")
    part = part[:, :-1] * (1 - fy) + part[:, 1:] * fy
    return part[:, :, :-1] * (1 - fx) + part[:, :, 1:] * fx


def _cast_shadow(frames: np.ndarray, side: float, boxes: Boxes) -> None:
    """Darken the ground around the feet, away from the light; in place."""
    height, width = frames.shape[2:]
    first = int(height * 0.85)
    scale = boxes.scale[:, None, None]
    y = (np.arange(first, height)[None, :, None] + 0.5 - (boxes.top + boxes.scale)[:, None, None]) / scale
    x = (np.arange(width)[None, None, :] + 0.5 - boxes.left[:, None, None]) / scale + 0.05 * side
    shadow = np.exp(-((x / 0.16) ** 2) - ((y + 0.012) / 0.028) ** 2).astype(np.float32)
    frames[:, :, first:] *= 1 - 0.38 * shadow
