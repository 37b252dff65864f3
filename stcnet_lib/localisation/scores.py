"""Stage `score_occlusion`: which regions are occluded (paper §4.1, Eq. 11-12).

A tracklet's region reference v^k is the mean over its frames of the region features v_t^k (not normalised
first), the score of a region is cos(v_t^k, v^k), and a region is occluded where its score is under τ.
The paper fixes τ = 0.89 for its own features; `threshold.py` has the rules that find one instead.

Every reference but `learned` comes from one tracklet alone; for that one see `learned_reference.py`.

The score of a tracklet of one frame is always 1, and where an occluder stays for about half of the frames
the mean shows the occluder: tracklets of both kinds are counted in `count_flags`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from stcnet_lib import REGIONS
from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.learned_reference import fit_person_weights, normalised

Reference = Literal["mean", "median", "trimmed_mean", "learned"]

_FITTED_TRACKLETS = 2000  # of the train split that a learned reference is fitted to, evenly spaced


class FeatureArray(Protocol):
    """Region features (F, K, D), read slice by slice: an array in memory or a data set of an HDF5 file."""

    shape: tuple[int, ...]

    def __getitem__(self, frames: slice) -> np.ndarray: ...


def tracklet_scores(
    features: np.ndarray,
    reference: Reference = "mean",
    trim: float = 0.4,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Cosine of every region with the reference of its tracklet (Eq. 11-12).

    Args:
        features: (T, K, D) region features of one tracklet.
        reference: mean; median of each dimension; or trimmed_mean, the mean of the frames left when the
            share `trim` with the lowest scores (against the plain mean) is dropped, region by region; or
            learned, the same with `weights` @ feature added to the scores by which frames are dropped.
        weights: (K, D) of a learned reference.

    Returns:
        (T, K) float32 in [-1, 1]; 0 where a feature or its reference is all zeros, 1 in a one-frame tracklet.
    """
    features = np.asarray(features, dtype=np.float32)  # squares overflow in float16
    if features.ndim != 3 or len(features) == 0:
        raise ValueError(f"features: got shape {features.shape}, wanted (T, K, D) with at least one frame")
    if len(features) == 1:
        return np.ones(features.shape[:2], dtype=np.float32)
    if reference == "median":
        return _cosine(features, np.median(features, axis=0))
    scores = _cosine(features, features.mean(axis=0))
    if reference == "mean":
        return scores
    if reference == "learned":
        if weights is None:
            raise ValueError(
                "occlusion.reference: got 'learned' without weights, wanted those of the train split"
            )
        scores = scores + np.einsum("tkd,kd->tk", normalised(features), weights)
    if reference in ("trimmed_mean", "learned"):
        dropped = min(whole_part(trim, len(features)), len(features) - 1)
        kept = np.argsort(scores, axis=0, kind="stable")[dropped:]  # (T', K)
        return _cosine(features, np.take_along_axis(features, kept[..., None], axis=0).mean(axis=0))
    raise ValueError(f"occlusion.reference: got '{reference}', wanted mean, median, trimmed_mean or learned")


def whole_part(share: float, count: int) -> int:
    """How many whole frames a share of `count` is, rounded down; in binary .7 · 90 is a little under 63.

    >>> whole_part(0.7, 90)
    63
    """
    return math.floor(round(share * count, 6))


def _cosine(features: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(T, K, D) with (K, D) -> (T, K) float32."""
    dots = np.einsum("tkd,kd->tk", features, reference)
    norms = np.linalg.norm(features, axis=-1) * np.linalg.norm(reference, axis=-1)
    scores = np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)
    return np.clip(scores, -1, 1).astype(np.float32)


def smooth_scores(scores: np.ndarray, weight: float) -> np.ndarray:
    """Weighted means with the scores of the frame before and after: (T, K) -> (T, K) float32.

    An occluder stays for several frames while noise of a single score does not. At either end of a
    tracklet the frame itself stands in for the missing neighbour.
    """
    padded = np.concatenate([scores[:1], scores, scores[-1:]])  # (T + 2, K)
    smooth = scores + weight * (padded[:-2] + padded[2:])
    return (smooth / (1 + 2 * weight)).astype(np.float32)


def score_regions(
    features: FeatureArray,
    tracklet_ends: np.ndarray,
    frame_numbers: np.ndarray,
    config: OcclusionConfig,
    in_train: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """Scores of a whole store; one tracklet's features are in memory at a time.

    Args:
        features: (F, K, D).
        tracklet_ends: (N,), tracklet n owns the frames `tracklet_ends[n-1]:tracklet_ends[n]`.
        frame_numbers: (F,), the frames' numbers in the source.
        in_train: (N,) bool; only a learned reference needs it, or
        weights: (K, D) of one, see `learned_weights`.

    Returns:
        One row a frame and region, in order: `tracklet`, `frame`, `number`, `region`, `score`.
        `flag` adds `occluded`.
    """
    ends = np.asarray(tracklet_ends, dtype=np.int64)
    frames, regions = features.shape[:2]
    if len(ends) == 0 or ends[-1] != frames or len(frame_numbers) != frames:
        raise ValueError(
            f"region features: got {frames} frames, wanted the {ends[-1] if len(ends) else 0} of the store; "
            "extract the features again from this tracklets.h5"
        )
    lengths = np.diff(ends, prepend=0)
    scores = np.empty((frames, regions), dtype=np.float32)
    if config.reference == "learned" and weights is None:
        weights = learned_weights(features, ends, config, in_train)
    for start, end in _spans(ends):
        raw = tracklet_scores(
            _block(features, start, end, config.power), config.reference, config.trim, weights
        )
        scores[start:end] = smooth_scores(raw, config.smoothing)
    return score_rows(scores, lengths, frame_numbers)


def visible_chances(logits: np.ndarray) -> np.ndarray:
    """Scores in (0, 1) of a detector's logits of being hidden (F, K); it looks at the neighbours itself."""
    return (1 / (1 + np.exp(logits.astype(np.float64)))).astype(np.float32)


def probe_scores(probe: pd.DataFrame, config: OcclusionConfig) -> np.ndarray:
    """Scores (F, K) of planted train tracklets, made as those of the data: of `probe.parquet`."""
    regions = int(probe["region"].max()) + 1
    values = probe["value"].to_numpy().reshape(-1, regions)
    ends = np.cumsum(np.bincount(probe["tracklet"].to_numpy()[::regions]))
    if config.by_networks:
        return visible_chances(values)
    return smooth_tracklets(values, ends, config.smoothing)


def smooth_tracklets(values: np.ndarray, tracklet_ends: np.ndarray, weight: float) -> np.ndarray:
    """`smooth_scores` of every tracklet: (F, K) -> (F, K) float32."""
    smooth = np.empty(values.shape, dtype=np.float32)
    for start, end in _spans(np.asarray(tracklet_ends, dtype=np.int64)):
        smooth[start:end] = smooth_scores(values[start:end], weight)
    return smooth


def score_rows(scores: np.ndarray, lengths: np.ndarray, frame_numbers: np.ndarray) -> pd.DataFrame:
    """Scores (F, K) as rows, see `score_regions`; `lengths` (N,) of the tracklets."""
    frames, regions = scores.shape
    return pd.DataFrame(
        {
            "tracklet": np.repeat(np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), regions),
            "frame": np.repeat(np.arange(frames, dtype=np.int64), regions),
            "number": np.repeat(np.asarray(frame_numbers, dtype=np.int32), regions),
            "region": np.tile(np.arange(regions, dtype=np.int8), frames),
            "score": scores.reshape(-1),
        }
    )


def _block(features: FeatureArray, start: int, end: int, power: float) -> np.ndarray:
    """Features of one tracklet, their magnitudes raised to a power."""
    block = features[start:end]
    if not np.isfinite(block).all():
        bad = start + int(np.flatnonzero(~np.isfinite(block).all(axis=(1, 2)))[0])
        raise ValueError(f"region features: got a value that is not finite at frame {bad}")
    if power == 1:
        return block
    block = np.asarray(block, dtype=np.float32)
    return np.sign(block) * np.abs(block) ** np.float32(power)


def learned_weights(
    features: FeatureArray,
    tracklet_ends: np.ndarray,
    config: OcclusionConfig,
    in_train: np.ndarray | None,
) -> np.ndarray:
    """Weights (K, D) of a learned reference, from the train tracklets of more than one frame."""
    spans = list(_spans(np.asarray(tracklet_ends, dtype=np.int64)))
    wanted = np.zeros(len(spans), dtype=bool) if in_train is None else np.asarray(in_train, dtype=bool)
    train = [span for span, chosen in zip(spans, wanted, strict=True) if chosen and span[1] - span[0] > 1]
    if not train:
        raise ValueError(
            "occlusion.reference: got 'learned' and no train tracklet of more than one frame to learn from; "
            "set it to 'trimmed_mean'"
        )
    chosen = train[:: -(-len(train) // _FITTED_TRACKLETS)]

    def score(block: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return smooth_scores(tracklet_scores(block, "learned", config.trim, weights), config.smoothing)

    return fit_person_weights(lambda: (_block(features, *span, config.power) for span in chosen), score)


def _spans(ends: np.ndarray) -> Iterator[tuple[int, int]]:
    start = 0
    for end in ends.tolist():
        if end <= start:
            raise ValueError(f"tracklets/end: got a tracklet from {start} to {end}, wanted one frame or more")
        yield start, end
        start = end


def flag(table: pd.DataFrame, taus: Sequence[float], most: float = 1.0) -> pd.DataFrame:
    """The table with `occluded`: score < τ of its region, both in float32.

    So a score printed as τ is not under it.

    Args:
        most: the largest share of a tracklet's frames in which a region may be flagged; those with the
            lowest scores are.
    """
    occluded = _under(table, taus)
    if most < 1:
        scores = table.groupby(["tracklet", "region"], sort=False)["score"]
        place = scores.rank(method="first").to_numpy()  # 1 for the lowest score of a tracklet's region
        sizes = scores.transform("size")
        occluded &= place <= sizes.map({size: whole_part(most, size) for size in sizes.unique()}).to_numpy()
    return table.assign(occluded=occluded)


def _under(table: pd.DataFrame, taus: Sequence[float]) -> np.ndarray:
    limits = np.asarray(taus, dtype=np.float32)[table["region"].to_numpy()]
    return table["score"].to_numpy(np.float32) < limits


def count_flags(table: pd.DataFrame, taus: Sequence[float]) -> dict[str, Any]:
    """What was flagged, and the two cases in which the score means little (see the module's docstring).

    Contaminated tracklets have a third with scores under τ in more than half of their frames. How many of
    these were flagged does not matter: a cap on the flags would hide the very case.
    """
    shares = table.assign(under=_under(table, taus)).groupby(["tracklet", "region"])["under"].mean()
    frames_of = table[table["region"] == 0].groupby("tracklet").size()
    flagged = table.groupby("region")["occluded"].sum()
    return {
        "frames": int(frames_of.sum()),
        "tracklets": len(frames_of),
        "regions_flagged": {name: int(flagged.get(k, 0)) for k, name in enumerate(REGIONS)},
        "frames_with_a_flagged_region": int(table.groupby("frame")["occluded"].any().sum()),
        "contaminated_tracklets": int((shares > 0.5).groupby("tracklet").any().sum()),
        "one_frame_tracklets": int((frames_of == 1).sum()),
    }
