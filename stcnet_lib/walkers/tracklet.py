"""One tracklet, twice: occluded, and the clean twin that shows what the occluders hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.config import WalkersConfig
from stcnet_lib.walkers.backdrop import backdrop
from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.boxes import detector_boxes
from stcnet_lib.walkers.cameras import camera as draw_camera
from stcnet_lib.walkers.cameras import exposure, soften, walking_yaw
from stcnet_lib.walkers.events import Event, schedule
from stcnet_lib.walkers.passing import Walk
from stcnet_lib.walkers.people import identity as draw_identity
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
    frames, size = config.frames, (config.height, config.width)
    eye = draw_camera(config.seed, camera)
    boxes = detector_boxes(rng, frames, *size)
    yaw = walking_yaw(eye, rng, frames)
    person = draw_identity(config.seed, identity)
    grid = Grid.of_boxes(*size, boxes.scale, boxes.left, boxes.top)
    pose = walk(person, View(yaw, eye.pitch), rng.uniform(0, 2 * np.pi))
    layer = paint_walker(person, pose, grid, eye.light)

    scene = backdrop(eye, config.seed, camera, yaw, boxes, size, rng)
    if not invisible:
        scene *= 1 - layer.alpha
        scene += layer.rgb
    scene = soften(scene, eye.blur)

    look = exposure(eye, rng)
    grain = look.grain(rng, layer.alpha.shape)
    clean = look.develop(scene, grain)
    shape = layer.alpha > 0.5
    overlay, events = schedule(config, Walk(shape, yaw, boxes, eye), rng)
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
