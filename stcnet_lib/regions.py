"""The three equal horizontal parts of a frame (paper §4.1), as rows of pixels.

128 rows do not divide by three: region k covers the rows from round(k·H/3) to round((k+1)·H/3).
Masks, crops, pasting and the walkers' ground truth all take their rows from here.
"""

from __future__ import annotations

from stcnet_lib import REGIONS


def region_rows(height: int, regions: int = len(REGIONS)) -> tuple[int, ...]:
    """Bounds of the regions in rows, first 0 and last `height`.

    >>> region_rows(128)
    (0, 43, 85, 128)
    """
    # Integer arithmetic rounds halves up for every height; round() would go to the even neighbour.
    return tuple((2 * k * height + regions) // (2 * regions) for k in range(regions + 1))
