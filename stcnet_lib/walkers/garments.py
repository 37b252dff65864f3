"""What clothes look like: patterns in the coordinates of a garment, and the light on round bodies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.walkers.people import Person
from stcnet_lib.walkers.shapes import Patch, stripes


@dataclass(frozen=True)
class Light:
    """Where the light before one camera comes from."""

    side: float  # -1: from the left of the picture, +1: from the right
    roundness: float = 0.3  # how much a limb darkens towards its edges

    def on(self, patch: Patch | None, brightness: float = 1.0) -> np.ndarray | float:
        """(T, h, w) brightness of an upright cylinder, mean near `brightness`."""
        if patch is None:
            return brightness
        s = patch.across
        return brightness * (1.04 + 0.17 * self.side * s - self.roundness * s * s)


def surface(patch: Patch, yaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the visible surface of an upright cylinder lies on the body.

    Args:
        yaw: (T,) radians.

    Returns:
        lateral (T, h, w) from the person's right (-1) to their left (1); forward from back (-1) to front (1).
    """
    sin, cos = (f(yaw).astype(np.float32)[:, None, None] for f in (np.sin, np.cos))
    toward = np.sqrt(1 - patch.across * patch.across)
    return patch.across * cos - toward * sin, patch.across * sin + toward * cos


def upper_pattern(person: Person, patch: Patch, yaw: np.ndarray) -> np.ndarray | float:
    """(T, h, w) share of the upper garment's second colour on the torso."""
    along = patch.along
    if person.pattern == "hoops":
        return stripes(along, 0.2, 6) + 0 * patch.across
    if person.pattern == "two_tone":
        return np.clip(0.5 + (along - 0.52) * 30, 0, 1) + 0 * patch.across
    if person.pattern == "yoke":
        return np.clip(0.5 + (0.27 - along) * 30, 0, 1) + 0 * patch.across
    if person.pattern == "vertical":
        turn = np.arcsin(patch.across) + yaw.astype(np.float32)[:, None, None]
        return stripes(turn, np.pi / 5, 4, 0.38)
    if person.pattern == "checks":
        turn = np.arcsin(patch.across) + yaw.astype(np.float32)[:, None, None]
        return 0.5 * (stripes(along, 0.2, 5) + stripes(turn, np.pi / 4, 4))
    if person.pattern == "block":
        lateral, _ = surface(patch, yaw)
        wide = np.clip(0.5 + (0.62 - np.abs(lateral)) * 8, 0, 1)
        return wide * np.clip(0.5 + (0.13 - np.abs(along - 0.36)) * 30, 0, 1)
    if person.pattern == "open_front":
        lateral, forward = surface(patch, yaw)
        return np.clip(0.5 + (0.3 - np.abs(lateral)) * 8, 0, 1) * np.clip(forward * 5, 0, 1)
    return 0.0


def sleeve_pattern(person: Person, patch: Patch, start: float, end: float) -> np.ndarray | float:
    """(T, h, w) share of the second colour on a piece of sleeve.

    Args:
        start, end: where the piece lies on the whole arm, shoulder 0 to wrist 1.
    """
    along = start + (end - start) * patch.along
    if person.pattern == "hoops":
        return stripes(along, 0.22, 6)
    if person.pattern == "two_tone":
        return np.clip(0.5 + (along - 0.6) * 20, 0, 1)
    if person.pattern == "yoke":
        return np.clip(0.5 + (0.2 - along) * 20, 0, 1)
    if person.pattern == "checks":
        return 0.25 + 0.5 * stripes(along, 0.22, 5)
    return 0.0


def folds(patch: Patch, strength: float = 0.05) -> np.ndarray:
    """(T, h, w) faint brightness waves of hanging cloth."""
    return 1 + strength * np.sin(7 * patch.across + 11 * patch.along)
