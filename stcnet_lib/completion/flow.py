"""Optical flow without learning, and the picture between two frames that it makes.

The flow is Lucas and Kanade's (IJCAI 1981), dense, of windows that weigh by a Gaussian, from coarse to fine,
with the second picture warped again in every step (Bouguet 2000).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_WINDOW = 3.0  # standard deviation of a window, in pixels of its level
_STEPS = 4  # at each level
_LEAST_SIDE = 16  # pixels: no level is smaller
_RIDGE = 1e-3  # on the diagonal: where nothing tells the flow it stays that of the level above


def flow_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Where the pixels of one picture are in another: second(p + f(p)) looks like first(p).

    Args:
        first, second: (H, W) grey levels in [0, 1].

    Returns:
        (2, H, W) pixels, down and right.
    """
    if min(first.shape) >= 2 * _LEAST_SIDE:
        coarse = flow_between(_halved(first), _halved(second))
        flow = 2 * np.stack([_resized(part, first.shape) for part in coarse])
    else:
        flow = np.zeros((2, *first.shape))
    for _ in range(_STEPS):
        moved = warped(second, flow)
        down, right = np.gradient((first + moved) / 2)
        change = first - moved
        yy, xx, xy, yt, xt = (
            ndimage.gaussian_filter(a * b, _WINDOW)
            for a, b in ((down, down), (right, right), (right, down), (down, change), (right, change))
        )
        yy, xx = yy + _RIDGE, xx + _RIDGE
        determinant = yy * xx - xy**2
        step = np.stack([(xx * yt - xy * xt) / determinant, (yy * xt - xy * yt) / determinant])
        flow = flow + step.clip(-1, 1)  # linear as it is, it knows about a pixel
    return flow


def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """The picture on the way from one to the other: both moved along the flow, and mixed.

    Args:
        first, second: uint8 (H, W, 3).
        share: of the way, 0 for the first and 1 for the second.

    Returns:
        uint8 (H, W, 3).
    """
    grey = [ndimage.gaussian_filter(picture.mean(2) / 255, 1.0) for picture in (first, second)]
    flow = flow_between(*grey)
    parts = (
        (1 - share) * warped(first[..., c].astype(float), -share * flow)
        + share * warped(second[..., c].astype(float), (1 - share) * flow)
        for c in range(3)
    )
    return np.stack(list(parts), -1).round().clip(0, 255).astype(np.uint8)


def warped(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """picture(p + flow(p)), bilinear, the border repeated: (H, W), (2, H, W) -> (H, W)."""
    places = np.indices(picture.shape) + flow
    return ndimage.map_coordinates(picture, places, order=1, mode="nearest")


def _halved(picture: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(picture, 1.0)[::2, ::2]


def _resized(maps: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Every second place was kept: place p is place p / 2 of the coarser level."""
    places = np.indices(shape) / 2
    return ndimage.map_coordinates(maps, places, order=1, mode="nearest")
