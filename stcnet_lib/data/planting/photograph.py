"""Pastes occluders so that they look as if the same camera had seen them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stcnet_lib.walkers.passing import FAINT

_MIDDLE = 0.42  # mean brightness of the walkers' sprites, of 1
_NOISE = (1.0, 4.0)  # standard deviation of the grain, grey levels
_BRIGHTNESS = (0.7, 1.35)  # of an occluder against what it hides: in the sun before shade, or the reverse


@dataclass(frozen=True)
class Look:
    """How one tracklet was recorded."""

    gain: np.ndarray  # (3,) grey levels of a colour of 1
    noise: float  # grey levels


def look_of(rng: np.random.Generator, images: Sequence[np.ndarray]) -> Look:
    """The light of some frames, uint8 (H, W, 3) each, as far as their mean colour tells."""
    step = max(len(images) // 8, 1)
    mean = np.mean([image.reshape(-1, 3).mean(axis=0) for image in images[::step]], axis=0)
    cast = np.clip(mean / max(mean.mean(), 1.0), 0.8, 1.25) ** 0.5  # half of it is what people wear
    gain = np.clip(mean.mean() / _MIDDLE, 120, 300) * rng.uniform(*_BRIGHTNESS) * cast
    return Look(gain, rng.uniform(*_NOISE))


def paste(
    image: np.ndarray, rgb: np.ndarray, alpha: np.ndarray, look: Look, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A frame behind an occluder, and the pixels that it touches; outside of these nothing changes.

    Args:
        image: uint8 (H, W, 3).
        rgb: (3, h, w) premultiplied colours of 0 to 1, and alpha (h, w), at any size.

    Returns:
        uint8 (H, W, 3) and bool (H, W).
    """
    height, width = image.shape[:2]
    if alpha.shape != (height, width):
        rgb, alpha = (
            np.stack([_resized(plane, height, width) for plane in rgb]),
            _resized(alpha, height, width),
        )
    mask = alpha >= FAINT
    alpha = np.where(mask, np.clip(alpha, 0, 1), 0)[..., None]
    grain = rng.normal(0, look.noise, (height, width, 1))
    before = np.moveaxis(rgb, 0, 2) * look.gain + alpha * grain
    mixed = np.where(mask[..., None], before + (1 - alpha) * image, image)
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8), mask


def _resized(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
