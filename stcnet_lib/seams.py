"""No step in brightness where a pasted band meets what was visible."""

from __future__ import annotations

import numpy as np

from stcnet_lib.regions import region_rows

FADE = 0.08  # of the frame's height: how far into a band its borders are corrected
MOST_OFFSET = 24.0  # grey levels: what differs by more is an edge of the person, and stays
_MEAN_ROWS = 3  # on either side of a border


def hide_seams(
    image: np.ndarray, before: np.ndarray, filling: np.ndarray, region: int, flagged: np.ndarray
) -> None:
    """Take off a band what it differs by at its borders with visible rows, in place, fading into the band.

    Light changes along a tracklet, so a band from another frame is a little brighter or darker. Where the
    filling is a picture of its own, how it differs beyond the border is known; where it is the frame itself
    there, the last rows inside are compared with the first ones outside. Visible pixels do not change.

    Args:
        image: uint8 (H, W, 3) with the band pasted; before: the frame without.
        filling: the picture that the band was cut out of, of any size.
        flagged: bool (K,): borders with other flagged regions are none.
    """
    height, width = image.shape[:2]
    bounds = region_rows(height)
    top, bottom = bounds[region : region + 2]
    reach = min(max(round(FADE * height), 1), bottom - top)
    if reach < 1:
        return
    band = image[top:bottom].astype(np.float64)
    same_size = filling.shape == image.shape
    correction = np.zeros_like(band)
    for border, other, inner, step in ((top, region - 1, 0, -1), (bottom, region + 1, len(band) - 1, 1)):
        if not 0 <= other < len(flagged) or flagged[other]:
            continue
        rows = [border - 1 - i if step < 0 else border + i for i in range(_MEAN_ROWS)]
        rows = [row for row in rows if 0 <= row < height]
        outside = before[rows].astype(np.float64).mean(axis=0)  # (W, 3)
        compared = filling[rows].astype(np.float64).mean(axis=0) if same_size else outside
        if np.array_equal(compared, outside):
            inside = [inner - step * i for i in range(min(_MEAN_ROWS, len(band)))]
            compared = band[inside].mean(axis=0)
        offset = _smoothed(outside - compared, max(width // 6, 1))
        offset = np.where(np.abs(offset) <= MOST_OFFSET, offset, 0.0)
        away = np.arange(len(band)) if step < 0 else np.arange(len(band))[::-1]
        fade = np.clip(1 - (away + 0.5) / reach, 0, 1)
        correction += fade[:, None, None] * offset
    image[top:bottom] = np.clip(np.round(band + correction), 0, 255).astype(np.uint8)


def _smoothed(values: np.ndarray, reach: int) -> np.ndarray:
    """Running medians of (W, 3) over 2·reach + 1 columns."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0), axis=-1)
