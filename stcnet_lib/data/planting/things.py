"""Things of no kind: shapes and textures drawn at random, to plant where known occluders would be a hint.

A mask network that has seen the walkers' own benches would be measured on walkers with a truth it was told.
These things stand, hang or pass as the walkers' occluders do and look like none of them in particular: a few
overlapping boxes, blobs, bars, rings or specks, in plain colours, stripes, clouds, or a piece of another
tracklet's picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from stcnet_lib.walkers.sprites import BELOW, Setting, Sprite

THING = "thing"  # a kind of occluder beside the walkers'
_FINER = 3  # times finer than the crop are outlines drawn, so that their edges are soft
_SPANS = {  # from where to where a thing reaches that is to hide a band, in body units, least and most
    "lower": ((0.52, 0.68), (1.02, 1 + BELOW)),
    "middle+lower": ((0.2, 0.48), (1.02, 1 + BELOW)),
    "middle": ((0.25, 0.38), (0.6, 0.75)),
    "upper": ((-0.25, 0.02), (0.26, 0.4)),
    "upper+middle": ((-0.25, 0.02), (0.6, 0.75)),
    "all": ((-0.25, 0.08), (1.02, 1 + BELOW)),
}
_HALF_WIDTH = (0.07, 0.6)  # body units, drawn evenly in the logarithm
_MOST_PARTS = 4
_DIM, _BRIGHT = 0.08, 0.8  # of colours

Piece = Callable[
    [np.random.Generator], np.ndarray | None
]  # uint8 (h, w, 3) of another tracklet, if there is one


def draw_thing(rng: np.random.Generator, setting: Setting, piece: Piece) -> Sprite:
    """A thing of its own outline, texture, size and height that may hide the setting's band."""
    (least_top, most_top), (least_end, most_end) = _SPANS[setting.band]
    top, end = rng.uniform(least_top, most_top), rng.uniform(least_end, most_end)
    half = np.exp(rng.uniform(*np.log(_HALF_WIDTH)))
    height, width = round((end - top) * setting.scale), max(round(2 * half * setting.scale), 3)
    alpha = _outline(rng, height, width)
    rgb = _texture(rng, height, width, piece)
    shade = 1 + rng.uniform(-0.2, 0.2) * np.linspace(-1, 1, height)[:, None]  # lit from above, or from below
    coloured = np.clip(rgb * shade[..., None], 0, 1).transpose(2, 0, 1)[:, None] * alpha
    return Sprite(
        THING,
        coloured.astype(np.float32),
        alpha[None].astype(np.float32),
        -top * setting.scale,
        rng.random() < 0.3,
    )


def _outline(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(h, w) in [0, 1]: a union of some parts, of which the first fills most of the canvas."""
    picture = Image.new("L", (width * _FINER, height * _FINER), 0)
    draw = ImageDraw.Draw(picture)
    for number in range(int(rng.integers(1, _MOST_PARTS + 1))):
        least = 0.75 if number == 0 else 0.2
        across, down = rng.uniform(least, 1, 2) * picture.size
        left, upper = rng.uniform(0, 1, 2) * (picture.size[0] - across, picture.size[1] - down)
        box = (left, upper, left + across, upper + down)
        _PARTS[int(rng.integers(len(_PARTS)))](rng, draw, box)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX), np.float64) / 255


def _box(rng, draw, box):
    draw.rounded_rectangle(box, rng.uniform(0, 0.5) * min(box[2] - box[0], box[3] - box[1]), fill=255)


def _blob(rng, draw, box):
    """A star-shaped polygon."""
    corners = int(rng.integers(5, 13))
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(0.6, 1, corners)
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    size = np.array([box[2] - box[0], box[3] - box[1]]) / 2
    points = centre + size * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    draw.polygon([tuple(point) for point in points], fill=255)


def _ellipse(rng, draw, box):
    draw.ellipse(box, fill=255)


def _ring(rng, draw, box):
    size = min(box[2] - box[0], box[3] - box[1])
    draw.ellipse(box, outline=255, width=max(int(rng.uniform(0.08, 0.25) * size), 1))


def _bars(rng, draw, box):
    """Bars side by side, upright or level, with gaps between them."""
    upright, count = rng.random() < 0.5, int(rng.integers(2, 7))
    start, stop = (box[0], box[2]) if upright else (box[1], box[3])
    pitch, share = (stop - start) / count, rng.uniform(0.4, 0.85)
    for i in range(count):
        a, b = start + i * pitch, start + (i + share) * pitch
        draw.rectangle((a, box[1], b, box[3]) if upright else (box[0], a, box[2], b), fill=255)


def _specks(rng, draw, box):
    """Many small ellipses: leaves."""
    across, down = box[2] - box[0], box[3] - box[1]
    size = rng.uniform(0.08, 0.25) * np.sqrt(across * down)
    for _ in range(int(rng.integers(20, 80))):
        x, y = box[0] + rng.uniform(0, across), box[1] + rng.uniform(0, down)
        a, b = rng.uniform(0.3, 1, 2) * size
        draw.ellipse((x - a, y - b, x + a, y + b), fill=255)


_PARTS = (_box, _box, _blob, _blob, _ellipse, _ring, _bars, _specks)


def _texture(rng: np.random.Generator, height: int, width: int, piece: Piece) -> np.ndarray:
    """(h, w, 3) in [0, 1]."""
    one, other = rng.uniform(_DIM, _BRIGHT, (2, 3))
    grey = rng.uniform(0, 0.9)  # things of a street are less colourful than chance
    one, other = (c * (1 - grey) + grey * c.mean() for c in (one, other))
    kind = rng.random()
    if kind < 0.3 and (lent := piece(rng)) is not None:
        return _cut(rng, lent, height, width)
    if kind < 0.55:
        return np.broadcast_to(one, (height, width, 3))
    pattern = _stripes(rng, height, width) if kind < 0.75 else _clouds(rng, height, width)
    return one + pattern[..., None] * (other - one)


def _cut(rng: np.random.Generator, lent: np.ndarray, height: int, width: int) -> np.ndarray:
    """A part of another picture, stretched."""
    across, down = rng.uniform(0.4, 1, 2)
    left, upper = rng.uniform(0, 1 - across), rng.uniform(0, 1 - down)
    box = tuple(np.array([left, upper, left + across, upper + down]) * np.tile(lent.shape[1::-1], 2))
    picture = Image.fromarray(lent).resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(picture, np.float64) / 255


def _stripes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(h, w): 0 and 1 in turn, across, down or aslant."""
    angle, pitch = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)]), rng.uniform(4, 24)
    rows, columns = np.mgrid[:height, :width]
    wave = np.sin(2 * np.pi * (columns * np.cos(angle) + rows * np.sin(angle)) / pitch)
    return (wave > rng.uniform(-0.6, 0.6)).astype(float)


def _clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(h, w) in [0, 1]: smooth noise."""
    coarse = Image.fromarray(
        rng.random((int(rng.integers(2, 12)), int(rng.integers(2, 8)))).astype(np.float32)
    )
    return np.clip(np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)), 0, 1)
