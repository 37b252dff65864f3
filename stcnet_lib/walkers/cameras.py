"""The cameras: from where they look, their light, colours, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.walkers.garments import Light
from stcnet_lib.walkers.scenery import SCENES

_YAWS = (0.0, 90.0, -140.0, 40.0, -90.0, 180.0, -45.0, 135.0)  # degrees, see View.yaw


@dataclass(frozen=True)
class Camera:
    """What all tracklets of one camera share."""

    scene: str
    yaw: float  # radians, the direction most people walk in
    pitch: float
    light: Light
    cast: tuple[float, float, float]  # factors of red, green, blue
    brightness: float
    contrast: float
    blur: float  # weight of the neighbours in a 1-2-1 like kernel
    noise: float  # standard deviation, levels of 255


@dataclass(frozen=True)
class Exposure:
    """How one tracklet was recorded: its camera's look at that hour."""

    gain: np.ndarray  # (3,) factors
    contrast: float
    noise: float

    def develop(self, scene: np.ndarray, grain: np.ndarray) -> np.ndarray:
        """uint8 (T, H, W, 3) out of colours (3, T, H, W) in [0, 1] and a field of noise (3, T, H, W)."""
        factor = 255 * self.contrast * self.gain
        offset = 255 * 0.45 * (1 - self.contrast) * self.gain  # contrast turns around a middle grey
        image = np.empty((*scene.shape[1:], 3), np.uint8)
        for channel in range(3):
            values = scene[channel] * np.float32(factor[channel])
            values += np.float32(offset[channel])
            values += grain[channel]
            np.clip(values, 0, 255, out=values)
            image[..., channel] = values
        return image

    def grain(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Sensor noise (3, T, H, W) in levels; the half level makes the later truncation a rounding."""
        brightness = rng.standard_normal(shape, dtype=np.float32)
        tint = rng.standard_normal((3, 1, *shape[1:]), dtype=np.float32)
        return (brightness + 0.3 * tint) * np.float32(self.noise) + np.float32(0.5)


def camera(seed: int, number: int) -> Camera:
    """Camera `number` (0, 1, …) of the data set made with `seed`."""
    rng = np.random.default_rng([seed, 2, number])
    order = np.random.default_rng([seed, 3]).permutation(len(SCENES))  # neighbours differ in scene
    warmth, tint = rng.uniform(-0.1, 0.1), rng.uniform(-0.04, 0.04)
    return Camera(
        scene=list(SCENES)[order[number % len(order)]],
        yaw=float(np.deg2rad(_YAWS[number % len(_YAWS)])),
        pitch=rng.uniform(0.1, 0.22),
        light=Light(
            side=rng.uniform(0.5, 1.0) * (1 if rng.random() < 0.5 else -1), roundness=rng.uniform(0.2, 0.36)
        ),
        cast=(1 + warmth, 1 + tint, 1 - warmth),
        brightness=rng.uniform(0.95, 1.16),
        contrast=rng.uniform(0.8, 1.1),
        blur=rng.uniform(0.02, 0.16),
        noise=rng.uniform(0.8, 2.4),
    )


def walking_yaw(camera: Camera, rng: np.random.Generator, frames: int) -> np.ndarray:
    """(T,) direction of one walk: mostly the camera's, at times the opposite or any, turning a little."""
    kind = rng.random()
    base = camera.yaw
    if kind > 0.75:
        base = rng.uniform(-np.pi, np.pi)
    elif kind > 0.5:
        base = camera.yaw + np.pi
    base += np.deg2rad(rng.normal(0, 14))
    turn = np.deg2rad(rng.normal(0, 8))
    return base + turn * np.linspace(-0.5, 0.5, frames)


def exposure(camera: Camera, rng: np.random.Generator) -> Exposure:
    """The camera's look, a little different for every tracklet."""
    drift = 1 + rng.normal(0, 0.025, 3)
    gain = np.array(camera.cast) * drift * camera.brightness * (1 + np.clip(rng.normal(0, 0.08), -0.12, 0.15))
    return Exposure(
        gain=gain.astype(np.float32),
        contrast=camera.contrast * (1 + rng.normal(0, 0.06)),
        noise=camera.noise * rng.uniform(0.8, 1.2),
    )


def soften(image: np.ndarray, weight: float) -> np.ndarray:
    """The lens: every pixel of (…, H, W) mixed with its neighbours, first along H, then along W."""
    keep, weight = np.float32(1 - 2 * weight), np.float32(weight)
    for axis in (-2, -1):
        old = np.moveaxis(image, axis, 0)  # a view: the axis to mix along comes first
        mixed = image * keep
        new = np.moveaxis(mixed, axis, 0)
        share = np.moveaxis(image * weight, axis, 0)
        new[1:] += share[:-1]
        new[:-1] += share[1:]
        new[0] += weight * old[0]  # the picture goes on beyond its border
        new[-1] += weight * old[-1]
        image = mixed
    return image
