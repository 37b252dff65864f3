"""People behind the walker, farther from the camera: part of the background, and never an occluder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stcnet_lib.walkers.backdrop import PACE, cast_shadow
from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.people import Person, draw_person
from stcnet_lib.walkers.shapes import Grid
from stcnet_lib.walkers.skeleton import View, walk

STANDING = 0.4  # share of the bystanders that do not walk
HORIZON = -0.3  # height at which all people's heads would be as far away as can be, body units
SIZES = (0.7, 0.93)  # of the walker, nearer ones are larger
UPRIGHT = np.pi / 2 - 0.35  # phase of the gait in which no knee swings


@dataclass(frozen=True)
class Scene:
    """What bystanders are placed in."""

    picture: np.ndarray  # (3, T, H, W) in [0, 1], painted over in place
    camera: Camera
    boxes: Boxes
    walked: np.ndarray  # (T,) pixels, see backdrop.ground_walked
    nearness: np.ndarray  # (T,) see backdrop.backdrop


def add_bystanders(scene: Scene, count: int, rng: np.random.Generator) -> None:
    """Paint `count` people, the farthest first; each of them is in sight in some frame."""
    for size in np.sort(rng.uniform(*SIZES, count)):
        _add(scene, float(size), rng)


def _add(scene: Scene, size: float, rng: np.random.Generator) -> None:
    boxes, picture = scene.boxes, scene.picture
    frames, height, width = picture.shape[1:]
    person, direction, pace = _habits(rng, frames, height)
    met = int(rng.integers(frames))  # the frame in which they are somewhere beside the walker
    away = rng.uniform(0.15, 0.55) * width * (1 if rng.random() < 0.5 else -1)
    offset = away + (pace * (np.arange(frames) - met) - (scene.walked - scene.walked[met]))
    # On the panorama's ground: pixels there, then body units of the walker.
    unit = boxes.usual_scale
    x = offset * scene.nearness / unit
    tall = size * scene.nearness
    feet = 1 + (HORIZON + (1 - HORIZON) * size - 1) * scene.nearness
    left, ground = boxes.left + x * boxes.scale, boxes.top + feet * boxes.scale
    pixels = tall * boxes.scale
    cast_shadow(picture, scene.camera.light.side, left, ground, pixels)
    grid = Grid.of_boxes(height, width, pixels, left, ground - pixels)
    pose = walk(
        person, View(direction, scene.camera.pitch), UPRIGHT if pace == 0 else rng.uniform(0, 2 * np.pi)
    )
    layer = paint_walker(person, pose, grid, scene.camera.light)
    picture *= 1 - layer.alpha
    picture += layer.rgb


def _habits(rng: np.random.Generator, frames: int, height: int) -> tuple[Person, np.ndarray, float]:
    """Who it is, the direction (T,) in radians, and the pixels walked in a frame, to the right."""
    person = draw_person(rng)
    if rng.random() < STANDING:
        still = replace(person, stride=0.0, arm_swing=0.05, cadence=0.0)
        return still, np.full(frames, rng.uniform(-np.pi, np.pi)), 0.0
    heading = 1 if rng.random() < 0.5 else -1
    yaw = heading * np.pi / 2 + rng.normal(0, 0.3)
    return person, np.full(frames, yaw), PACE * height * float(np.sin(yaw)) * rng.uniform(0.8, 1.1)
