"""Paints a walker: body parts from the farthest to the nearest."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers import bags, head
from stcnet_lib.walkers.garments import Light, folds, sleeve_pattern, upper_pattern
from stcnet_lib.walkers.people import Person
from stcnet_lib.walkers.shapes import Grid, Layer, capsule, column
from stcnet_lib.walkers.skeleton import HEEL_RADIUS, TOE_RADIUS, Leg, Pose

FAR = 0.8  # brightness of the limbs on the far side: keeps the legs apart

# Half widths of the torso along its axis (0 neck, 1 at the hips), seen from the front and from the side.
TORSO_FRONT = np.array(
    [
        (0, 0.032),
        (0.03, 0.066),
        (0.07, 0.098),
        (0.13, 0.112),
        (0.35, 0.103),
        (0.65, 0.09),
        (0.88, 0.1),
        (1, 0.104),
    ]
)
TORSO_SIDE = np.array(
    [
        (0, 0.03),
        (0.03, 0.042),
        (0.09, 0.054),
        (0.17, 0.063),
        (0.35, 0.07),
        (0.65, 0.064),
        (0.88, 0.075),
        (1, 0.08),
    ]
)


def paint_walker(person: Person, pose: Pose, grid: Grid, light: Light, *, turns: bool = False) -> Layer:
    """The walker in T frames, without a background.

    Which limb hides which and how wide a body is seen follow from the mean direction of the frames: right
    for who walks straight on, and fast.

    Args:
        turns: paint every frame by itself, in its own direction: for somebody who turns or looks aside.
    """
    if not turns:
        return _paint(person, pose, grid, light, turns=False)
    layer = Layer(grid)
    for number in range(len(pose.view.yaw)):
        one = _paint(person, pose.frame(number), grid.frame(number), light, turns=True)
        layer.rgb[:, number], layer.alpha[number] = one.rgb[:, 0], one.alpha[0]
    return layer


def _paint(person: Person, pose: Pose, grid: Grid, light: Light, turns: bool) -> Layer:
    """The walker in T frames of about one direction; who turns gets hair and straps that do not leap."""
    layer = Layer(grid)
    yaw = float(np.mean(pose.view.yaw))
    sideways, facing = np.sin(yaw), np.cos(yaw)
    far, near = (0, 1) if sideways > 0 else (1, 0)  # seen from the right, the left limbs are far

    hidden_arm = abs(sideways) > 0.35
    if hidden_arm:
        _paint_arm(layer, person, pose, far, light, FAR)
    if person.bag == "backpack" and facing > -0.3:
        bags.paint_backpack(layer, person, pose, light)
    if person.bag == "shoulder" and bags.is_far(person, sideways):
        bags.paint_shoulder_bag(layer, person, pose, light, turns)
    for side, brightness in ((far, FAR if hidden_arm else 0.95), (near, 1.0)):
        _paint_leg(layer, person, pose.legs[side], light, brightness)
    _paint_hips(layer, person, pose, light)
    head.paint_neck(layer, person, pose, light, turns)
    _paint_torso(layer, person, pose, light)
    if person.bag == "backpack":
        bags.paint_straps(layer, person, pose)
        if facing <= -0.3:
            bags.paint_backpack(layer, person, pose, light)
    head.paint_strands(layer, person, pose, light, turns)
    head.paint_head(layer, person, pose, light, turns)
    if not hidden_arm:
        _paint_arm(layer, person, pose, far, light, 0.96)
    if person.bag == "shoulder" and not bags.is_far(person, sideways):
        bags.paint_shoulder_bag(layer, person, pose, light, turns)
    _paint_arm(layer, person, pose, near, light, 1.0)
    return layer


def _paint_leg(layer: Layer, person: Person, leg: Leg, light: Light, brightness: float) -> None:
    grid, build = layer.grid, person.build
    thick = 0.5 + 0.5 * build
    skirt = person.lower_kind in ("skirt", "long_skirt")
    bare = skirt or person.lower_kind == "shorts"
    shin_end = {"trousers": 0.033, "wide": 0.05}.get(person.lower_kind, 0.024)
    colour = person.skin if bare else person.lower

    shoe = capsule(grid, leg.heel, leg.toe, HEEL_RADIUS, TOE_RADIUS)
    layer.paint(shoe, person.shoes, light.on(shoe, brightness))
    if bare:  # the cloth of trousers hides the ankle
        ankle = capsule(grid, leg.ankle, leg.heel, 0.023, 0.02)
        layer.paint(ankle, person.skin, light.on(ankle, brightness))
    shin = capsule(grid, leg.knee, leg.ankle, (0.038 if bare else 0.045) * thick, shin_end * thick)
    layer.paint(shin, colour, light.on(shin, brightness * 0.97))
    thigh = capsule(
        grid, leg.hip, leg.knee, (0.052 if skirt else 0.059) * thick, (0.042 if bare else 0.047) * thick
    )
    if person.lower_kind == "shorts":
        layer.paint(thigh, person.skin, light.on(thigh, brightness))
        thigh = capsule(grid, leg.hip, leg.hip + 0.78 * (leg.knee - leg.hip), 0.066 * thick, 0.056 * thick)
    layer.paint(thigh, person.skin if skirt else person.lower, light.on(thigh, brightness))
    if person.side_stripe and not bare:
        stripe = 0.012
        for start, end in ((leg.hip, leg.knee), (leg.knee, leg.ankle)):
            layer.paint(capsule(grid, start, end, stripe, stripe), person.upper_second, 0.95 * brightness)


def _paint_hips(layer: Layer, person: Person, pose: Pose, light: Light) -> None:
    """The seat of trousers, or a skirt that follows the knees."""
    top = pose.pelvis - np.float32([0, 0.08])
    waist, hips = _seen(pose, TORSO_FRONT[-2:], TORSO_SIDE[-2:])[:, 1] * person.build * 0.97
    if person.lower_kind not in ("skirt", "long_skirt"):
        bottom = pose.pelvis + np.float32([0, 0.045])
        seat = column(layer.grid, top, bottom, np.array([[0, waist], [0.6, hips], [1, hips * 0.72]]))
        layer.paint(seat, person.lower, light.on(seat))
        return
    left, right = pose.legs
    if person.lower_kind == "skirt":
        length, joints = 0.21, (left.knee[:, 0], right.knee[:, 0])
    else:
        length, joints = 0.345, ((left.knee + left.ankle)[:, 0] / 2, (right.knee + right.ankle)[:, 0] / 2)
    bottom = np.stack([(joints[0] + joints[1]) / 2, pose.pelvis[:, 1] + length], axis=-1)
    reach = np.abs(joints[0] - joints[1]) / 2 + 0.042  # the hem goes around both legs
    profile = np.array([[0, waist], [0.3, hips], [1, hips]])
    skirt = column(layer.grid, top, bottom, profile, np.maximum(0, reach - hips))
    if skirt is not None:
        layer.paint(skirt, person.lower, light.on(skirt) * folds(skirt, 0.07))


def _paint_torso(layer: Layer, person: Person, pose: Pose, light: Light) -> None:
    profile = _seen(pose, TORSO_FRONT, TORSO_SIDE) * [1, person.build]
    length = (person.hem - 0.168) / (0.55 - 0.168)
    if length > 1:  # a coat hangs straight down from the hips
        profile = np.vstack([profile, [length, profile[-1, 1] * 1.06]])
    profile[:, 0] /= profile[-1, 0]
    bottom = pose.pelvis + np.float32([0, person.hem - 0.485])
    swing = np.abs(pose.legs[0].knee[:, 0] - pose.legs[1].knee[:, 0]) / 2
    widen = np.maximum(0, 0.5 * swing - 0.02) if length > 1 else 0.0
    torso = column(layer.grid, pose.neck, bottom, profile, widen)
    if torso is None:
        return
    mix = upper_pattern(person, torso, pose.view.yaw)
    shade = light.on(torso) * folds(torso) * (1.06 - 0.12 * torso.along)
    layer.paint(torso, person.upper, shade, person.upper_second, mix)


def _paint_arm(layer: Layer, person: Person, pose: Pose, side: int, light: Light, brightness: float) -> None:
    grid, arm = layer.grid, pose.arms[side]
    thick = 0.5 + 0.5 * person.build
    if person.bag == "handbag" and person.bag_side == (1, -1)[side]:
        bags.paint_handbag(layer, person, arm, light, brightness)
    hand = capsule(grid, arm.wrist, arm.hand, 0.017, 0.019)
    layer.paint(hand, person.skin, light.on(hand, brightness))
    sleeve = 0.027 if not person.short_sleeves else 0.0215
    forearm = capsule(grid, arm.elbow, arm.wrist, 0.028 * thick, sleeve * thick)
    if forearm is not None and person.short_sleeves:
        layer.paint(forearm, person.skin, light.on(forearm, brightness))
    elif forearm is not None:
        mix = sleeve_pattern(person, forearm, 0.5, 1.0)
        layer.paint(forearm, person.upper, light.on(forearm, brightness), person.upper_second, mix)
    upper = capsule(grid, arm.shoulder, arm.elbow, 0.034 * thick, 0.029 * thick)
    if person.short_sleeves:
        layer.paint(upper, person.skin, light.on(upper, brightness))
        cuff = arm.shoulder + 0.62 * (arm.elbow - arm.shoulder)
        upper = capsule(grid, arm.shoulder, cuff, 0.035 * thick, 0.036 * thick)
    if upper is not None:
        mix = sleeve_pattern(person, upper, 0.0, 0.5)
        layer.paint(upper, person.upper, light.on(upper, brightness), person.upper_second, mix)


def _seen(pose: Pose, front: np.ndarray, side: np.ndarray) -> np.ndarray:
    """(P, 2) outline of an elliptic body seen from the walker's mean yaw."""
    yaw = float(np.mean(pose.view.yaw))
    seen = front.copy()
    seen[:, 1] = np.hypot(front[:, 1] * np.cos(yaw), side[:, 1] * np.sin(yaw))
    return seen
