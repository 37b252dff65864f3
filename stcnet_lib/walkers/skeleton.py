"""How a person walks: joint positions over a gait cycle, seen from any side.

The body is a skeleton of rods in three dimensions (lateral: to the person's left, y: down, forward), moved by
the textbook curves of human gait (hip angle sinusoidal, knee bent in the swing phase, arms against the legs)
and projected orthographically by a camera that looks slightly down.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from stcnet_lib.walkers.people import Person

HIP_HEIGHT, THIGH, SHIN = 0.485, 0.235, 0.235  # of the body's height
SHOULDER_HEIGHT, UPPER_ARM, FOREARM = 0.212, 0.16, 0.135
HEEL_RADIUS, TOE_RADIUS = 0.022, 0.017


@dataclass(frozen=True)
class View:
    """From where a walker is seen."""

    yaw: np.ndarray  # (T,) radians: 0 walks towards the camera, +pi/2 to the right of the picture
    pitch: float | np.ndarray  # tangent of the angle by which the camera looks down; or (T,)

    def project(self, lateral: np.ndarray, y: np.ndarray, forward: np.ndarray) -> np.ndarray:
        """(T, 2) positions in the picture of points (T,) of the body."""
        sin, cos = np.sin(self.yaw), np.cos(self.yaw)
        nearness = forward * cos - lateral * sin
        x = lateral * cos + forward * sin
        return np.stack([x, y + self.pitch * nearness], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Leg:
    """Joints in the picture, (T, 2) each."""

    hip: np.ndarray
    knee: np.ndarray
    ankle: np.ndarray
    heel: np.ndarray
    toe: np.ndarray


@dataclass(frozen=True)
class Arm:
    """Joints in the picture, (T, 2) each."""

    shoulder: np.ndarray
    elbow: np.ndarray
    wrist: np.ndarray
    hand: np.ndarray


@dataclass(frozen=True)
class Pose:
    """All joints of a walker in T frames; index 0 of legs and arms is the person's left."""

    legs: tuple[Leg, Leg]
    arms: tuple[Arm, Arm]
    neck: np.ndarray  # (T, 2) where the torso begins
    pelvis: np.ndarray  # (T, 2)
    head: np.ndarray  # (T, 2) centre
    view: View
    gaze: View  # the same for the head, which may look aside
    drop: np.ndarray  # (T,) how far the body sank to keep a foot on the ground

    def place(self, lateral: float, y: float, forward: float) -> np.ndarray:
        """(T, 2) position in the picture of a point that rides on the trunk."""
        return self._ride(self.view, lateral, y, forward)

    def place_on_head(self, lateral: float, y: float, forward: float) -> np.ndarray:
        """(T, 2) position in the picture of a point that turns with the head."""
        return self._ride(self.gaze, lateral, y, forward)

    def _ride(self, view: View, lateral: float, y: float, forward: float) -> np.ndarray:
        ones = np.ones_like(self.drop)
        return view.project(lateral * ones, y + self.drop, forward * ones)

    def frame(self, number: int) -> Pose:
        """The pose of one frame alone (T = 1)."""
        return _only(self, slice(number, number + 1))


def _only(part, frames: slice):
    """A pose, or a part of one, in some of its frames: every array is cut along its first axis."""
    if isinstance(part, np.ndarray):
        return part[frames]
    if isinstance(part, tuple):
        return tuple(_only(each, frames) for each in part)
    if isinstance(part, float | int):
        return part
    return replace(part, **{each.name: _only(getattr(part, each.name), frames) for each in fields(part)})


def walk(person: Person, view: View, phase: float, look: np.ndarray | None = None) -> Pose:
    """The joints of T frames, one foot always on the ground (y = 1).

    Args:
        phase: of the gait cycle in the first frame, radians.
        look: (T,) by how much the head is turned against the body, radians; none: it looks ahead.
    """
    frames = np.arange(len(view.yaw))
    cycle = phase + 2 * np.pi * person.cadence * frames
    legs = [_leg(person, side, cycle + offset) for side, offset in ((1, 0.0), (-1, np.pi))]
    lowest = np.max([np.maximum(leg[3][1] + HEEL_RADIUS, leg[4][1] + TOE_RADIUS) for leg in legs], axis=0)
    drop = 1 - lowest  # (T,)

    def project(joints):
        return [view.project(lateral, y + drop, forward) for lateral, y, forward in joints]

    arms = [_arm(person, side, cycle + offset) for side, offset in ((1, np.pi), (-1, 0.0))]
    sway = 0.006 * np.sin(cycle)
    zero = np.zeros_like(cycle)
    trunk = project(
        [
            (sway, zero + 0.168, zero + 0.012),
            (sway, zero + HIP_HEIGHT, zero),
            (sway, zero + 0.077, zero + 0.022),
        ]
    )
    return Pose(
        legs=(Leg(*project(legs[0])), Leg(*project(legs[1]))),
        arms=(Arm(*project(arms[0])), Arm(*project(arms[1]))),
        neck=trunk[0],
        pelvis=trunk[1],
        head=trunk[2],
        view=view,
        gaze=view if look is None else replace(view, yaw=view.yaw + look),
        drop=drop,
    )


def _leg(person: Person, side: int, cycle: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Hip, knee, ankle, heel and toe as (lateral, y, forward); the swing phase is where cos(cycle) > 0."""
    lateral = side * 0.046 * person.build + 0 * cycle
    thigh = 0.05 + person.stride * np.sin(cycle)
    swing = np.maximum(0, np.cos(cycle + 0.35)) ** 2
    knee_bend = 0.08 + 0.85 * swing + 0.1 * np.maximum(0, -np.cos(cycle)) ** 2
    shin = thigh - knee_bend
    hip = (lateral, HIP_HEIGHT + 0 * cycle, 0 * cycle)
    knee = (lateral, hip[1] + THIGH * np.cos(thigh), THIGH * np.sin(thigh))
    ankle = (lateral * 0.9, knee[1] + SHIN * np.cos(shin), knee[2] + SHIN * np.sin(shin))
    # The toes point down while the leg trails, a little up when the heel comes first.
    foot = np.where(shin < 0, -0.75 * shin, -0.6 * shin) - 0.12 * swing
    sin, cos = np.sin(foot), np.cos(foot)

    def on_foot(forward: float, down: float):
        return (
            lateral * (1 + 2 * forward),
            ankle[1] + forward * sin + down * cos,
            ankle[2] + forward * cos - down * sin,
        )

    return [hip, knee, ankle, on_foot(-0.022, 0.02), on_foot(0.078, 0.026)]


def _arm(person: Person, side: int, cycle: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Shoulder, elbow, wrist and hand as (lateral, y, forward)."""
    carries = person.bag == "handbag" and person.bag_side == side
    swing = person.arm_swing * (0.35 if carries else 1.0) * np.sin(cycle)
    bend = 0.22 + 0.5 * np.maximum(0, swing)
    spread = 0.1 if carries else 0.13
    shoulder = (
        side * 0.1 * person.build + 0 * cycle,
        SHOULDER_HEIGHT + 0 * cycle,
        0.01 + 0.045 * np.sin(cycle) * person.arm_swing,
    )

    def onward(joint, length: float, angle: np.ndarray, outward: float):
        return (
            joint[0] + side * length * np.sin(outward),
            joint[1] + length * np.cos(angle) * np.cos(outward),
            joint[2] + length * np.sin(angle),
        )

    elbow = onward(shoulder, UPPER_ARM, swing - 0.05, spread)
    wrist = onward(elbow, FOREARM, swing + bend, spread * 0.3)
    return [shoulder, elbow, wrist, onward(wrist, 0.035, swing + bend, -0.05)]
