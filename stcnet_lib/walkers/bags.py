"""What a walker carries: backpack, shoulder bag, handbag."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers.garments import Light
from stcnet_lib.walkers.people import Person
from stcnet_lib.walkers.shapes import Grid, Layer, Patch, box, capsule
from stcnet_lib.walkers.skeleton import Arm, Pose


def paint_backpack(layer: Layer, person: Person, pose: Pose, light: Light) -> None:
    """On the back: behind the torso for who comes, before it for who goes."""
    yaw = float(np.mean(pose.view.yaw))
    half = float(np.hypot(0.085 * np.cos(yaw), 0.05 * np.sin(yaw))) * (0.5 + 0.5 * person.build)
    bag = box(layer.grid, pose.place(0, 0.315, -0.1), half, 0.105, 0.035)
    layer.paint(bag, person.bag_colour, light.on(bag) * _lit_from_above(bag))
    pocket = box(layer.grid, pose.place(0, 0.365, -0.135), half * 0.72, 0.042, 0.015)
    layer.paint(pocket, person.bag_colour, 0.82 * light.on(pocket) * _lit_from_above(pocket))


def paint_straps(layer: Layer, person: Person, pose: Pose) -> None:
    """The shoulder straps of a backpack, where the chest is in sight."""
    yaw = float(np.mean(pose.view.yaw))
    for side in (-1, 1):
        forward, lateral = 0.066, side * 0.052
        if forward * np.cos(yaw) - lateral * np.sin(yaw) < 0.02:
            continue  # on the side turned away
        top, bottom = pose.place(lateral, 0.19, 0.02), pose.place(lateral * 1.1, 0.36, forward)
        layer.paint(capsule(layer.grid, top, bottom, 0.0125, 0.0115), person.bag_colour, 0.85)


def is_far(person: Person, sideways: float) -> bool:
    """Whether the bag hangs on the side turned away from the camera."""
    return person.bag_side * sideways > 0.35


def paint_shoulder_bag(layer: Layer, person: Person, pose: Pose, light: Light, turns: bool) -> None:
    """A bag at the hip, its strap across the body to the other shoulder."""
    side = person.bag_side
    yaw = float(np.mean(pose.view.yaw))
    # The strap is seen where it crosses chest or back; while somebody turns it wanders from one to the other.
    chest = 0.05 * (np.clip(3 * np.cos(yaw), -1, 1) if turns else np.sign(np.cos(yaw)))
    hip = pose.place(side * 0.112 * person.build, 0.5, chest * 0.5)
    strap = capsule(layer.grid, pose.place(-side * 0.06, 0.185, chest * 0.6), hip, 0.0115, 0.0115)
    layer.paint(strap, person.bag_colour, 0.85)
    half = 0.045 + 0.03 * abs(float(np.sin(yaw)))
    bag = box(layer.grid, hip + np.float32([0, 0.035]), half, 0.058, 0.016)
    layer.paint(bag, person.bag_colour, light.on(bag) * _lit_from_above(bag))
    flap = box(layer.grid, hip + np.float32([0, 0.008]), half, 0.03, 0.012)
    layer.paint(flap, person.bag_colour, 1.12)


def paint_handbag(layer: Layer, person: Person, arm: Arm, light: Light, brightness: float) -> None:
    """A bag that hangs from the hand."""
    grid: Grid = layer.grid
    centre = arm.hand + np.float32([0, 0.115])
    for handle in (-0.03, 0.03):
        end = centre + np.float32([handle, -0.06])
        layer.paint(capsule(grid, arm.hand, end, 0.006, 0.006), person.bag_colour, 0.8 * brightness)
    bag = box(grid, centre, 0.062, 0.06, 0.018)
    layer.paint(bag, person.bag_colour, light.on(bag, brightness) * _lit_from_above(bag))


def _lit_from_above(patch: Patch | None) -> np.ndarray | float:
    return 1.0 if patch is None else 1.1 - 0.2 * patch.along
