"""How an occluder passes: where it hides the person, its path through the crop, and its pixels there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.truth import HIDDEN_SHARE
from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.resolution import coarsen, resized
from stcnet_lib.walkers.sprites import Sprite

FAINT = 0.2  # coverage below this is dropped, so that the mask holds every pixel an occluder touches


@dataclass(frozen=True)
class Walk:
    """What occluders are placed against."""

    person: np.ndarray  # bool (T, H, W)
    yaw: np.ndarray  # (T,)
    boxes: Boxes
    camera: Camera
    coarseness: np.ndarray  # (T,) at least 1


def reach(sprite: Sprite, walk: Walk) -> tuple[int, int] | None:
    """Between which positions relative to the body's axis the sprite hides some third, in pixels."""
    middle = walk.boxes.usual_frame
    person = walk.person[middle]
    height, width = person.shape
    mask = np.zeros((height, sprite.alpha.shape[2]), bool)
    first = round(float(walk.boxes.top[middle]) - sprite.origin)
    rows = slice(max(first, 0), min(first + sprite.alpha.shape[1], height))
    mask[rows] = sprite.alpha[0, rows.start - first : rows.stop - first] > 0.5
    # Covered person pixels at every offset at once: correlation along the columns, row by row.
    size = width + mask.shape[1]
    spectrum = np.fft.rfft(person, size, axis=1) * np.conj(np.fft.rfft(mask, size, axis=1))
    starts = region_rows(height)[:-1]
    covered = np.fft.irfft(np.add.reduceat(spectrum, starts, axis=0), size, axis=1)  # (K, size)
    total = np.maximum(np.add.reduceat(person.sum(1), starts), 1)
    hides = (covered / total[:, None] > HIDDEN_SHARE).any(0)
    shifts = (np.arange(size) + mask.shape[1]) % size - mask.shape[1]  # column of the sprite's left edge
    offsets = np.sort(shifts[hides]) + mask.shape[1] / 2 - float(walk.boxes.left[middle])
    return (math.floor(offsets[0]), math.ceil(offsets[-1])) if len(offsets) else None


def path(
    rng: np.random.Generator,
    reach: tuple[int, int],
    length: int,
    busy: np.ndarray,
    heading: int,
    natural: float | None,
) -> np.ndarray:
    """(T,) position relative to the body's axis; within `reach` for `length` frames.

    What moves by itself (`natural` is None) crosses at whatever speed that takes. What stands slides with
    the ground: if it is too wide to be passed in time, the tracklet begins or ends beside it.

    Args:
        busy: bool (T,) frames in which something else hides the person: events come rather apart.
    """
    frames = len(busy)
    enter, leave = (reach[0], reach[1]) if heading > 0 else (reach[1], reach[0])
    crossing = (reach[1] - reach[0] + 1) / length
    time = np.arange(frames) + 0.5
    if natural is not None and crossing > 2 * natural:
        first, last = busy[:length].sum(), busy[frames - length :].sum()
        if first < last or (first == last and rng.random() < 0.5):
            return leave + heading * natural * (time - length)
        return enter + heading * natural * (time - (frames - length))
    starts = rng.integers(0, frames - length + 1, 4)
    start = min(starts, key=lambda s: int(busy[s : s + length].sum()))
    return enter + heading * crossing * (time - start)


def place(sprite: Sprite, path: np.ndarray, walk: Walk) -> tuple[np.ndarray, np.ndarray]:
    """The sprite in every frame: premultiplied colours (3, T, H, W) and coverage (T, H, W)."""
    frames, height, width = walk.person.shape
    layer = np.zeros((4, frames, height, width), np.float32)
    drawn = np.concatenate([sprite.rgb, sprite.alpha[None]])  # (4, S, h, w)
    drawn = np.pad(drawn, ((0, 0), (0, 0), (1, 1), (1, 1)))  # room for fractional shifts
    loop = drawn.shape[1]
    for frame in range(frames):
        picture, zoom = drawn[:, frame % loop], float(walk.boxes.zoom[frame])
        if zoom != 1:
            picture = resized(picture, round(picture.shape[1] * zoom), round(picture.shape[2] * zoom))
        rows, columns = picture.shape[1:]
        left = walk.boxes.left[frame] + path[frame] * zoom - columns / 2
        top = walk.boxes.top[frame] - sprite.origin * zoom - 1
        x, y = math.floor(left), math.floor(top)
        target_x, target_y = (
            slice(max(x + 1, 0), min(x + columns, width)),
            slice(max(y + 1, 0), min(y + rows, height)),
        )
        if target_x.start >= target_x.stop or target_y.start >= target_y.stop:
            continue
        source = picture[
            :,
            target_y.start - y - 1 : target_y.stop - y,
            target_x.start - x - 1 : target_x.stop - x,
        ]
        fx, fy = np.float32(left - x), np.float32(top - y)
        source = source[:, 1:] * (1 - fy) + source[:, :-1] * fy
        layer[:, frame, target_y, target_x] = source[:, :, 1:] * (1 - fx) + source[:, :, :-1] * fx
    layer = coarsen(layer, walk.coarseness)
    layer *= layer[3] >= FAINT
    return layer[:3], layer[3]
