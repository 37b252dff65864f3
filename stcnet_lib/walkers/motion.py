"""What a walker does beside walking straight on: turns, looks aside, comes nearer or goes away.

Each habit has random numbers of its own, so that switching one on changes nothing else of a tracklet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.config import WalkersConfig

LOOSE = 0.05  # by which share a detector's box is wider around a person of half the pixels


@dataclass(frozen=True)
class Motion:
    """Of one tracklet, (T,) each."""

    turn: np.ndarray  # added to the direction of walking, radians; zero in the mean of begin and end
    look: np.ndarray  # of the head against the body, radians
    coarseness: np.ndarray  # at least 1: how many pixels of the crop are one of the camera's

    @property
    def turns(self) -> bool:
        """Whether head or body turn more than those who walk straight on."""
        return bool(self.turn.any() or self.look.any())

    @property
    def nears(self) -> bool:
        """Whether the distance to the camera changes."""
        return bool((self.coarseness > 1).any())

    @property
    def looseness(self) -> np.ndarray:
        """(T,) factor by which the person is smaller in the box: far away, boxes fit less tightly."""
        return 1 - LOOSE * (self.coarseness - 1)


def draw_motion(config: WalkersConfig, key: tuple[int, int, int], yaw: np.ndarray) -> Motion:
    """The habits of one tracklet.

    Args:
        key: identity, camera, number of the tracklet.
        yaw: (T,) radians; who mostly comes towards the camera grows, others shrink.
    """
    frames = len(yaw)
    return Motion(
        turn=_turn(config, habit(config, 11, key), frames),
        look=_look(config, habit(config, 12, key), frames),
        coarseness=_coarseness(config, habit(config, 13, key), yaw),
    )


def habit(config: WalkersConfig, number: int, key: tuple[int, int, int]) -> np.random.Generator:
    """Random numbers of one habit in one tracklet; the numbers below 11 belong to the rest of the walkers."""
    return np.random.default_rng([config.seed, number, *key])


def _turn(config: WalkersConfig, rng: np.random.Generator, frames: int) -> np.ndarray:
    """A smooth turn to one side, over half of the tracklet or more."""
    if rng.random() >= config.turns:
        return np.zeros(frames)
    angle = np.deg2rad(rng.uniform(*config.turn_degrees)) * side(rng)
    begin, end = rng.uniform(0, 0.25), rng.uniform(0.75, 1)
    return angle * (_rise(frames, begin, end) - 0.5)


def _look(config: WalkersConfig, rng: np.random.Generator, frames: int) -> np.ndarray:
    """The head turns to one side, stays and comes back, unless the tracklet ends before."""
    if rng.random() >= config.looks:
        return np.zeros(frames)
    angle = np.deg2rad(rng.uniform(*config.look_degrees)) * side(rng)
    begin, length, pace = rng.uniform(-0.1, 0.5), rng.uniform(0.3, 0.6), rng.uniform(0.15, 0.3)
    there = _rise(frames, begin, begin + pace)
    back = _rise(frames, begin + length, begin + length + pace)
    return angle * (there - back)


def _coarseness(config: WalkersConfig, rng: np.random.Generator, yaw: np.ndarray) -> np.ndarray:
    """From the farthest to the nearest frame; the size in the camera's picture changes by equal factors."""
    if rng.random() >= config.approach:
        return np.ones(len(yaw))
    far = rng.uniform(*config.approach_factor)
    near = 1 + rng.uniform(0, 0.3) * (far - 1)
    way = np.linspace(0, 1, len(yaw))
    if np.cos(yaw).mean() < 0:
        way = way[::-1]
    return far * (near / far) ** way


def side(rng: np.random.Generator) -> int:
    """1 or -1."""
    return 1 if rng.random() < 0.5 else -1


def _rise(frames: int, begin: float, end: float) -> np.ndarray:
    """(T,) smoothly from 0 at `begin` to 1 at `end`, shares of the tracklet."""
    share = np.clip((np.linspace(0, 1, frames) - begin) / (end - begin), 0, 1)
    return share * share * (3 - 2 * share)
