"""The three equal horizontal parts of a frame (paper §4.1), as rows of pixels.

128 rows do not divide by three: region k covers the rows from round(k·H/3) to round((k+1)·H/3).
Masks, crops, pasting and the walkers' ground truth all take their rows from here.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from stcnet_lib import REGIONS


def region_rows(height: int, regions: int = len(REGIONS)) -> tuple[int, ...]:
    """Bounds of the regions in rows, first 0 and last `height`.

    >>> region_rows(128)
    (0, 43, 85, 128)
    """
    # Integer arithmetic rounds halves up for every height; round() would go to the even neighbour.
    return tuple((2 * k * height + regions) // (2 * regions) for k in range(regions + 1))


@lru_cache(maxsize=1024)
def touched_rows(height: int, resized: int, regions: int = len(REGIONS)) -> np.ndarray:
    """(K, `resized`) bool: rows of a resized frame that hold anything of a region of the original.

    Antialiased bilinear resizing mixes rows around each border, so an occluder in one region reaches into
    the next. Masks of resized frames are made of these rows; without resizing they are `region_rows`.

    Args:
        height: rows of the original.
    """
    centres = (2 * np.arange(resized) + 1) * height  # of resized rows, in halves of 1/resized of a row
    rows = (2 * np.arange(height) + 1) * resized  # of original ones
    mixed = np.abs(rows[:, None] - centres) < 2 * max(height, resized)  # (height, resized)
    bounds = region_rows(height, regions)
    touched = np.stack([mixed[start:end].any(axis=0) for start, end in pairwise(bounds)])
    touched.flags.writeable = False
    return touched
