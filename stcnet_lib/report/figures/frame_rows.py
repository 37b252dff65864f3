"""Frames of tracklets as pictures in rows: some of a tracklet, spread over it, all of one size."""

from __future__ import annotations

import numpy as np
from PIL import Image

from stcnet_lib.data.store.tracklets import TrackletStore


def spread(frames: range, most: int) -> list[int]:
    """At most `most` of consecutive frames, evenly spread, the first and the last among them.

    >>> spread(range(10, 20), 4)
    [10, 13, 16, 19]
    """
    places = np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int)
    return [frames[place] for place in places.tolist()]


def pictures(store: TrackletStore, frames: list[int], size: tuple[int, int]) -> np.ndarray:
    """uint8 (n, H, W, 3): frames of a store at `size`, (H, W)."""
    return np.stack([_at_size(store.read_image(frame), size) for frame in frames])


def size_of(store: TrackletStore, frames: list[int]) -> tuple[int, int]:
    """(H, W): the size that the largest of some frames has."""
    return max((store.read_image(frame).shape[:2] for frame in frames), key=lambda size: size[0] * size[1])


def _at_size(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if image.shape[:2] == size:
        return image
    return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
