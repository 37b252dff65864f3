"""What makes walkers resemble people of a street: they turn and look aside, come and go, boxes drift.

All of it is off by default, and is drawn from random numbers of its own, so that the benchmark without it
stays as it was, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from PIL import Image

from stcnet_lib.config import WalkersConfig
from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.garments import Light
from stcnet_lib.walkers.passing import Walk, place
from stcnet_lib.walkers.people import Person
from stcnet_lib.walkers.shapes import Grid, Layer
from stcnet_lib.walkers.skeleton import Arm, Leg, Pose, View
from stcnet_lib.walkers.sprites import Setting, Sprite
from stcnet_lib.walkers.traffic import passer_by

_TURN = np.deg2rad(80)  # the most that a walk bends within a tracklet
_LOOK = np.deg2rad(50)  # the most that a head turns against the body
_STEP = np.deg2rad(
    12
)  # a body is painted anew after this much of a turn: it is painted by its mean direction
_COARSEST = 0.3  # of the resolution, of who is farthest away
_JUMP = 0.14  # of the box, for some frames
_CUT = 0.16  # of the person, above or below the box


@dataclass(frozen=True)
class Street:
    """What happens to one tracklet besides its walk."""

    turn: np.ndarray  # (T,) radians, added to the direction
    look: np.ndarray  # (T,) radians, of the head against the body
    sharpness: np.ndarray  # (T,) share of the resolution, 1 is full
    bystander: bool

    @property
    def turns(self) -> bool:
        return bool(np.any(self.turn) or np.any(self.look))


def draw_street(config: WalkersConfig, rng: np.random.Generator) -> Street:
    """Turns, looks aside, distance and bystanders of a tracklet; nothing of it where the settings are 0."""
    frames = config.frames
    time = np.linspace(0, 1, frames)
    turns, looks, comes, stands = (
        rng.random() < share for share in (config.turns, config.turns, config.approach, config.bystanders)
    )
    bend = rng.uniform(0.4, 1) * _TURN * rng.choice([-1, 1])
    turn = bend * _smooth_step((time - rng.uniform(0.1, 0.5)) / rng.uniform(0.25, 0.5)) if turns else 0 * time
    look = np.zeros(frames)
    if looks:
        middle, width = rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.2)
        look = rng.uniform(0.5, 1) * _LOOK * rng.choice([-1, 1]) * np.exp(-(((time - middle) / width) ** 2))
    near, far = 1.0, rng.uniform(_COARSEST, 0.7)
    distance = np.linspace(far, near, frames) if rng.random() < 0.5 else np.linspace(near, far, frames)
    return Street(turn, look, distance if comes else np.ones(frames), stands)


def _smooth_step(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def unsteady(boxes: Boxes, config: WalkersConfig, rng: np.random.Generator, height: int, width: int) -> Boxes:
    """The boxes of a worse detector: they drift, jump for some frames, and cut heads or feet off."""
    frames = len(boxes.scale)
    time = np.arange(frames)
    scale, left, top = boxes.scale.copy(), boxes.left.copy(), boxes.top.copy()
    waves = [np.sin(2 * np.pi * (time * rng.uniform(0.02, 0.06) + rng.random())) for _ in range(2)]
    left += config.box_drift * width * waves[0]
    top += 0.5 * config.box_drift * height * waves[1]
    jumps, cuts = rng.random() < config.box_jumps, rng.random() < config.cut_off
    first, length = int(rng.integers(frames)), int(rng.integers(2, 6))
    factor = 1 + _JUMP * rng.uniform(0.4, 1) * rng.choice([-1, 1])
    aside, down = rng.uniform(-_JUMP, _JUMP, 2)
    if jumps:
        at = slice(first, min(first + length, frames))
        top[at] -= scale[at] * (factor - 1) / 2
        scale[at] *= factor
        left[at] += aside * width
        top[at] += 0.5 * down * height
    first, length, share = int(rng.integers(frames)), int(rng.integers(3, 9)), rng.uniform(0.4, 1)
    head = rng.random() < 0.4
    if cuts:
        at = slice(first, min(first + length, frames))
        scale[at] *= 1 + _CUT * share
        top[at] = -_CUT * share * scale[at] if head else top[at]
    return Boxes(scale=scale, left=left, top=top)


def paint_turning(person: Person, pose: Pose, grid: Grid, light: Light, look: np.ndarray) -> Layer:
    """`paint_walker` for who turns: frames of about one direction at a time, since it paints by their mean.

    Args:
        look: (T,) radians by which the head is turned against the body.
    """
    whole = Layer(grid)
    yaw = pose.view.yaw
    steps = np.round(yaw / _STEP).astype(int) * 1000 + np.round(look / _STEP).astype(int)
    bounds = [0, *(np.flatnonzero(np.diff(steps)) + 1), len(yaw)]
    for first, last in pairwise(bounds):
        at = slice(first, last)
        own = Grid(grid.x[at], grid.y[at], grid.scale[at])
        layer = paint_walker(person, _part(pose, at), own, light, look[at])
        whole.rgb[:, at], whole.alpha[at] = layer.rgb, layer.alpha
    return whole


def _part(pose: Pose, at: slice) -> Pose:
    """The pose in some frames."""

    def cut(limb):
        return type(limb)(**{name: getattr(limb, name)[at] for name in limb.__dataclass_fields__})

    legs: tuple[Leg, Leg] = (cut(pose.legs[0]), cut(pose.legs[1]))
    arms: tuple[Arm, Arm] = (cut(pose.arms[0]), cut(pose.arms[1]))
    return replace(
        pose,
        legs=legs,
        arms=arms,
        neck=pose.neck[at],
        pelvis=pose.pelvis[at],
        head=pose.head[at],
        view=View(pose.view.yaw[at], pose.view.pitch),
        drop=pose.drop[at],
    )


def stand_by(scene: np.ndarray, boxes: Boxes, camera: Camera, rng: np.random.Generator) -> None:
    """Somebody who passes or stands in the background, farther away than the walker; in place.

    Args:
        scene: (3, T, H, W) before the walker is painted.
    """
    frames, height, width = scene.shape[1:]
    far = rng.uniform(0.6, 0.9)  # of the walker's size
    heading = int(rng.choice([-1, 1]))
    setting = Setting(float(boxes.scale.mean()) * far, heading, "all", camera)
    layer, top = passer_by(rng, setting)
    # Feet of who is farther away stand higher in the picture.
    origin = -top * setting.scale - (boxes.scale.mean() * (0.97 - far))
    sprite = Sprite("bystander", layer.rgb, layer.alpha, origin, True)
    start, pace = rng.uniform(-0.6, 0.6) * width, rng.uniform(0, 0.05) * width * heading
    route = start + pace * (np.arange(frames) - frames / 2)
    steady = Walk(np.zeros((frames, height, width), bool), np.zeros(frames), boxes, camera)
    rgb, alpha = place(sprite, route, steady)
    scene *= 1 - alpha
    scene += rgb


def coarsened(scene: np.ndarray, sharpness: np.ndarray) -> np.ndarray:
    """Frames (3, T, H, W) as if enlarged from a share of their resolution, (T,)."""
    result = scene.copy()
    height, width = scene.shape[2:]
    for t in np.flatnonzero(sharpness < 1):
        size = (max(round(width * sharpness[t]), 1), max(round(height * sharpness[t]), 1))
        for channel in range(3):
            small = Image.fromarray(scene[channel, t]).resize(size, Image.Resampling.BOX)
            result[channel, t] = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
    return result
