"""What stands behind the walkers: one procedural panorama a camera.

A panorama wraps around, so a walk may start anywhere. It is drawn twice as large with Pillow and reduced,
then gets texture and the blur of what lies behind the focus. Lengths are in heights of a crop; y = 0 is the
panorama's upper edge, `FEET` the line people walk on, `TALL` its lower edge.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

TALL, FEET, LONG = 1.4, 1.12, 6.0
_OVERSAMPLING = 2

RGB = tuple[int, int, int]


class Painter:
    """Pillow's drawing calls in crop heights, wrapping around the ends."""

    def __init__(self, height: int, colour: RGB) -> None:
        self.unit = height * _OVERSAMPLING
        self.image = Image.new("RGB", (round(LONG * self.unit), round(TALL * self.unit)), colour)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, right: float, bottom: float, colour: RGB) -> None:
        self.shape([(x, y), (right, y), (right, bottom), (x, bottom)], colour)

    def shape(self, points: list[tuple[float, float]], colour: RGB) -> None:
        for turn in (-LONG, 0, LONG):
            self._draw.polygon([((x + turn) * self.unit, y * self.unit) for x, y in points], fill=colour)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: RGB) -> None:
        for turn in (-LONG, 0, LONG):
            centre = (x + turn) * self.unit
            self._draw.ellipse(
                (
                    centre - rx * self.unit,
                    (y - ry) * self.unit,
                    centre + rx * self.unit,
                    (y + ry) * self.unit,
                ),
                fill=colour,
            )


@lru_cache(maxsize=32)
def panorama(scene: str, seed: int, camera: int, height: int) -> np.ndarray:
    """Colours (3, TALL·height, LONG·height) in [0, 1], float32."""
    rng = np.random.default_rng([seed, 4, camera])
    painter = SCENES[scene](rng, height)
    size = (round(LONG * height), round(TALL * height))
    image = painter.image.resize(size, Image.Resampling.BOX)
    image = image.filter(ImageFilter.GaussianBlur(height / 190))
    colours = np.moveaxis(np.asarray(image, np.float32) / 255, -1, 0)
    rows, columns = colours.shape[1:]
    texture = 0.022 * _cloud(rng, rows, columns, 10) + 0.026 * _cloud(
        rng, rows, columns, max(3, height // 24)
    )
    colours = np.clip(colours * (1 + texture), 0, 1)
    colours.setflags(write=False)  # shared by all tracklets
    return colours


def _cloud(rng: np.random.Generator, rows: int, columns: int, cell: int) -> np.ndarray:
    """Smooth noise (rows, columns) with unit deviation that wraps around along the columns."""
    across = max(4, columns // cell)
    coarse = rng.standard_normal((max(4, rows // cell), across)).astype(np.float32)
    tiled = Image.fromarray(np.concatenate([coarse, coarse, coarse], axis=1))
    wide = np.asarray(tiled.resize((3 * columns, rows), Image.Resampling.BICUBIC))
    return wide[:, columns : 2 * columns]


def _vary(rng: np.random.Generator, colour: RGB, spread: float = 8) -> RGB:
    """The colour, a little lighter or darker."""
    change = rng.normal(0, spread)
    return tuple(int(np.clip(value + change, 0, 255)) for value in colour)  # type: ignore[return-value]


def _choose(rng: np.random.Generator, *colours: RGB) -> RGB:
    return colours[int(rng.integers(len(colours)))]


def _paving(
    painter: Painter, rng: np.random.Generator, top: float, colour: RGB, tile: float, spread: float = 5
) -> None:
    """Slabs that grow towards the camera, every row half a slab further."""
    y, row = top, 0
    depth = tile * 0.14
    while y < TALL:
        for i in range(round(LONG / tile)):
            x = i * tile + (tile / 2 if row % 2 else 0)
            painter.box(x + 0.004, y + 0.004, x + tile - 0.004, y + depth, _vary(rng, colour, spread))
        y, row = y + depth + 0.004, row + 1
        depth *= 1.22


def shops(rng: np.random.Generator, height: int) -> Painter:
    """A row of shop windows over light slabs."""
    ground = rng.uniform(0.62, 0.72)
    painter = Painter(height, (148, 144, 138))
    x = 0.0
    while x < LONG - 0.1:
        width = min(rng.uniform(0.7, 1.2), LONG - x)
        wall = _vary(rng, _choose(rng, (150, 138, 122), (128, 126, 124), (158, 150, 138), (120, 106, 98)), 6)
        painter.box(x, 0, x + width, ground, wall)
        painter.box(x, ground - 0.07, x + width, ground, _vary(rng, (98, 94, 90)))
        panes = 1 + int(rng.integers(2))
        for i in range(panes):
            left = x + 0.06 + i * (width - 0.12) / panes
            right = left + (width - 0.12) / panes - 0.03
            glass = _vary(rng, (86, 98, 106), 10)
            painter.box(left, 0.16, right, ground - 0.09, tuple(v - 26 for v in glass))
            painter.box(left + 0.012, 0.172, right - 0.012, ground - 0.1, glass)
            shine = tuple(v + 20 for v in glass)
            slant = [(0.35, 0.172), (0.55, 0.172), (0.35, ground - 0.1), (0.15, ground - 0.1)]
            painter.shape([(left + f * (right - left), y) for f, y in slant], shine)
        awning = _choose(rng, (128, 76, 70), (78, 96, 88), (84, 92, 116), (142, 124, 92))
        painter.box(x + 0.02, 0.04, x + width - 0.02, 0.13, _vary(rng, awning))
        painter.box(x + 0.02, 0.115, x + width - 0.02, 0.13, tuple(int(v * 0.7) for v in awning))
        x += width
    _paving(painter, rng, ground, (158, 154, 148), 0.3)
    return painter


def brick_wall(rng: np.random.Generator, height: int) -> Painter:
    """Brick with posters and downpipes, a kerb and asphalt."""
    ground = rng.uniform(0.66, 0.76)
    base = _choose(rng, (138, 98, 84), (146, 124, 104), (124, 102, 94))
    painter = Painter(height, tuple(int(v * 0.86) for v in base))
    tile, course = 0.1, 0.036
    for row in range(int(ground / course) + 1):
        for i in range(round(LONG / tile)):
            x = i * tile + (tile / 2 if row % 2 else 0)
            painter.box(x, row * course, x + tile - 0.007, (row + 1) * course - 0.006, _vary(rng, base, 7))
    for _ in range(5):
        x, width = rng.uniform(0, LONG), rng.uniform(0.16, 0.3)
        paper = _choose(rng, (190, 184, 170), (122, 134, 142), (164, 140, 104), (132, 92, 88))
        painter.box(x, 0.2, x + width, 0.2 + 1.35 * width, paper)
        painter.box(x + 0.02, 0.22, x + width - 0.02, 0.2 + 0.6 * width, _vary(rng, paper, 25))
        for line in range(3):
            y = 0.2 + (0.78 + 0.16 * line) * width
            painter.box(x + 0.02, y, x + width * 0.8, y + 0.012, tuple(int(v * 0.7) for v in paper))
    for _ in range(4):
        x = rng.uniform(0, LONG)
        painter.box(x, 0, x + 0.035, ground, (88, 86, 84))
        painter.box(x + 0.006, 0, x + 0.014, ground, (116, 114, 110))
    painter.box(0, ground, LONG, TALL, (122, 121, 120))
    painter.box(0, ground, LONG, ground + 0.02, (96, 92, 88))
    painter.box(0, FEET + 0.1, LONG, FEET + 0.13, (150, 148, 144))
    for _ in range(14):  # patches of newer asphalt
        x, y = rng.uniform(0, LONG), rng.uniform(ground + 0.06, FEET)
        painter.disc(x, y, rng.uniform(0.05, 0.2), rng.uniform(0.008, 0.02), _vary(rng, (112, 111, 111), 4))
    return painter


def park(rng: np.random.Generator, height: int) -> Painter:
    """Trees and bushes behind a lawn, a gravel path."""
    lawn = rng.uniform(0.48, 0.58)
    painter = Painter(height, (112, 126, 112))
    for _ in range(110):
        green = _choose(rng, (92, 108, 82), (80, 100, 80), (106, 118, 88), (74, 90, 74))
        x, y = rng.uniform(0, LONG), rng.uniform(-0.05, lawn - 0.05)
        painter.disc(x, y, rng.uniform(0.08, 0.22), rng.uniform(0.06, 0.14), _vary(rng, green, 6))
    for _ in range(9):
        x, width = rng.uniform(0, LONG), rng.uniform(0.03, 0.07)
        bark = _vary(rng, (86, 80, 72), 6)
        painter.box(x, 0, x + width, lawn + 0.04, bark)
        painter.box(x, 0, x + width * 0.35, lawn + 0.04, tuple(int(v * 1.15) for v in bark))
    painter.box(0, lawn, LONG, TALL, (122, 136, 94))
    for _ in range(500):
        x, y = rng.uniform(0, LONG), rng.uniform(lawn, TALL)
        painter.disc(x, y, 0.03 + 0.05 * (y - lawn), 0.006, _vary(rng, (120, 134, 92), 9))
    path = FEET - 0.17
    painter.box(0, path, LONG, FEET + 0.16, (172, 162, 142))
    painter.box(0, path, LONG, path + 0.012, (140, 136, 112))
    for _ in range(700):
        x, y = rng.uniform(0, LONG), rng.uniform(path + 0.02, FEET + 0.15)
        painter.disc(x, y, 0.012, 0.004, _vary(rng, (170, 160, 140), 12))
    return painter


def street(rng: np.random.Generator, height: int) -> Painter:
    """Houses and parked cars on the far side of a road."""
    kerb = rng.uniform(0.5, 0.58)
    painter = Painter(height, (140, 140, 140))
    x = 0.0
    while x < LONG - 0.1:
        width = min(rng.uniform(0.8, 1.4), LONG - x)
        wall = _vary(rng, _choose(rng, (172, 160, 140), (150, 140, 132), (164, 150, 144), (140, 144, 142)), 6)
        painter.box(x, 0, x + width, kerb, wall)
        painter.box(x, kerb - 0.1, x + width, kerb, tuple(int(v * 0.78) for v in wall))
        for i in range(int(width / 0.32)):
            left = x + 0.1 + i * 0.32
            painter.box(left - 0.012, 0.06, left + 0.162, 0.3, tuple(min(255, v + 22) for v in wall))
            painter.box(left, 0.07, left + 0.15, 0.29, _vary(rng, (84, 92, 98), 8))
            painter.box(left + 0.07, 0.07, left + 0.08, 0.29, tuple(min(255, v + 22) for v in wall))
        x += width
    painter.box(0, kerb, LONG, kerb + 0.05, (158, 154, 148))
    painter.box(0, kerb + 0.05, LONG, TALL, (112, 112, 114))
    for _ in range(4):
        _parked_car(painter, rng, rng.uniform(0, LONG), kerb + 0.09)
    dash = LONG / 10
    for i in range(10):
        painter.box(i * dash, kerb + 0.2, i * dash + dash * 0.55, kerb + 0.222, (176, 174, 166))
    painter.box(0, FEET - 0.14, LONG, FEET - 0.11, (168, 164, 158))
    _paving(painter, rng, FEET - 0.11, (146, 143, 139), 0.34, 4)
    return painter


def _parked_car(painter: Painter, rng: np.random.Generator, x: float, y: float) -> None:
    body = _vary(rng, _choose(rng, (132, 138, 146), (96, 104, 118), (148, 92, 84), (168, 166, 160)), 6)
    painter.shape([(x + 0.12, y - 0.26), (x + 0.48, y - 0.26), (x + 0.62, y - 0.15), (x, y - 0.15)], body)
    painter.shape(
        [(x + 0.15, y - 0.24), (x + 0.46, y - 0.24), (x + 0.55, y - 0.155), (x + 0.06, y - 0.155)],
        (70, 78, 86),
    )
    painter.box(x - 0.06, y - 0.155, x + 0.74, y - 0.04, body)
    painter.box(x - 0.06, y - 0.06, x + 0.74, y - 0.03, tuple(int(v * 0.6) for v in body))
    for wheel in (0.1, 0.58):
        painter.disc(x + wheel, y - 0.035, 0.065, 0.065, (52, 52, 54))
        painter.disc(x + wheel, y - 0.035, 0.032, 0.032, (124, 124, 124))


def hall(rng: np.random.Generator, height: int) -> Painter:
    """A station hall: panels, columns, lit boards and polished tiles."""
    ground = rng.uniform(0.56, 0.66)
    base = _choose(rng, (178, 178, 172), (168, 172, 174), (182, 172, 156))
    painter = Painter(height, base)
    panel = LONG / 16
    for i in range(16):
        painter.box(i * panel + 0.006, 0, (i + 1) * panel - 0.006, ground, _vary(rng, base, 4))
    painter.box(0, ground * 0.52, LONG, ground * 0.52 + 0.04, tuple(int(v * 0.8) for v in base))
    for _ in range(4):
        x, width = rng.uniform(0, LONG), rng.uniform(0.35, 0.6)
        painter.box(x, 0.1, x + width, 0.32, (78, 84, 92))
        painter.box(
            x + 0.015,
            0.115,
            x + width - 0.015,
            0.305,
            _choose(rng, (96, 116, 134), (150, 132, 98), (108, 126, 112)),
        )
        for line in range(3):
            painter.box(x + 0.05, 0.15 + 0.045 * line, x + width * 0.7, 0.165 + 0.045 * line, (196, 196, 188))
    painter.box(0, ground, LONG, TALL, (140, 138, 136))
    painter.box(0, ground - 0.03, LONG, ground, (112, 110, 108))
    _paving(painter, rng, ground, (166, 164, 160), 0.375, 4)
    for i in range(4):
        x = (i + rng.uniform(0.2, 0.8)) * LONG / 4
        for stripe, tone in ((0.0, 0.82), (0.04, 0.98), (0.09, 0.88), (0.14, 0.74)):
            painter.box(x + stripe, 0, x + 0.2, ground + 0.06, tuple(int(v * tone) for v in base))
    return painter


SCENES = {"shops": shops, "park": park, "street": street, "brick_wall": brick_wall, "hall": hall}
