"""What comes between a walker and the camera: street furniture, plants, vehicles, other walkers.

Every occluder is drawn once into a sprite that later slides through the crop. Positions are body units of the
person behind it (`shapes`): y = 0.33 and 0.67 part the thirds, y = 1 is the ground under the person; occluders
stand nearer to the camera, so they reach below it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.cameras import Camera, soften
from stcnet_lib.walkers.garments import Light, folds
from stcnet_lib.walkers.people import HAIR_COLOURS, LOWER_COLOURS, UPPER_COLOURS, draw_person
from stcnet_lib.walkers.shapes import Colour, Grid, Layer, Patch, box, capsule, column, ellipse, polygon
from stcnet_lib.walkers.skeleton import View, walk

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
    camera: Camera


def draw_occluder(kind: str, rng: np.random.Generator, setting: Setting) -> Sprite:
    """An occluder of this kind, with its own colours, size and height."""
    if kind in MOVING:
        layer, unit_top = MOVING[kind](rng, setting)
    else:
        layer, unit_top = STANDING[kind](rng, setting)
    rgb, alpha = (soften(part, setting.camera.blur) for part in (layer.rgb, layer.alpha))
    return Sprite(kind, rgb, alpha, -unit_top * setting.scale, kind in MOVING)


def _canvas(setting: Setting, half_width: float, top: float, frames: int = 1) -> tuple[Layer, float]:
    """An empty layer around x = 0 that reaches from y = `top` to below the ground."""
    height = round((1 + BELOW - top) * setting.scale)
    width = 2 * round((half_width + 0.03) * setting.scale) + 1
    full = np.full(frames, 1.0)
    grid = Grid.of_boxes(
        height, width, setting.scale * full, width / 2 * full, -top * setting.scale * full
    )
    return Layer(grid), top


def _pick(rng: np.random.Generator, choices):
    return choices[int(rng.integers(len(choices)))]


def _solid(layer: Layer, patch: Patch | None, colour: Colour, light: Light, brightness: float = 1.0) -> None:
    """A box-like thing: lit from above, hardly round."""
    if patch is not None:
        layer.paint(patch, colour, brightness * (1.07 - 0.16 * patch.along + 0.07 * light.side * patch.across))


def _pole(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A lamp post, a tree or a pillar, from the ground to above the picture."""
    layer, top = _canvas(setting, 0.2, -0.2)
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
        layer.paint(post, _pick(rng, (METAL, (0.28, 0.33, 0.32), DARK)), light.on(post))
        for y in (0.62, 0.68):
            collar = box(grid, np.float32([0, y]), radius * 1.12, 0.014, 0.008)
            layer.paint(collar, METAL, light.on(collar))
        base = box(grid, np.float32([0, 1.02]), radius * 1.3, 0.12, 0.03)
        layer.paint(base, DARK, light.on(base, 1.2))
    else:  # a concrete pillar with a notice
        pillar = box(grid, np.float32([0, 0.4]), radius * 1.15, 0.9)
        _solid(layer, pillar, (0.58, 0.57, 0.54), light)
        _solid(layer, box(grid, np.float32([radius * 0.9, 0.4]), radius * 0.25, 0.9), (0.44, 0.43, 0.41), light)
        _solid(layer, box(grid, np.float32([-0.02, 0.36]), 0.05, 0.07), (0.8, 0.79, 0.74), light)
    return layer, top


def _sign(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A board on a thin post, before the head, the chest or both."""
    half_height, centre = _pick(rng, ((0.17, 0.14), (0.17, 0.17), (0.17, 0.5), (0.3, 0.32)))
    half_width = rng.uniform(0.17, 0.25)
    layer, top = _canvas(setting, half_width, -0.1)
    grid, light = layer.grid, setting.camera.light
    post = capsule(grid, np.float32([0, centre]), np.float32([0, 1.3]), 0.014, 0.014)
    layer.paint(post, METAL, light.on(post))
    colour = _pick(rng, PAINTS)
    middle = np.float32([0, centre])
    pale = (0.84, 0.83, 0.79)
    _solid(layer, box(grid, middle, half_width, half_height, 0.02), pale, light)
    _solid(layer, box(grid, middle, half_width - 0.012, half_height - 0.012, 0.014), colour, light)
    if rng.random() < 0.5:  # a direction board
        reach = half_width * 0.55 * (1 if rng.random() < 0.5 else -1)
        layer.paint(capsule(grid, middle - [reach, 0], middle + [reach, 0], 0.016, 0.016), pale)
        for rise in (-0.06, 0.06):
            barb = middle + [reach * 0.45, rise]
            layer.paint(capsule(grid, barb, middle + [reach, 0], 0.015, 0.015), pale)
    else:  # a notice
        head = box(grid, middle - [0, half_height * 0.55], half_width * 0.75, half_height * 0.2)
        layer.paint(head, pale)
        for line in range(4):
            y = centre - half_height * 0.1 + line * half_height * 0.24
            length = half_width * rng.uniform(0.45, 0.75)
            layer.paint(box(grid, np.float32([length - half_width * 0.75, y]), length, 0.01), pale, 0.9)
    return layer, top


def _bench(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A bench seen from behind."""
    half, rise = rng.uniform(0.26, 0.38), rng.uniform(0.0, 0.1)
    layer, top = _canvas(setting, half, 0.45)
    grid, light = layer.grid, setting.camera.light
    wood = _pick(rng, ((0.5, 0.38, 0.26), (0.42, 0.33, 0.26), (0.36, 0.42, 0.36)))
    for x in (-half * 0.8, half * 0.8):
        layer.paint(capsule(grid, np.float32([x, 0.62 - rise]), np.float32([x, 1.06]), 0.018, 0.018), DARK)
    _solid(layer, box(grid, np.float32([0, 0.9 - rise * 0.5]), half, 0.035, 0.01), wood, light, 0.75)
    for i in range(4):
        slat = box(grid, np.float32([0, 0.62 - rise + 0.072 * i]), half, 0.028, 0.008)
        _solid(layer, slat, wood, light, 1.05 - 0.05 * i)
    return layer, top


def _bin(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A wheeled rubbish bin, or a round litter bin."""
    top_y, half = rng.uniform(0.46, 0.62), rng.uniform(0.14, 0.19)
    layer, top = _canvas(setting, half * 1.2, top_y - 0.1)
    grid, light = layer.grid, setting.camera.light
    colour = _pick(rng, ((0.3, 0.38, 0.33), (0.32, 0.34, 0.38), (0.36, 0.4, 0.46), (0.44, 0.36, 0.28)))
    if rng.random() < 0.5:
        body = column(grid, np.float32([0, top_y]), np.float32([0, 1.08]), np.array([[0, half], [1, half * 0.82]]))
        _solid(layer, body, colour, light)
        _solid(layer, box(grid, np.float32([0, top_y]), half * 1.1, 0.035, 0.02), colour, light, 1.18)
        _solid(layer, box(grid, np.float32([0, top_y + 0.06]), half * 0.5, 0.012, 0.01), DARK, light)
        for x in (-half * 0.7, half * 0.7):
            layer.paint(ellipse(grid, np.float32([x, 1.07]), 0.035, 0.045), DARK)
        _solid(layer, box(grid, np.float32([0, top_y + 0.25]), 0.06, 0.045, 0.01), (0.78, 0.77, 0.72), light)
    else:
        body = column(grid, np.float32([0, top_y]), np.float32([0, 1.09]), np.array([[0, half], [1, half]]))
        slats = 1 + 0.12 * np.sign(np.sin(np.arcsin(body.across) * 14))
        layer.paint(body, colour, light.on(body) * slats)
        for y in (top_y, 1.06):
            ring = box(grid, np.float32([0, y]), half * 1.06, 0.025, 0.015)
            layer.paint(ring, DARK, light.on(ring, 1.3))
    return layer, top


def _hedge(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A clipped hedge or a planted trough."""
    half, top_y = rng.uniform(0.3, 0.5), rng.uniform(0.42, 0.62)
    layer, top = _canvas(setting, half + 0.1, top_y - 0.12)
    grid = layer.grid
    green = _pick(rng, ((0.27, 0.36, 0.24), (0.33, 0.4, 0.26), (0.24, 0.33, 0.27)))
    trough = rng.random() < 0.4
    bottom = 0.86 if trough else 1 + BELOW
    layer.paint(box(grid, np.float32([0, (top_y + bottom) / 2 + 0.04]), half, (bottom - top_y) / 2 + 0.02, 0.06), green, 0.75)
    count = int(260 * half)
    ys = np.sort(rng.uniform(top_y, bottom, count))[::-1]  # upper leaves over lower ones: light comes from above
    for y in ys:
        x = rng.uniform(-half, half)
        size = rng.uniform(0.022, 0.045)
        tone = 1.18 - 0.5 * (y - top_y) / (bottom - top_y) + rng.normal(0, 0.09)
        layer.paint(ellipse(grid, np.float32([x, y]), size, size * 0.8), green, float(tone))
    if trough:
        _solid(layer, box(grid, np.float32([0, 1.0]), half * 0.96, 0.15, 0.01), (0.56, 0.54, 0.5), Light(0.4))
        _solid(layer, box(grid, np.float32([0, 0.86]), half, 0.02, 0.008), (0.64, 0.62, 0.58), Light(0.4))
    return layer, top


def _car(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A small car in side view."""
    roof = rng.uniform(0.36, 0.5)
    layer, top = _canvas(setting, 0.86, roof - 0.05)
    grid, light = layer.grid, setting.camera.light
    colour = _pick(rng, PAINTS)
    belt = roof + 0.22
    facing = setting.heading

    def mirrored(points):
        points = [(facing * x, y) for x, y in points]
        return points if facing > 0 else points[::-1]

    cabin = polygon(grid, mirrored([(-0.62, roof), (0.22, roof), (0.5, belt + 0.02), (-0.76, belt + 0.02)]))
    _solid(layer, cabin, colour, light, 1.08)
    for window in (
        [(-0.58, roof + 0.035), (-0.2, roof + 0.035), (-0.2, belt), (-0.68, belt)],
        [(-0.16, roof + 0.035), (0.19, roof + 0.035), (0.41, belt), (-0.16, belt)],
    ):
        glass = polygon(grid, mirrored(window))
        _solid(layer, glass, (0.3, 0.34, 0.37), light, 1.25)
    body = box(grid, np.float32([0, (belt + 1.0) / 2]), 0.84, (1.0 - belt) / 2 + 0.01, 0.07)
    _solid(layer, body, colour, light)
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


def _cyclist(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """A bicycle with its rider and a pannier, pedalling."""
    facing = setting.heading
    layer, top = _canvas(setting, 0.56, -0.12, LOOP)
    grid, light = layer.grid, setting.camera.light
    shirt, trousers = _pick(rng, UPPER_COLOURS), _pick(rng, LOWER_COLOURS)
    paint, skin = _pick(rng, PAINTS), (0.78, 0.62, 0.5)
    lift = rng.uniform(-0.04, 0.16)  # a child's bicycle hides less of the head

    def at(x, y):
        return np.float32([facing * x, y + lift])

    turn = rng.uniform(0, 2 * np.pi) + facing * 2 * np.pi / LOOP * np.arange(LOOP)
    crank = np.stack([facing * (0.0 + 0.075 * np.cos(turn)), 0.88 + lift + 0.075 * np.sin(turn)], -1)
    other = 2 * at(0.0, 0.88) - crank
    _pedalling_leg(layer, other, at(-0.1, 0.53), facing, trousers, light, 0.75)
    for x in (-0.32, 0.34):
        _wheel(layer, at(x, 0.9))
    for a, b in (((-0.32, 0.9), (0, 0.88)), ((0, 0.88), (-0.12, 0.58)), ((-0.1, 0.66), (0.25, 0.62)),
                 ((0, 0.88), (0.26, 0.66)), ((0.24, 0.54), (0.34, 0.9)), ((-0.32, 0.9), (-0.1, 0.66))):
        layer.paint(capsule(grid, at(*a), at(*b), 0.014, 0.014), paint)
    layer.paint(capsule(grid, at(-0.17, 0.57), at(-0.05, 0.57), 0.02, 0.012), DARK)
    pannier = box(grid, at(-0.36, 0.76), 0.12, 0.11, 0.02)
    _solid(layer, pannier, _pick(rng, PAINTS), light)
    _pedalling_leg(layer, crank, at(-0.1, 0.53), facing, trousers, light, 1.0)
    torso = capsule(grid, at(-0.09, 0.5), at(0.07, 0.24), 0.088, 0.082)
    layer.paint(torso, shirt, light.on(torso) * folds(torso))
    layer.paint(capsule(grid, at(0.07, 0.2), at(0.1, 0.12), 0.034, 0.034), skin, 0.85)
    face = ellipse(grid, at(0.115, 0.065), 0.055, 0.066)
    layer.paint(face, skin, light.on(face))
    helmet = box(grid, at(0.105, 0.02), 0.064, 0.036, 0.034)
    layer.paint(helmet, _pick(rng, PAINTS), light.on(helmet, 1.1))
    for a, b, radius in (((0.06, 0.25), (0.12, 0.4), 0.034), ((0.12, 0.4), (0.26, 0.5), 0.026)):
        arm = capsule(grid, at(*a), at(*b), radius, 0.026)
        layer.paint(arm, shirt, light.on(arm, 0.95))
    layer.paint(capsule(grid, at(0.26, 0.5), at(0.28, 0.51), 0.02, 0.02), skin)
    return layer, top


def _pedalling_leg(
    layer: Layer, pedal: np.ndarray, hip: np.ndarray, facing: int, colour: Colour, light: Light, brightness: float
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


def _passer_by(rng: np.random.Generator, setting: Setting) -> tuple[Layer, float]:
    """Another walker out of the same palettes, nearer to the camera; at times a child."""
    child = rng.random() < 0.35
    size = rng.uniform(0.62, 0.74) if child else rng.uniform(1.0, 1.12)
    person = replace(draw_person(rng), cadence=1 / LOOP)
    if child:
        person = replace(person, head=1.3, hair=HAIR_COLOURS[int(rng.integers(3))])
    layer, top = _canvas(setting, 0.36 * max(size, 1.0), -0.16, LOOP)
    view = View(np.full(LOOP, setting.heading * np.pi / 2 + rng.normal(0, 0.3)), setting.camera.pitch)
    pose = walk(person, view, rng.uniform(0, 2 * np.pi))
    ground = 1 + 0.05 * size  # the feet of who is nearer stand lower in the picture
    grid = layer.grid
    own = Grid(grid.x / size, (grid.y - ground) / size + 1, grid.scale * size)
    return paint_walker(person, pose, own, setting.camera.light), top


STANDING = {"pole": _pole, "sign": _sign, "bench": _bench, "bin": _bin, "hedge": _hedge}
MOVING = {"walker": _passer_by, "car": _car, "bicycle": _cyclist}
KINDS = (*STANDING, *MOVING)
