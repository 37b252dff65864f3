"""What is planted: the walkers' sprites, and people cut out of other tracklets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from stcnet_lib.walkers.body import paint_walker
from stcnet_lib.walkers.garments import Light
from stcnet_lib.walkers.people import draw_person
from stcnet_lib.walkers.shapes import Grid
from stcnet_lib.walkers.skeleton import View, walk
from stcnet_lib.walkers.sprites import Setting, Sprite

PERSON = "person"  # a kind of occluder beside the walkers'
HEAD_TOP, BODY = 0.05, 0.9  # where a box has the person: margin above the head, height; shares of the crop
_PRIOR_PEOPLE, _PRIOR_SIZE = 24, (128, 64)
_WIDER = 0.02  # how far a cut-out reaches beyond the silhouette, body units: nobody fits it exactly


@lru_cache(maxsize=4096)
def body_prior(height: int, width: int) -> np.ndarray:
    """bool (H, W): where a crop shows the person, when nobody has said where: the pixels that more than half
    of some walkers of all directions cover."""
    resized = Image.fromarray(_mean_silhouette()).resize((width, height), Image.Resampling.BILINEAR)
    prior = np.asarray(resized) > 0.5
    prior.flags.writeable = False
    return prior


@lru_cache(maxsize=1)
def _mean_silhouette() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.mean([silhouette(rng, *_PRIOR_SIZE, 1)[0] for _ in range(_PRIOR_PEOPLE)], axis=0)


def silhouette(rng: np.random.Generator, height: int, width: int, frames: int) -> np.ndarray:
    """float32 (T, H, W) in [0, 1]: somebody walking, as a box shows them."""
    person = draw_person(rng)
    yaw = np.full(frames, rng.uniform(-np.pi, np.pi))
    ones = np.ones(frames)
    grid = Grid.of_boxes(height, width, BODY * height * ones, width / 2 * ones, HEAD_TOP * height * ones)
    pose = walk(person, View(yaw, 0.15), rng.uniform(0, 2 * np.pi))
    return paint_walker(person, pose, grid, Light(side=0.5, roundness=0.3)).alpha


def cut_person(rng: np.random.Generator, setting: Setting, crops: Sequence[np.ndarray]) -> Sprite:
    """A person out of the crops of another tracklet, within the outline of a walker.

    No mask of that person is known, so some of their background comes along, as where a detector cuts.

    Args:
        crops: uint8 (h, w, 3), in order.
    """
    size = rng.uniform(0.9, 1.2)  # of the one behind: who passes in front is nearer
    head = rng.uniform(-0.02, 0.12) if setting.band == "all" else rng.uniform(0.3, 0.45)
    height = round(size * setting.scale / BODY)
    ratio = float(np.median([crop.shape[1] / crop.shape[0] for crop in crops]))
    width = max(round(height * ratio), 8)
    alpha = _grown(silhouette(rng, height, width, len(crops)), round(_WIDER * size * setting.scale))
    pictures = [
        np.asarray(Image.fromarray(crop).resize((width, height), Image.Resampling.BICUBIC), np.float32)
        for crop in crops
    ]
    rgb = np.moveaxis(np.stack(pictures) / 255, 3, 0) * alpha  # (3, S, h, w) premultiplied
    origin = (HEAD_TOP - head / size * BODY) * height  # row of the head's top of the one behind
    return Sprite(PERSON, rgb.astype(np.float32), alpha.astype(np.float32), origin, True)


def _grown(alpha: np.ndarray, pixels: int) -> np.ndarray:
    """(T, H, W), larger by some pixels, with a soft edge of one."""
    for _ in range(pixels):
        for axis in (1, 2):
            near = np.moveaxis(alpha, axis, 0)
            grown = near.copy()
            grown[1:] = np.maximum(grown[1:], near[:-1])
            grown[:-1] = np.maximum(grown[:-1], near[1:])
            alpha = np.moveaxis(grown, 0, axis)
    return alpha
