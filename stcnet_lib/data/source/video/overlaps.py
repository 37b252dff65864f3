"""Where the boxes of a video overlap: one of two people hides a part of the other, and no one says which."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stcnet_lib import REGIONS

MIDDLE = 0.6  # of a box's width: where it shows the person
LEAST = 0.15  # share of a third's middle that another box has to cover


def overlapped_thirds(boxes: pd.DataFrame, least: float = LEAST) -> np.ndarray:
    """Which thirds of every box another box of the same frame reaches into: bool (B, K).

    Args:
        boxes: `frame`, `left`, `top`, `width`, `height`, one row a box.
        least: share of the middle of a third.
    """
    found = np.zeros((len(boxes), len(REGIONS)), dtype=bool)
    corners = boxes[["left", "top", "width", "height"]].to_numpy(np.float64)
    for rows in boxes.reset_index(drop=True).groupby("frame", sort=False).indices.values():
        left, top, width, height = corners[rows].T
        margin = width * (1 - MIDDLE) / 2
        across = np.minimum((left + width - margin)[:, None], (left + width)[None]) - np.maximum(
            (left + margin)[:, None], left[None]
        )  # (n, n): how much of the middle of box i box j covers
        for k in range(len(REGIONS)):
            upper, lower = top + height * k / len(REGIONS), top + height * (k + 1) / len(REGIONS)
            down = np.minimum(lower[:, None], (top + height)[None]) - np.maximum(upper[:, None], top[None])
            area = np.maximum(across, 0) * np.maximum(down, 0)
            share = area / np.maximum(width * MIDDLE * height / len(REGIONS), 1e-9)[:, None]
            np.fill_diagonal(share, 0)
            found[rows, k] = (share >= least).any(axis=1)
    return found
