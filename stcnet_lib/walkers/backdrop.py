"""The part of a camera's panorama behind a walker: it slides, because the crop follows the person."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.resolution import resized
from stcnet_lib.walkers.scenery import FEET, panorama

PACE = 0.042  # crop heights a walker covers in one frame


def backdrop(
    camera: Camera,
    seed: int,
    number: int,
    walked: np.ndarray,
    nearness: np.ndarray,
    boxes: Boxes,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """Background (3, T, H, W) in [0, 1].

    Args:
        walked: (T,) pixels that the ground slid by since the first frame, see `ground_walked`.
        nearness: (T,) factor by which the ground is seen larger than usual, apart from the boxes.
        size: height and width of the crop.
    """
    height, width = size
    image = panorama(camera.scene, seed, number, height)
    zoom = boxes.zoom * nearness
    across = rng.uniform(0, image.shape[2]) + walked - (boxes.left / zoom - width / 2)
    depth = rng.uniform(-0.05, 0.05)  # how near to the camera this walk leads past
    down = (FEET + depth) * height - (boxes.top + boxes.scale) / zoom
    frames = np.empty((3, len(walked), height, width), np.float32)
    for frame, (y, x) in enumerate(zip(down, across, strict=True)):
        if zoom[frame] == 1:
            frames[:, frame] = _window(image, y, x, height, width)
        else:
            frames[:, frame] = _zoomed_window(image, y, x, height, width, zoom[frame])
    return frames


def ground_walked(yaw: np.ndarray, nearness: np.ndarray, height: int) -> np.ndarray:
    """(T,) by how many pixels of the panorama the walker went to the right since the first frame."""
    return np.concatenate([[0.0], np.cumsum(PACE * height * np.sin(yaw[1:]) / nearness[1:])])


def _window(image: np.ndarray, y: float, x: float, height: int, width: int) -> np.ndarray:
    """(3, H, W) cut out at a fractional position, wrapping around along the columns."""
    row, column = int(np.floor(y)), int(np.floor(x))
    row = min(max(row, 0), image.shape[1] - height - 1)
    fy, fx = np.float32(np.clip(y - row, 0, 1)), np.float32(x - column)
    columns = np.arange(column, column + width + 1)
    part = image[:, row : row + height + 1].take(columns, axis=2, mode="wrap")
    part = part[:, :-1] * (1 - fy) + part[:, 1:] * fy
    return part[:, :, :-1] * (1 - fx) + part[:, :, 1:] * fx


def _zoomed_window(image: np.ndarray, y: float, x: float, height: int, width: int, zoom: float) -> np.ndarray:
    """(3, H, W) out of a window that is smaller by `zoom`; rows beyond the panorama repeat its last one."""
    row, column = int(np.floor(y)), int(np.floor(x))
    tall, wide = height / zoom, width / zoom
    rows = np.clip(np.arange(row, row + int(np.ceil(tall)) + 1), 0, image.shape[1] - 1)
    columns = np.arange(column, column + int(np.ceil(wide)) + 1)
    part = image[:, rows].take(columns, axis=2, mode="wrap")
    return resized(part, height, width, (x - column, y - row, x - column + wide, y - row + tall))


def cast_shadow(
    frames: np.ndarray, side: float, left: np.ndarray, ground: np.ndarray, scale: np.ndarray, first: int = 0
) -> None:
    """Darken the ground around the feet, away from the light; in place.

    Args:
        left, ground, scale: (T,) column of the body's axis, row of the feet, height of the body, pixels.
        first: row above which nothing is darkened.
    """
    height, width = frames.shape[2:]
    left, ground, scale = (values[:, None, None] for values in (left, ground, scale))
    y = (np.arange(first, height)[None, :, None] + 0.5 - ground) / scale
    x = (np.arange(width)[None, None, :] + 0.5 - left) / scale + 0.05 * side
    shadow = np.exp(-((x / 0.16) ** 2) - ((y + 0.012) / 0.028) ** 2).astype(np.float32)
    frames[:, :, first:] *= 1 - 0.38 * shadow
