"""Which thirds of real frames may be hidden in reality: they count neither as hidden nor as visible.

Occluders are planted over frames that have some of their own. Nobody has labelled those, and the scores that
are to be judged must not choose what they are judged on. So the rule looks elsewhere. A third is doubtful
where the box of somebody else reaches into it (`data/source/video/overlaps.py`; known of videos), or where
its colours are far from those that it mostly has in its tracklet, further than the tracklet's own variation
explains. People who turn are sometimes doubtful too, and signs that somebody walks behind are not; so figures
without the rule are reported beside those with it (`evaluation/measures/planted.py`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image

from stcnet_lib import REGIONS
from stcnet_lib.common.regions import region_rows

GRID = (4, 4)  # rows and columns of a third's thumbnail
SPREADS = 4.0  # robust standard deviations beyond the tracklet's median distance
NEAR = 5  # frames of the source around an overlap of boxes
LEAST = 16.0  # grey levels; steady tracklets vary by less than this, and nothing hides there


def near_overlaps(overlapped: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Thirds (T, K) that somebody else's box reaches into at most `NEAR` frames away: bool (T, K).

    Detectors lose people who hide each other, so the frames around an overlap are as doubtful.

    Args:
        numbers: (T,) of the frames in the source.
    """
    near = np.abs(numbers[:, None].astype(np.int64) - numbers) <= NEAR  # (T, T)
    return (near[:, :, None] & overlapped).any(axis=1)


def thumbnails(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> float32 (K, rows · columns · 3): mean colours of the thirds' cells."""
    small = [
        np.asarray(
            Image.fromarray(image[top : max(bottom, top + 1)]).resize(GRID[::-1], Image.Resampling.BOX)
        )
        for top, bottom in pairwise(region_rows(len(image)))
    ]
    return np.stack(small).reshape(len(REGIONS), -1).astype(np.float32)


def doubtful_thirds(cells: np.ndarray) -> np.ndarray:
    """Thumbnails of a tracklet's frames (T, K, P) -> bool (T, K)."""
    usual = np.median(cells, axis=0)
    distance = np.abs(cells - usual).mean(axis=2)  # (T, K) grey levels
    middle = np.median(distance, axis=0)
    spread = 1.4826 * np.median(np.abs(distance - middle), axis=0)
    return distance > np.maximum(middle + SPREADS * spread, LEAST)
