"""What passes by itself: cars, cyclists, other walkers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.garments import Light, folds
from stcnet_lib.walkers.people import HAIR_COLOURS, LOWER_COLOURS, UPPER_COLOURS, draw_person
from stcnet_lib.walkers.shapes import Colour, Grid, Layer, Patch, box, capsule, ellipse, polygon
from stcnet_lib.walkers.skeleton import View, walk
from stcnet_lib.walkers.sprites import DARK, LOOP, METAL, PAINTS, Setting, canvas, pick, solid


def car(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A small car in side view."""
    roof = rng.uniform(0.34, 0.44)
    layer, top = canvas(setting, 0.86, roof - 0.05)
    grid, light = layer.grid, setting.camera.light
    colour = pick(rng, PAINTS)
    belt = roof + 0.22
    facing = setting.heading

    def mirrored(points):
        points = [(facing * x, y) for x, y in points]
        return points if facing > 0 else points[::-1]

    cabin = polygon(grid, mirrored([(-0.62, roof), (0.22, roof), (0.5, belt + 0.02), (-0.76, belt + 0.02)]))
    solid(layer, cabin, colour, light, 1.08)
    for window in (
        [(-0.58, roof + 0.035), (-0.2, roof + 0.035), (-0.2, belt), (-0.68, belt)],
        [(-0.16, roof + 0.035), (0.19, roof + 0.035), (0.41, belt), (-0.16, belt)],
    ):
        glass = polygon(grid, mirrored(window))
        solid(layer, glass, (0.3, 0.34, 0.37), light, 1.25)
    body = box(grid, np.float32([0, (belt + 1.0) / 2]), 0.84, (1.0 - belt) / 2 + 0.01, 0.07)
    solid(layer, body, colour, light)
    layer.paint(box(grid, np.float32([0, belt + 0.12]), 0.82, 0.006), colour, 0.75)
    layer.paint(box(grid, np.float32([0, 0.98]), 0.82, 0.03, 0.02), DARK)
    layer.paint(box(grid, np.float32([-0.18 * facing, belt + 0.12]), 0.005, 0.16), colour, 0.7)
    layer.paint(box(grid, np.float32([-0.08 * facing, belt + 0.07]), 0.035, 0.01, 0.006), DARK)
    layer.paint(ellipse(grid, np.float32([0.78 * facing, belt + 0.1]), 0.05, 0.035), (0.86, 0.85, 0.78))
    layer.paint(box(grid, np.float32([-0.81 * facing, belt + 0.1]), 0.025, 0.045, 0.01), (0.56, 0.22, 0.2))
    for x in (-0.5, 0.5):
        for radius, paint in ((0.155, DARK), (0.125, (0.13, 0.13, 0.14)), (0.075, METAL), (0.03, DARK)):
            layer.paint(ellipse(grid, np.float32([x, 0.98]), radius, radius), paint)
    return layer, top


def cyclist(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A bicycle with its rider and a pannier, pedalling."""
    facing = setting.heading
    layer, top = canvas(setting, 0.56, -0.12, LOOP)
    grid, light = layer.grid, setting.camera.light
    shirt, trousers = pick(rng, UPPER_COLOURS), pick(rng, LOWER_COLOURS)
    paint, skin = pick(rng, PAINTS), (0.78, 0.62, 0.5)
    lift = rng.uniform(0.3, 0.34) if setting.band == "middle+lower" else rng.uniform(-0.04, 0.04)

    def at(x, y):
        return np.float32([facing * x, y + lift])

    turn = rng.uniform(0, 2 * np.pi) + facing * 2 * np.pi / LOOP * np.arange(LOOP)
    crank = np.stack([facing * (0.0 + 0.075 * np.cos(turn)), 0.88 + lift + 0.075 * np.sin(turn)], -1)
    other = 2 * at(0.0, 0.88) - crank
    _pedalling_leg(layer, other, at(-0.1, 0.53), facing, trousers, light, 0.75)
    for x in (-0.32, 0.34):
        _wheel(layer, at(x, 0.9))
    for a, b in (
        ((-0.32, 0.9), (0, 0.88)),
        ((0, 0.88), (-0.12, 0.58)),
        ((-0.1, 0.66), (0.25, 0.62)),
        ((0, 0.88), (0.26, 0.66)),
        ((0.24, 0.54), (0.34, 0.9)),
        ((-0.32, 0.9), (-0.1, 0.66)),
    ):
        layer.paint(capsule(grid, at(*a), at(*b), 0.014, 0.014), paint)
    layer.paint(capsule(grid, at(-0.17, 0.57), at(-0.05, 0.57), 0.02, 0.012), DARK)
    pannier = box(grid, at(-0.36, 0.76), 0.12, 0.11, 0.02)
    solid(layer, pannier, pick(rng, PAINTS), light)
    _pedalling_leg(layer, crank, at(-0.1, 0.53), facing, trousers, light, 1.0)
    torso = capsule(grid, at(-0.09, 0.5), at(0.07, 0.24), 0.088, 0.082)
    layer.paint(torso, shirt, light.on(torso) * folds(torso))
    layer.paint(capsule(grid, at(0.07, 0.2), at(0.1, 0.12), 0.034, 0.034), skin, 0.85)
    face = ellipse(grid, at(0.115, 0.065), 0.055, 0.066)
    layer.paint(face, skin, light.on(face))
    helmet = box(grid, at(0.105, 0.02), 0.064, 0.036, 0.034)
    layer.paint(helmet, pick(rng, PAINTS), light.on(helmet, 1.1))
    for a, b, radius in (((0.06, 0.25), (0.12, 0.4), 0.034), ((0.12, 0.4), (0.26, 0.5), 0.026)):
        arm = capsule(grid, at(*a), at(*b), radius, 0.026)
        layer.paint(arm, shirt, light.on(arm, 0.95))
    layer.paint(capsule(grid, at(0.26, 0.5), at(0.28, 0.51), 0.02, 0.02), skin)
    return layer, top


def _pedalling_leg(
    layer: Layer,
    pedal: np.ndarray,
    hip: np.ndarray,
    facing: int,
    colour: Colour,
    light: Light,
    brightness: float,
) -> None:
    """Thigh and shin of equal length from the hip to the pedal (T, 2), the knee bent forwards."""
    span = pedal - hip
    distance = np.maximum(np.hypot(span[:, :1], span[:, 1:]), 1e-3)
    height = np.sqrt(np.maximum(0.235**2 - (distance / 2) ** 2, 0))
    across = np.concatenate([span[:, 1:], -span[:, :1]], axis=1) / distance * facing
    knee = hip + span / 2 + height * across
    for start, end, first, last in ((knee, pedal, 0.042, 0.032), (hip, knee, 0.06, 0.045)):
        limb = capsule(layer.grid, start, end, first, last)
        layer.paint(limb, colour, light.on(limb, brightness))
    shoe = capsule(layer.grid, pedal, pedal + np.float32([0.05 * facing, 0.015]), 0.024, 0.018)
    layer.paint(shoe, DARK, brightness)


def _wheel(layer: Layer, centre: np.ndarray) -> None:
    """A tyre with spokes one can see through."""
    outer = ellipse(layer.grid, centre, 0.175, 0.175)
    if outer is None:
        return
    inner = ellipse(layer.grid, centre, 0.15, 0.15)
    hole = np.zeros_like(outer.alpha)
    rows = slice(inner.rows.start - outer.rows.start, inner.rows.stop - outer.rows.start)
    columns = slice(inner.columns.start - outer.columns.start, inner.columns.stop - outer.columns.start)
    hole[:, rows, columns] = inner.alpha
    tyre = Patch(outer.rows, outer.columns, outer.alpha * (1 - hole), outer.along, outer.across)
    layer.paint(tyre, (0.15, 0.15, 0.16))
    for angle in np.arange(4) * np.pi / 4:
        reach = 0.15 * np.float32([np.cos(angle), np.sin(angle)])
        layer.paint(capsule(layer.grid, centre - reach, centre + reach, 0.003, 0.003), METAL)


def passer_by(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """Another walker out of the same palettes, nearer to the camera; at times a child."""
    child = setting.band == "middle+lower"
    size = rng.uniform(0.62, 0.74) if child else rng.uniform(1.0, 1.12)
    person = replace(draw_person(rng), cadence=1 / LOOP)
    if child:
        person = replace(person, head=1.3, hair=HAIR_COLOURS[int(rng.integers(3))])
    layer, top = canvas(setting, 0.36 * max(size, 1.0), -0.16, LOOP)
    view = View(np.full(LOOP, setting.heading * np.pi / 2 + rng.normal(0, 0.3)), setting.camera.pitch)
    pose = walk(person, view, rng.uniform(0, 2 * np.pi))
    ground = 1 + 0.05 * size  # the feet of who is nearer stand lower in the picture
    grid = layer.grid
    own = Grid(grid.x / size, (grid.y - ground) / size + 1, grid.scale * size)
    return paint_walker(person, pose, own, setting.camera.light), top
