"""Pictures taken from farther away: fewer pixels of the camera, enlarged to the size of the crop."""

from __future__ import annotations

import numpy as np
from PIL import Image

_BOX, _BILINEAR = Image.Resampling.BOX, Image.Resampling.BILINEAR


def resized(planes: np.ndarray, height: int, width: int, box: tuple[float, ...] | None = None) -> np.ndarray:
    """Planes (C, h, w) float32 at another size, out of `box` (left, top, right, bottom) of theirs."""
    size = (width, height)
    return np.stack([np.asarray(Image.fromarray(plane).resize(size, _BILINEAR, box)) for plane in planes])


def coarsen(planes: np.ndarray, coarseness: np.ndarray) -> np.ndarray:
    """Every frame of (C, T, H, W) reduced by its factor and enlarged again; factor 1 changes nothing.

    Values stay between the least and the most of the frame, so premultiplied colours stay valid.

    Args:
        coarseness: (T,), at least 1.
    """
    if not (coarseness > 1).any():
        return planes
    result = planes.copy()
    height, width = planes.shape[2:]
    for frame in np.flatnonzero(coarseness > 1):
        size = (max(1, round(width / coarseness[frame])), max(1, round(height / coarseness[frame])))
        if size == (width, height):
            continue
        small = [
            np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, _BOX))
            for plane in planes[:, frame]
        ]
        result[:, frame] = resized(np.stack(small), height, width)
    return result
