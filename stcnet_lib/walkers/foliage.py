"""Plants that come between: hedges on the ground, branches from above."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers.garments import Light
from stcnet_lib.walkers.shapes import Layer, box, capsule, ellipse
from stcnet_lib.walkers.sprites import BELOW, Setting, canvas, pick, solid, upper_edge


def hedge(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A clipped hedge or a planted trough."""
    half, top_y = rng.uniform(0.3, 0.5), upper_edge(rng, setting.band)
    layer, top = canvas(setting, half + 0.1, top_y - 0.12)
    grid = layer.grid
    green = pick(rng, ((0.27, 0.36, 0.24), (0.33, 0.4, 0.26), (0.24, 0.33, 0.27)))
    trough = rng.random() < 0.4
    bottom = 0.86 if trough else 1 + BELOW
    layer.paint(
        box(grid, np.float32([0, (top_y + bottom) / 2 + 0.04]), half, (bottom - top_y) / 2 + 0.02, 0.06),
        green,
        0.75,
    )
    count = int(260 * half)
    ys = np.sort(rng.uniform(top_y, bottom, count))[
        ::-1
    ]  # upper leaves over lower ones: light comes from above
    for y in ys:
        x = rng.uniform(-half, half)
        size = rng.uniform(0.022, 0.045)
        tone = 1.18 - 0.5 * (y - top_y) / (bottom - top_y) + rng.normal(0, 0.09)
        layer.paint(ellipse(grid, np.float32([x, y]), size, size * 0.8), green, float(tone))
    if trough:
        solid(layer, box(grid, np.float32([0, 1.0]), half * 0.96, 0.15, 0.01), (0.56, 0.54, 0.5), Light(0.4))
        solid(layer, box(grid, np.float32([0, 0.86]), half, 0.02, 0.008), (0.64, 0.62, 0.58), Light(0.4))
    return layer, top


def branch(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """Leaves that hang into the picture from above."""
    half, low = rng.uniform(0.24, 0.36), 0.3 if setting.band == "upper" else 0.6
    layer, top = canvas(setting, half + 0.06, -0.2)
    grid = layer.grid
    green = pick(rng, ((0.3, 0.38, 0.26), (0.38, 0.42, 0.28), (0.29, 0.36, 0.3), (0.46, 0.38, 0.24)))
    low *= rng.uniform(0.92, 1.08)
    for _ in range(4):  # twigs
        x = rng.uniform(-half, half) * 0.7
        tip = np.float32([x * 1.1, low * rng.uniform(0.6, 0.95)])
        layer.paint(capsule(grid, np.float32([x * 0.4, -0.3]), tip, 0.012, 0.004), (0.3, 0.25, 0.2))
    count = int(1000 * half * (low + 0.2))
    for y in np.sort(rng.uniform(-0.2, low, count))[::-1]:
        # The leaves fill the upper half of an ellipse's lower part: a rounded lower edge.
        reach = half * np.sqrt(max(0.0, 1 - ((y + 0.2) / (low + 0.25)) ** 4))
        x, size = rng.uniform(-reach, reach), rng.uniform(0.02, 0.042)
        tone = 1.12 - 0.35 * (y + 0.2) / (low + 0.2) + rng.normal(0, 0.12)
        layer.paint(ellipse(grid, np.float32([x, y]), size, size * rng.uniform(0.6, 0.9)), green, float(tone))
    return layer, top
