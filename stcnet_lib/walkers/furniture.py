"""Street furniture: pole, sign, barrier, bench, bin. Each function draws one for a setting."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers.shapes import Layer, box, capsule, column, ellipse, stripes
from stcnet_lib.walkers.sprites import BELOW, DARK, METAL, PAINTS, Setting, canvas, pick, solid, upper_edge


def pole(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A lamp post, a tree or a pillar, from the ground to above the picture."""
    layer, top = canvas(setting, 0.2, -0.2)
    grid, light = layer.grid, setting.camera.light
    variant, radius = rng.integers(3), rng.uniform(0.075, 0.11)
    start, end = np.float32([0, -0.4]), np.float32([0, 1 + BELOW])
    if variant == 0:  # a tree
        flare = np.array([[0, radius * 0.9], [0.8, radius], [0.95, radius * 1.15], [1, radius * 1.5]])
        trunk = column(grid, start, end, flare)
        bark = 1 + 0.1 * np.sin(19 * trunk.across + 5 * np.sin(23 * trunk.along)) * np.sin(40 * trunk.along)
        layer.paint(trunk, (0.36, 0.31, 0.26), light.on(trunk) * bark)
    elif variant == 1:  # a lamp post
        post = capsule(grid, start, end, radius * 0.85, radius)
        layer.paint(post, pick(rng, (METAL, (0.28, 0.33, 0.32), DARK)), light.on(post))
        for y in (0.62, 0.68):
            collar = box(grid, np.float32([0, y]), radius * 1.12, 0.014, 0.008)
            layer.paint(collar, METAL, light.on(collar))
        base = box(grid, np.float32([0, 1.02]), radius * 1.3, 0.12, 0.03)
        layer.paint(base, DARK, light.on(base, 1.2))
    else:  # a concrete pillar with a notice
        pillar = box(grid, np.float32([0, 0.4]), radius * 1.15, 0.9)
        solid(layer, pillar, (0.58, 0.57, 0.54), light)
        solid(
            layer, box(grid, np.float32([radius * 0.9, 0.4]), radius * 0.25, 0.9), (0.44, 0.43, 0.41), light
        )
        solid(layer, box(grid, np.float32([-0.02, 0.36]), 0.05, 0.07), (0.8, 0.79, 0.74), light)
    return layer, top


def sign(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A board on a thin post, before the head, the chest or both."""
    half_height, centre = {"upper": (0.17, 0.14), "middle": (0.16, 0.5)}.get(setting.band, (0.29, 0.34))
    half_height, centre = half_height * rng.uniform(0.92, 1.08), centre + rng.uniform(-0.02, 0.02)
    half_width = rng.uniform(0.16, 0.25)
    layer, top = canvas(setting, half_width, -0.1)
    grid, light = layer.grid, setting.camera.light
    post = capsule(grid, np.float32([0, centre]), np.float32([0, 1.3]), 0.014, 0.014)
    layer.paint(post, METAL, light.on(post))
    colour = pick(rng, PAINTS)
    middle = np.float32([0, centre])
    pale = (0.84, 0.83, 0.79)
    solid(layer, box(grid, middle, half_width, half_height, 0.02), pale, light)
    solid(layer, box(grid, middle, half_width - 0.012, half_height - 0.012, 0.014), colour, light)
    if rng.random() < 0.5:  # a direction board
        reach = half_width * 0.55 * (1 if rng.random() < 0.5 else -1)
        aside = np.float32([reach, 0])
        layer.paint(capsule(grid, middle - aside, middle + aside, 0.016, 0.016), pale)
        for rise in (-0.06, 0.06):
            barb = middle + np.float32([reach * 0.45, rise])
            layer.paint(capsule(grid, barb, middle + aside, 0.015, 0.015), pale)
    else:  # a notice
        head = box(grid, middle - np.float32([0, half_height * 0.55]), half_width * 0.75, half_height * 0.2)
        layer.paint(head, pale)
        for line in range(4):
            y = centre - half_height * 0.1 + line * half_height * 0.24
            length = half_width * rng.uniform(0.45, 0.75)
            layer.paint(box(grid, np.float32([length - half_width * 0.75, y]), length, 0.01), pale, 0.9)
    return layer, top


def barrier(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A striped barrier of a building site."""
    half = rng.uniform(0.24, 0.34)
    first, planks = (0.4, 2) if setting.band == "middle" else (0.48, 4)
    layer, top = canvas(setting, half + 0.02, 0.25)
    grid, light = layer.grid, setting.camera.light
    for x in (-half * 0.86, half * 0.86):
        post = capsule(grid, np.float32([x, first - 0.06]), np.float32([x, 1.07]), 0.016, 0.016)
        layer.paint(post, METAL, light.on(post))
        layer.paint(box(grid, np.float32([x, 1.06]), 0.07, 0.022, 0.01), DARK)
    accent = pick(rng, ((0.64, 0.3, 0.27), (0.7, 0.55, 0.3), (0.36, 0.42, 0.5)))
    for i in range(planks):
        y = first + 0.145 * i
        plank = box(grid, np.float32([0, y]), half, 0.056, 0.01)
        slanted = stripes(plank.across * half + plank.along * 0.1, 0.16, 10)
        shade = 1.05 - 0.12 * plank.along + 0.06 * light.side * plank.across
        layer.paint(plank, (0.8, 0.79, 0.75), shade, accent, slanted)
    return layer, top


def bench(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A bench seen from behind."""
    half = rng.uniform(0.26, 0.38)
    rise = rng.uniform(-0.03, 0.02) if setting.band == "lower" else rng.uniform(0.14, 0.2)
    layer, top = canvas(setting, half, 0.45)
    grid, light = layer.grid, setting.camera.light
    wood = pick(rng, ((0.5, 0.38, 0.26), (0.42, 0.33, 0.26), (0.36, 0.42, 0.36)))
    for x in (-half * 0.8, half * 0.8):
        layer.paint(capsule(grid, np.float32([x, 0.64 - rise]), np.float32([x, 1.06]), 0.018, 0.018), DARK)
    solid(layer, box(grid, np.float32([0, 0.96 - rise]), half, 0.036, 0.01), wood, light, 0.75)
    for i in range(4 if setting.band == "lower" else 6):
        slat = box(grid, np.float32([0, 0.66 - rise + 0.072 * i]), half, 0.03, 0.008)
        solid(layer, slat, wood, light, 1.05 - 0.05 * i)
    return layer, top


def bin(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A wheeled rubbish bin, or a round litter bin."""
    top_y, half = upper_edge(rng, setting.band), rng.uniform(0.14, 0.19)
    layer, top = canvas(setting, half * 1.2, top_y - 0.1)
    grid, light = layer.grid, setting.camera.light
    colour = pick(rng, ((0.3, 0.38, 0.33), (0.32, 0.34, 0.38), (0.36, 0.4, 0.46), (0.44, 0.36, 0.28)))
    if rng.random() < 0.5:
        body = column(
            grid, np.float32([0, top_y]), np.float32([0, 1.08]), np.array([[0, half], [1, half * 0.82]])
        )
        solid(layer, body, colour, light)
        solid(layer, box(grid, np.float32([0, top_y]), half * 1.1, 0.035, 0.02), colour, light, 1.18)
        solid(layer, box(grid, np.float32([0, top_y + 0.06]), half * 0.5, 0.012, 0.01), DARK, light)
        for x in (-half * 0.7, half * 0.7):
            layer.paint(ellipse(grid, np.float32([x, 1.07]), 0.035, 0.045), DARK)
        solid(layer, box(grid, np.float32([0, top_y + 0.25]), 0.06, 0.045, 0.01), (0.78, 0.77, 0.72), light)
    else:
        body = column(grid, np.float32([0, top_y]), np.float32([0, 1.09]), np.array([[0, half], [1, half]]))
        slats = 1 + 0.12 * np.sign(np.sin(np.arcsin(body.across) * 14))
        layer.paint(body, colour, light.on(body) * slats)
        for y in (top_y, 1.06):
            ring = box(grid, np.float32([0, y]), half * 1.06, 0.025, 0.015)
            layer.paint(ring, DARK, light.on(ring, 1.3))
    return layer, top
