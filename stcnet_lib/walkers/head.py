"""Head, face, hair and neck of a walker.

Whether hair hangs before or behind the face follows from the mean direction of all frames; of who turns
(`turns`: single frames) it is a shell around the back of the head, so that it moves as smoothly as the head.
"""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers.garments import Light, surface
from stcnet_lib.walkers.people import Person
from stcnet_lib.walkers.shapes import Colour, Grid, Layer, Patch, capsule, column, ellipse
from stcnet_lib.walkers.skeleton import Pose

HALF_HEIGHT, HALF_WIDTH, HALF_DEPTH = 0.069, 0.049, 0.058  # of an average head, body units
BEHIND_FACE, SHELL_EDGE = -0.05, 6.0  # hanging hair covers what lies behind this share of the head's depth
LONG_HAIR = np.array([(0, 0.04), (0.15, 0.056), (0.6, 0.058), (0.9, 0.054), (1, 0.04)])


def paint_neck(layer: Layer, person: Person, pose: Pose, light: Light, turns: bool) -> None:
    """The neck, over the hair of who comes towards the camera."""
    if _faces_camera(pose) or (turns and person.hair_style != "bun"):
        _paint_hanging_hair(layer, person, pose, light, turns)
    neck = capsule(layer.grid, pose.head, pose.neck + np.float32([0, 0.012]), 0.032, 0.034)
    layer.paint(neck, person.skin, light.on(neck, 0.8))  # in the shadow of the chin


def paint_head(layer: Layer, person: Person, pose: Pose, light: Light, turns: bool) -> None:
    """The face, the hair on the skull, then what hangs down the back of who goes away."""
    grid, size = layer.grid, person.head
    yaw = pose.gaze.yaw
    mean_yaw = float(np.mean(yaw))
    facing = np.cos(mean_yaw)
    width = float(np.hypot(HALF_WIDTH * facing, HALF_DEPTH * np.sin(mean_yaw))) * size
    height = HALF_HEIGHT * size
    centre = _centre(person, pose)
    if turns and person.hair_style == "cap" and facing <= 0:
        _paint_peak(layer, person, pose, centre, width)  # what is seen of it beside the head
    face = ellipse(grid, centre, width, height)
    if face is None:
        return
    _narrow_jaw(grid, face, centre, width)
    up = 1 - 2 * face.along
    lateral, forward = _on_skull(face, up, yaw)
    shade = light.on(face) * (1.02 + 0.06 * up)
    layer.paint(face, person.skin, shade)
    for side in (-1, 1):
        _paint_eye(layer, face, up, lateral, forward, side, height)

    skull = ellipse(grid, centre - np.float32([0, 0.003]), width * 1.09, height * 1.05)
    up = 1 - 2 * skull.along
    _, forward = _on_skull(skull, up, yaw)
    if person.hair_style == "cap":
        _paint_cap(layer, person, pose, skull, up, light)
        if facing > (0 if turns else -0.3):
            _paint_peak(layer, person, pose, centre, width)
    else:
        sharpness = float(np.mean(grid.scale)) * height / 1.9
        covered = np.clip(0.5 + (1.85 * up - forward + 0.1) * sharpness, 0, 1)
        hair = Patch(skull.rows, skull.columns, skull.alpha * covered, skull.along, skull.across)
        layer.paint(hair, person.hair, light.on(hair) * (1.0 + 0.25 * up))
    if turns and person.hair_style != "bun":
        _paint_hanging_hair(layer, person, pose, light, turns, shell=True)
    elif not _faces_camera(pose):
        _paint_hanging_hair(layer, person, pose, light, turns)


def _centre(person: Person, pose: Pose) -> np.ndarray:
    """(T, 2): smaller heads sit lower, on the same neck."""
    return pose.head + np.float32([0, (1 - person.head) * HALF_HEIGHT])


def _faces_camera(pose: Pose) -> bool:
    return bool(np.cos(np.mean(pose.gaze.yaw)) > 0.3)


def _on_skull(patch: Patch, up: np.ndarray, yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lateral and forward position (T, h, w) of the visible points of a unit sphere."""
    sin, cos = (f(yaw).astype(np.float32)[:, None, None] for f in (np.sin, np.cos))
    toward = np.sqrt(np.maximum(0, 1 - patch.across**2 - up**2))
    return patch.across * cos - toward * sin, patch.across * sin + toward * cos


def _narrow_jaw(grid: Grid, face: Patch, centre: np.ndarray, width: float) -> None:
    down = np.maximum(0, 2 * face.along - 1)
    half = width * (1 - 0.3 * down**2)
    x = grid.x[:, :, face.columns] - centre[:, 0, None, None]
    np.minimum(face.alpha, np.clip(0.5 + (half - np.abs(x)) * grid.scale, 0, 1), out=face.alpha)


def _paint_eye(
    layer: Layer,
    face: Patch,
    up: np.ndarray,
    lateral: np.ndarray,
    forward: np.ndarray,
    side: int,
    height: float,
) -> None:
    """A dark spot, faint enough to stay a hint at small sizes."""
    squared = (lateral - 0.4 * side) ** 2 + 1.5 * (up - 0.0) ** 2
    spot = np.clip(1.2 - squared * 40, 0, 1) * (forward > 0.3)
    eye = Patch(face.rows, face.columns, 0.6 * face.alpha * spot, face.along, face.across)
    layer.paint(eye, (0.16, 0.12, 0.1))


def _paint_hanging_hair(
    layer: Layer, person: Person, pose: Pose, light: Light, turns: bool, *, shell: bool = False
) -> None:
    """Long hair, a bob or a bun.

    Args:
        shell: only the part that is nearer to the camera than the face.
    """
    size, grid = person.head, layer.grid
    facing = float(np.cos(np.mean(pose.gaze.yaw)))
    back = pose.place_on_head(0, 0.0, -0.03)[:, 0] - pose.place_on_head(0, 0.0, 0.0)[:, 0]
    top = _centre(person, pose) + np.stack([back, np.full_like(back, -0.035)], axis=-1)
    if person.hair_style in ("long", "bob"):
        length = _hair_length(facing, turns) if person.hair_style == "long" else 0.115
        narrow = size * (0.78 + 0.22 * abs(facing))
        hair = column(grid, top, top + np.float32([0, length]), LONG_HAIR * [1, narrow])
        if hair is not None:
            if shell:
                _, forward = surface(hair, pose.gaze.yaw)
                hair.alpha[...] *= np.clip(0.5 + (BEHIND_FACE - forward) * SHELL_EDGE, 0, 1)
            layer.paint(hair, person.hair, light.on(hair, 0.95) * (1.1 - 0.2 * hair.along))
    elif person.hair_style == "bun":
        knot = ellipse(grid, top + np.stack([back, 0 * back], axis=-1), 0.028, 0.028)
        layer.paint(knot, person.hair, light.on(knot, 1.05))


def _hair_length(facing: float, turns: bool) -> float:
    """Of long hair: what falls over the chest is not behind it."""
    if turns:
        return 0.2 - 0.04 * float(np.clip(facing / 0.6, 0, 1))
    return 0.16 if facing > 0.3 else 0.2


def paint_strands(layer: Layer, person: Person, pose: Pose, light: Light, turns: bool) -> None:
    """Long hair that falls over the chest on both sides of the face."""
    if person.hair_style != "long" or not (turns or _faces_camera(pose)):
        return
    for side in (-1, 1):
        start, end = pose.place_on_head(0.047 * side, 0.1, 0.01), pose.place(0.056 * side, 0.235, 0.055)
        strand = capsule(layer.grid, start, end, 0.015, 0.011)
        if turns and strand is not None:  # it goes out of sight behind the body
            yaw = float(np.mean(pose.view.yaw))
            nearness = 0.055 * np.cos(yaw) - 0.056 * side * np.sin(yaw)
            strand.alpha[...] *= np.clip(0.5 + (nearness + 0.02) / 0.015, 0, 1)
        layer.paint(strand, person.hair, light.on(strand, 0.95))


def _paint_cap(
    layer: Layer,
    person: Person,
    pose: Pose,
    skull: Patch,
    up: np.ndarray,
    light: Light,
) -> None:
    """The cap without its peak, and the hair under it."""
    colour: Colour = person.bag_colour
    _, forward = _on_skull(skull, up, pose.gaze.yaw)
    hairline = np.clip(0.5 + (1.2 * up - forward + 0.1) * 5, 0, 1) * (up > -0.45)
    layer.paint(
        Patch(skull.rows, skull.columns, skull.alpha * hairline, skull.along, skull.across), person.hair
    )
    above = np.clip(0.5 + (up - 0.22) * 6, 0, 1)
    cap = Patch(skull.rows, skull.columns, skull.alpha * above, skull.along, skull.across)
    layer.paint(cap, colour, light.on(cap) * (0.95 + 0.2 * up))


def _paint_peak(layer: Layer, person: Person, pose: Pose, centre: np.ndarray, width: float) -> None:
    """The peak of a cap, in the direction of the face."""
    colour, grid, yaw = person.bag_colour, layer.grid, pose.gaze.yaw
    reach = (width * 1.55 * np.sin(yaw)).astype(np.float32)
    root = centre + np.stack([0.45 * reach, np.full_like(reach, -0.018)], axis=-1)
    tip = centre + np.stack([reach, np.full_like(reach, -0.014)], axis=-1)
    half = width * 0.55 * max(0.0, float(np.cos(np.mean(yaw))))
    for offset in (-half, half):
        layer.paint(capsule(grid, root, tip + np.float32([offset, 0]), 0.009, 0.008), colour, 0.72)
