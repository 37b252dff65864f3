"""No step in brightness where a pasted band meets what was visible."""

from __future__ import annotations

import numpy as np

from stcnet_lib.common.regions import region_rows

FADE = 0.08  # of the frame's height: how far into a band its borders are corrected for another light
EDGE = 0.03  # likewise for all else that does not meet there: legs in another stride, a hem a little higher
MOST_LIGHT = 24.0  # grey levels by which light changes; what differs by more is another thing
# Between a source and what is beside its band. 1 % of the replaced thirds of a street video had more.
MOST_GAP = 0.4
BEYOND = 3  # rows on either side of a border, to tell the light by


def hide_seams(
    image: np.ndarray, before: np.ndarray, around: np.ndarray | None, region: int, flagged: np.ndarray
) -> None:
    """Take off a band what it differs by at its borders with visible rows, in place, fading into the band.

    Light changes along a tracklet, so a band from another frame is a little brighter or darker: a smooth
    difference, taken off far into the band. What is left, limbs that do not meet, is taken off column by
    column over a few rows, so that the rows on either side of a border differ as they do where the filling
    comes from. Of a band without such a source the first rows outside are continued. Visible pixels do not
    change.

    Args:
        image: uint8 (H, W, 3) with the band pasted; before: the frame without.
        around: uint8 (H, W, 3), what the source of the band shows beyond it; None if there is none.
        flagged: bool (K,): borders with other flagged regions are none.
    """
    height, width = image.shape[:2]
    top, bottom = region_rows(height)[region : region + 2]
    if top == bottom:
        return
    band = image[top:bottom].astype(np.float64)
    correction = np.zeros_like(band)
    for border, other, step in ((top, region - 1, 1), (bottom - 1, region + 1, -1)):
        if not 0 <= other < len(flagged) or flagged[other]:
            continue
        inside = band[::step]  # from the border on
        outside = _rows_from(before, border - step, -step)
        shown = inside[:BEYOND] if around is None else _rows_from(around, border - step, -step)
        light = _smoothed(outside.mean(axis=0) - shown.mean(axis=0), max(width // 6, 1))
        light = np.where(np.abs(light) <= MOST_LIGHT, light, 0.0)
        rest = outside[0] - shown[0] - light
        added = _fading(FADE, height, len(band)) * light + _fading(EDGE, height, len(band)) * rest
        correction += added[::step]
    image[top:bottom] = np.clip(np.round(band + correction), 0, 255).astype(np.uint8)


def border_gap(before: np.ndarray, around: np.ndarray | None, region: int, flagged: np.ndarray) -> float:
    """How far the source of a band is from the frame just beyond the band, where the person is.

    The mean absolute difference, in [0, 1], of the rows beyond its borders with visible rows, over the middle
    half of the columns. What belongs there shows much the same in both; another person does not. 0 where
    nothing can be compared. Arguments as of `hide_seams`.
    """
    height, width = before.shape[:2]
    top, bottom = region_rows(height)[region : region + 2]
    middle = slice(width // 4, width - width // 4)
    gaps = []
    for row, other, step in ((top - 1, region - 1, -1), (bottom, region + 1, 1)):
        if around is None or not 0 <= other < len(flagged) or flagged[other]:
            continue
        outside, shown = (_rows_from(picture, row, step).mean(axis=0) for picture in (before, around))
        gaps.append(np.abs(outside - shown)[middle].mean() / 255)
    return float(np.mean(gaps)) if gaps else 0.0


def _rows_from(image: np.ndarray, row: int, step: int) -> np.ndarray:
    """The row and those that follow in the direction of `step`, `BEYOND` at most: (n, W, 3)."""
    rows = row + step * np.arange(BEYOND)
    return image[rows[(rows >= 0) & (rows < len(image))]].astype(np.float64)


def _fading(share: float, height: int, rows: int) -> np.ndarray:
    """Weights (rows, 1, 1) from 1 at a border down to 0 after a share of the height; a row at least."""
    reach = max(share * height, 1.0)
    return np.clip(1 - np.arange(rows) / reach, 0, 1)[:, None, None]


def _smoothed(values: np.ndarray, reach: int) -> np.ndarray:
    """Running medians of (W, 3) over 2·reach + 1 columns."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0), axis=-1)
