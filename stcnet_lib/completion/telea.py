"""Inpainting by the fast marching method's formula (Telea, Journal of Graphics Tools 2004, Eq. 2-4).

From the border of a hole inwards every pixel p becomes the weighted mean of what the known pixels q around it
say of it, each by its colour and gradient:

    I(p) = Σ w(p, q) (I(q) + ∇I(q) · (p - q)) / Σ w(p, q)
    w    = direction · distance · level
    direction = (p - q) · ∇T(p) / |p - q|,  distance = 1 / |p - q|²,  level = 1 / (1 + |T(p) - T(q)|)

T is the distance to the border of the hole, negative outside. Fast marching finds it and the order of pixels
one by one. Here it is the exact Euclidean distance, and pixels of one depth, rounded, are filled at once.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

RADIUS = 5  # pixels around p that are looked at
_LEAST = 1e-6  # of `direction`: pixels beside p, in its own depth, count little but not nothing


def inpainted(picture: np.ndarray, hidden: np.ndarray, radius: int = RADIUS) -> np.ndarray:
    """The picture without its hole.

    Args:
        picture: uint8 (H, W, 3); hidden: bool (H, W), of which some are visible.

    Returns:
        uint8 (H, W, 3); visible pixels are unchanged.
    """
    depth = _depth(hidden)
    normal = np.stack(np.gradient(depth), -1)  # (H, W, 2), down and right
    colours = np.where(hidden[..., None], 0, picture).astype(np.float64)
    known, order = ~hidden, np.round(depth)
    for level in np.unique(order[hidden]):
        shell = np.argwhere(hidden & (order == level))  # (N, 2)
        colours[tuple(shell.T)] = _shell(shell, colours, known, depth, normal, radius)
        known = known | (order == level)
    return np.where(hidden[..., None], colours.round(), picture).astype(np.uint8)


def _shell(
    shell: np.ndarray,
    colours: np.ndarray,
    known: np.ndarray,
    depth: np.ndarray,
    normal: np.ndarray,
    radius: int,
) -> np.ndarray:
    """The colours (N, 3) of the pixels `shell` (N, 2), which none of them sees of the others."""
    steps = _disc(radius)  # (M, 2), from p to q
    place = shell[:, None] + steps  # (N, M, 2)
    inside = ((place >= 0) & (place < known.shape)).all(-1)
    rows, columns = np.moveaxis(place.clip(0, np.array(known.shape) - 1), -1, 0)
    own = tuple(shell.T)
    length = np.hypot(*steps.T)  # (M,)
    direction = np.abs(normal[own] @ -steps.T) / length  # (N, M)
    level = 1 / (1 + np.abs(depth[own][:, None] - depth[rows, columns]))
    weight = np.maximum(direction, _LEAST) * level / length**2 * (inside & known[rows, columns])
    said = colours[rows, columns]  # (N, M, 3)
    for axis in range(2):
        said = said - _slope(colours, known, axis)[rows, columns] * steps[:, axis, None]
    total = weight.sum(1, keepdims=True)
    mean = (weight[..., None] * said).sum(1) / np.where(total > 0, total, 1)
    return mean.clip(0, 255)


def _slope(colours: np.ndarray, known: np.ndarray, axis: int) -> np.ndarray:
    """Central differences along an axis, (H, W, 3); 0 where one of both neighbours is unknown or missing."""
    after, before = np.roll(colours, -1, axis), np.roll(colours, 1, axis)
    both = np.roll(known, -1, axis) & np.roll(known, 1, axis)
    ends = np.moveaxis(both, axis, 0)
    ends[[0, -1]] = False
    return np.where(both[..., None], (after - before) / 2, 0)


def _depth(hidden: np.ndarray) -> np.ndarray:
    """The distance to the border between hidden and visible pixels: positive inside the hole."""
    inner, outer = (ndimage.distance_transform_edt(mask) for mask in (hidden, ~hidden))
    return inner - outer


def _disc(radius: int) -> np.ndarray:
    """Steps (M, 2) of at most `radius` pixels, none of them of length 0."""
    steps = np.argwhere(np.ones((2 * radius + 1, 2 * radius + 1))) - radius
    length = np.hypot(*steps.T)
    return steps[(length > 0) & (length <= radius)]
