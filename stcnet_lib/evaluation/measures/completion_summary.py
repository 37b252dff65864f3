"""The frames of `completion.py` pooled: by split and kind of occluder, with intervals over identities.

Errors are pooled before the logarithm: one frame restored exactly has an infinite PSNR of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.evaluation.measures.completion import TIMES
from stcnet_lib.evaluation.statistics import draw_identities

COUNTS = ("regions", "false_regions")
# Each with the number of frames that have any, and what counts them.
AREAS = {
    "hole": "hole_pixels",
    "person": "person_pixels",
    "false": "false_pixels",
    "visible": "visible_pixels",
    "body": "body_pixels",
    "feature": "feature_frames",
}

Summary = dict[str, Any]


class _Metric(NamedTuple):
    """A weighted mean over frames, and whether it is turned from squared error to decibel."""

    name: str
    column: str  # followed by `_before` or `_after`
    weight: str
    decibel: bool


_METRICS = (
    _Metric("hole_psnr", "hole_mse", "hole_pixels", True),
    _Metric("hole_ssim", "hole_ssim", "hole_pixels", False),
    _Metric("person_psnr", "person_mse", "person_pixels", True),
    _Metric("person_ssim", "person_ssim", "person_pixels", False),
    _Metric("feature_cosine", "feature_cosine", "feature_frames", False),
    _Metric("sharpness", "sharpness", "sharpness_energy", False),
    _Metric("seam", "seam", "seam_energy", False),
    _Metric("false_psnr", "false_mse", "false_pixels", True),
    _Metric("visible_psnr", "visible_mse", "visible_pixels", True),
    _Metric("body_psnr", "body_mse", "body_pixels", True),
)
METRICS = tuple(metric.name for metric in _METRICS)
READINGS = (*TIMES, "gain")  # after - before
SHARES = {"replaced_share": "visible", "replaced_share_changed": "changed"}  # and what each is a share of


def quality_summary(frames: pd.DataFrame, resamples: int = 0, seed: int = 0, level: float = 0.95) -> Summary:
    """Counts, and `METRIC_before`, `METRIC_after` and `METRIC_gain` of all frames together.

    A value is None where there is nothing to measure, or no error at all.

    Args:
        frames: `measure_frames` with a column `pid`.
        resamples: of the identities, for `intervals`: name -> [low, high]; 0 for none.
    """
    summary: Summary = {"frames": len(frames)}
    summary |= {name: int(frames[name].sum()) if len(frames) else 0 for name in COUNTS}
    for area, counts in AREAS.items():
        summary[f"{area}_frames"] = int((frames[counts] > 0).sum()) if len(frames) else 0
    names = [f"{name}_{reading}" for name in METRICS for reading in READINGS]
    if frames.empty:
        return summary | dict.fromkeys(names) | ({"intervals": {}} if resamples else {})
    _, person = np.unique(frames["pid"].to_numpy(), return_inverse=True)
    sums = np.stack([np.bincount(person, column) for column in _sums(frames)], axis=1)  # (I, 3·M)
    summary |= dict(zip(names, map(_number, _values(sums.sum(axis=0)[None])[0]), strict=True))
    if resamples:
        drawn = np.concatenate([_values(n @ sums) for n in draw_identities(len(sums), resamples, seed)])
        tail = (1 - level) / 2
        summary["intervals"] = {
            name: np.quantile(column[np.isfinite(column)], (tail, 1 - tail)).tolist()
            for name, column in zip(names, drawn.T, strict=True)
            if summary[name] is not None
        }
    return summary


def _sums(frames: pd.DataFrame) -> list[np.ndarray]:
    """Of every metric the weighted sum before and after, and the sum of weights: each (n,)."""
    columns = []
    for metric in _METRICS:
        weight = frames[metric.weight].to_numpy(np.float64)
        for time in TIMES:
            value = frames[f"{metric.column}_{time}"].to_numpy(np.float64)
            columns.append(np.where(weight > 0, value, 0) * weight)
        columns.append(weight)
    return columns


def _values(sums: np.ndarray) -> np.ndarray:
    """(R, 3·M) sums -> (R, 3·M) before, after and gain of each metric; not finite where undefined."""
    parts = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, metric in enumerate(_METRICS):
            means = sums[:, 3 * i : 3 * i + 2] / sums[:, 3 * i + 2 : 3 * i + 3]
            if metric.decibel:
                means = 10 * np.log10(255.0**2 / means)
            parts += [means, means[:, 1:] - means[:, :1]]
    return np.concatenate(parts, axis=1)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def replaced_shares(counts: pd.DataFrame, resamples: int, seed: int = 0, level: float = 0.95) -> Summary:
    """How much of the person's visible pixels was replaced, and `intervals` of it over identities.

    `replaced_share` is of those in all frames, `replaced_share_changed` of those in frames with a replaced
    region: the first also grows with the number of such frames. None where there are no such pixels.

    Args:
        counts: `damage.count_replaced` with a column `pid`, of all frames: those that were not changed too.
    """
    sums = counts.groupby("pid")[["replaced", *SHARES.values()]].sum().to_numpy(np.float64)  # (I, 3)
    found: Summary = dict.fromkeys(SHARES) | {"intervals": {}}
    if not len(sums):
        return found
    drawn = np.concatenate([n @ sums for n in draw_identities(len(sums), resamples, seed)])  # (R, 3)
    total, tail = sums.sum(axis=0), (1 - level) / 2
    for column, name in enumerate(SHARES, start=1):
        some = drawn[drawn[:, column] > 0]  # who has no such pixels may be all that was drawn
        if total[column] and len(some):
            found[name] = float(total[0] / total[column])
            shares = some[:, 0] / some[:, column]
            found["intervals"][name] = np.quantile(shares, (tail, 1 - tail)).tolist()
    return found


def completion_summary(
    frames: pd.DataFrame,
    replaced: pd.DataFrame,
    kinds: np.ndarray,
    pids: np.ndarray,
    split_of: np.ndarray,
    resamples: int,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """`test` and `train`, each with `all` (and its intervals) and `by_kind` of occluder.

    `all` also holds what `replaced_shares` tells of all frames of that part.

    Args:
        frames: `measure_frames`.
        replaced: `count_replaced`.
        kinds, pids, split_of: of every frame of the store (F,): `occluder_kinds`, identity, and `test`,
            `train` or another text.
    """
    index = frames["frame"].to_numpy(np.int64)
    frames = frames.assign(pid=pids[index], kind=kinds[index], split=split_of[index])
    replaced = replaced.assign(pid=pids, split=split_of)

    def whole(part: pd.DataFrame, split: str) -> Summary:
        summary = quality_summary(part, resamples, seed)
        found = replaced_shares(replaced[replaced["split"] == split], resamples, seed)
        return summary | found | {"intervals": summary["intervals"] | found["intervals"]}

    return {
        split: {
            "all": whole(part, split),
            "by_kind": {str(kind): quality_summary(rows) for kind, rows in part.groupby("kind")},
        }
        for split in ("test", "train")
        for part in [frames[frames["split"] == split]]
    }
