"""Restored pixels against the clean twin: PSNR and SSIM over the hole, and over the person in the hole.

The whole hole misleads: a network that paints the background well beats copying a neighbour by 2 dB there and
loses by 6 points of mAP, so the pixels of the person are measured on their own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from stcnet_lib.data.store import TrackletStore
from stcnet_lib.regions import region_rows

_WINDOW = 11  # pixels, and sigma 1.5: Wang et al., "Image quality assessment", 2004
_SIGMA = 1.5
_PEAK = 255.0


def psnr(squared_error: float) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error between uint8 images; inf where it is 0."""
    return float("inf") if squared_error == 0 else float(10 * np.log10(_PEAK**2 / squared_error))


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity around every pixel, the mean over channels: uint8 (n, H, W, C) -> (n, H, W).

    Windows that leave the image see it mirrored at its edge.
    """
    if a.shape != b.shape or a.ndim != 4 or min(a.shape[1:3]) < _WINDOW:
        raise ValueError(
            f"images: got {a.shape} and {b.shape}, wanted the same (n, H, W, C) of {_WINDOW} pixels at least"
        )
    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (likeness / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean(axis=3)


def _blur(images: np.ndarray) -> np.ndarray:
    """Gaussian window over rows, then columns: (n, H, W, C)."""
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    window = np.exp(-0.5 * (offsets / _SIGMA) ** 2)
    window /= window.sum()
    for axis in (1, 2):
        size = images.shape[axis]
        border = [(0, 0)] * 4
        border[axis] = (_WINDOW // 2, _WINDOW // 2)
        padded = np.moveaxis(np.pad(images, border, mode="symmetric"), axis, 0)
        images = np.moveaxis(sum(w * padded[i : i + size] for i, w in enumerate(window)), 0, axis)
    return images


def completion_quality(
    restored: np.ndarray, clean: np.ndarray, hole: np.ndarray, person: np.ndarray
) -> pd.DataFrame:
    """One row a frame: quality over the hole, and over the clean person's pixels in the hole.

    Args:
        restored, clean: uint8 (n, H, W, 3).
        hole, person: (n, H, W) bool.

    Returns:
        For `hole` and `person` each: `…_pixels`, `…_mse` (mean over pixels and channels) and `…_ssim` (mean
        of the SSIM map over the pixels); NaN where there are no pixels.
    """
    error = ((restored.astype(np.float64) - clean) ** 2).mean(axis=3)  # (n, H, W)
    similarity = ssim_map(restored, clean)
    columns = {}
    for name, mask in (("hole", hole), ("person", hole & person)):
        pixels = mask.sum(axis=(1, 2))
        safe = np.where(pixels > 0, pixels, np.nan)
        columns[f"{name}_pixels"] = pixels
        columns[f"{name}_mse"] = (error * mask).sum(axis=(1, 2)) / safe
        columns[f"{name}_ssim"] = (similarity * mask).sum(axis=(1, 2)) / safe
    return pd.DataFrame(columns)


def summarise_quality(frames: pd.DataFrame) -> dict[str, float | int | None]:
    """PSNR and SSIM over all pixels of all frames together, and the frames that had any; None without pixels.

    Errors are pooled before the logarithm: one frame restored exactly has an infinite PSNR of its own.
    """
    summary: dict[str, float | int | None] = {}
    for name in ("hole", "person"):
        some = frames[frames[f"{name}_pixels"] > 0]
        weights = some[f"{name}_pixels"].to_numpy()
        error = float(np.average(some[f"{name}_mse"], weights=weights)) if len(some) else 0.0
        summary[f"{name}_frames"] = len(some)
        summary[f"{name}_psnr"] = psnr(error) if error > 0 else None  # nothing to measure, or no error at all
        summary[f"{name}_ssim"] = (
            float(np.average(some[f"{name}_ssim"], weights=weights)) if len(some) else None
        )
    return summary


def measure_completion(
    source: TrackletStore,
    completed: TrackletStore,
    truth: TrackletStore,
    regions: pd.DataFrame,
    most_frames: int = 2000,
) -> dict[str, dict[str, float | int | None]]:
    """Quality of changed regions against the clean twin, before and after the completion.

    Measured where the occluder was (elsewhere the source shows the truth already) inside the flagged
    regions of test and train tracklets alike.

    Args:
        regions: `regions.parquet` of the completion; the completed store has the frames of the source.
        most_frames: of more changed frames, evenly spaced ones stand for all.
    """
    tables: dict[str, list[pd.DataFrame]] = {"occluded": [], "restored": []}
    changed = np.sort(regions["frame"].unique())
    chosen = changed[:: max(1, -(-len(changed) // most_frames))]
    for frame, rows in regions[regions["frame"].isin(chosen)].groupby("frame"):
        frame = int(frame)
        clean = truth.read_image(frame)[None]
        occluder, person = truth.read_truth(range(frame, frame + 1))
        bounds = region_rows(clean.shape[1])
        flagged = np.zeros_like(occluder)
        for region in rows["region"]:
            flagged[:, bounds[region] : bounds[region + 1]] = True
        for name, store in (("occluded", source), ("restored", completed)):
            image = store.read_image(frame)[None]
            tables[name].append(completion_quality(image, clean, flagged & occluder, person))
    return {
        name: summarise_quality(pd.concat(parts, ignore_index=True))
        for name, parts in tables.items()
        if parts
    }
