"""One tracklet, twice: occluded, and the clean twin that shows what the occluders hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.config import WalkersConfig
from stcnet_lib.walkers.backdrop import backdrop, cast_shadow, ground_walked
from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.boxes import Boxes, detector_boxes, disturb
from stcnet_lib.walkers.bystanders import Scene, add_bystanders
from stcnet_lib.walkers.cameras import Camera, exposure, soften, walking_yaw
from stcnet_lib.walkers.cameras import camera as draw_camera
from stcnet_lib.walkers.events import Event, schedule
from stcnet_lib.walkers.motion import draw_motion, habit
from stcnet_lib.walkers.passing import Walk
from stcnet_lib.walkers.people import identity as draw_identity
from stcnet_lib.walkers.resolution import coarsen
from stcnet_lib.walkers.shapes import Grid
from stcnet_lib.walkers.skeleton import View, walk


@dataclass(frozen=True)
class WalkerTracklet:
    """A tracklet with its ground truth. Outside of `occluder` both pictures are equal, pixel for pixel."""

    pid: int
    camera: int
    name: str
    occluded: np.ndarray  # uint8 (T, H, W, 3)
    clean: np.ndarray  # uint8 (T, H, W, 3)
    occluder: np.ndarray  # bool (T, H, W): touched by an occluder
    person: np.ndarray  # bool (T, H, W): the clean person
    events: list[Event]


def render_tracklet(
    config: WalkersConfig, identity: int, camera: int, tracklet_index: int, *, invisible: bool = False
) -> WalkerTracklet:
    """Render tracklet `tracklet_index` (0, 1, …) of a person before a camera.

    A pure function of the arguments, so that it does not matter which process calls it. Background, light
    and occluders are drawn without regard to who the person is.

    Args:
        invisible: leave the person out of both pictures, for checks of what the rest tells about them.
    """
    rng = np.random.default_rng([config.seed, 5, identity, camera, tracklet_index])
    key = (identity, camera, tracklet_index)
    frames, size = config.frames, (config.height, config.width)
    eye = draw_camera(config.seed, camera)
    boxes = detector_boxes(rng, frames, *size)
    yaw = walking_yaw(eye, rng, frames)
    motion = draw_motion(config, key, yaw)
    yaw = yaw + motion.turn
    boxes = disturb(boxes, config, key, motion.looseness)
    person = draw_identity(config.seed, identity)
    grid = Grid.of_boxes(*size, boxes.scale, boxes.left, boxes.top)
    view = View(yaw, eye.pitch / motion.coarseness)  # who is far away is seen from less far above
    pose = walk(person, view, rng.uniform(0, 2 * np.pi), motion.look)
    layer = paint_walker(person, pose, grid, eye.light, turns=motion.turns)

    scene = _behind(config, key, eye, boxes, yaw, motion.coarseness, rng)
    if not invisible:
        scene *= 1 - layer.alpha
        scene += layer.rgb
    scene = coarsen(soften(scene, eye.blur), motion.coarseness)

    look = exposure(eye, rng)
    grain = look.grain(rng, layer.alpha.shape)
    clean = look.develop(scene, grain)
    shape = coarsen(layer.alpha[None], motion.coarseness)[0] > 0.5
    overlay, events = schedule(config, Walk(shape, yaw, boxes, eye, motion.coarseness), rng)
    occluded = clean
    if events:
        scene *= 1 - overlay.alpha
        scene += overlay.rgb
        occluded = look.develop(scene, grain)
    return WalkerTracklet(
        pid=identity,
        camera=camera,
        name=f"{identity:04d}/camera{camera}/{tracklet_index}",
        occluded=occluded,
        clean=clean,
        occluder=overlay.mask,
        person=shape,
        events=events,
    )


def _behind(
    config: WalkersConfig,
    key: tuple[int, int, int],
    eye: Camera,
    boxes: Boxes,
    yaw: np.ndarray,
    coarseness: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """All of the scene but the walker (3, T, H, W): the place, bystanders, the walker's shadow."""
    nearness = np.sqrt(coarseness)  # what is far behind a far walker looks larger beside them
    walked = ground_walked(yaw, nearness, config.height)
    size = (config.height, config.width)
    picture = backdrop(eye, config.seed, key[1], walked, nearness, boxes, size, rng)
    crowd = habit(config, 17, key)
    count = int(crowd.integers(config.bystanders[0], config.bystanders[1] + 1))
    add_bystanders(Scene(picture, eye, boxes, walked, nearness), count, crowd)
    # Usual boxes have the feet near their lower edge.
    first = 0 if boxes.moved.any() else int(config.height * 0.85)
    cast_shadow(picture, eye.light.side, boxes.left, boxes.top + boxes.scale, boxes.scale, first)
    return picture
