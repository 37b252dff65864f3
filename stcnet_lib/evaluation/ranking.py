"""Cumulative matching characteristic and average precision under cosine distance (paper §5.1), exact.

Features are L2-normalised, so ranking by cosine distance is ranking by the dot product. It is summed in
float64 and rounded to float32: float32 sums differ with the position in the matrix, the chunk and the
threads, which would break ties between equal features and move ranks from machine to machine.

Nothing of a query depends on the order of the negatives: CMC and AP follow from the ranks of its matches.
So a rank is counted (candidates more similar, and equal ones that stand before it) and no list of candidates
is ever built. The order this implies is that of `numpy.argsort(-similarity, kind="stable")`: of two equal
distances the lower gallery index comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

AveragePrecision = Literal["precisions", "trapezoid"]

_CHUNK_VALUES = 1 << 22  # similarities in memory at a time: 32 MiB of float64


@dataclass(frozen=True)
class Candidates:
    """Tracklets to search with or in: features (N, D) L2-normalised, pid (N,), camera (N,)."""

    features: np.ndarray
    pid: np.ndarray
    camera: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(self.features), len(self.pid), len(self.camera)}
        if self.features.ndim != 2 or len(lengths) != 1:
            raise ValueError(
                f"got features {self.features.shape}, {len(self.pid)} pids and {len(self.camera)} cameras, "
                "wanted (N, D) features and one pid and camera a row"
            )
        if not np.isfinite(self.features).all():
            row = int(np.flatnonzero(~np.isfinite(self.features).all(axis=1))[0])
            raise ValueError(f"features: got a value that is not finite in row {row}")


def rank_queries(
    query: Candidates,
    gallery: Candidates,
    *,
    junk: np.ndarray | None = None,
    distractor: np.ndarray | None = None,
    average_precision: AveragePrecision = "precisions",
    chunk: int | None = None,
) -> pd.DataFrame:
    """Search the gallery with every query.

    A match has the query's pid and another camera. Dropped for a query: the gallery's tracklets of the same
    pid and camera, and junk. Everything else is a negative; distractors always, whatever their pid.

    Args:
        junk, distractor: (G,) bool.
        chunk: queries at a time; by default so many that about 32 MiB of similarities are in memory.

    Returns:
        One row a query, in order: `pid`, `camera`, `candidates` (not dropped), `matches`, `first_match` (rank
        of the first match, from 1; 0 without a match) and `ap` (0 without a match).
    """
    none = np.zeros(len(gallery.pid), dtype=bool)
    junk = none if junk is None else np.asarray(junk, dtype=bool)
    distractor = none if distractor is None else np.asarray(distractor, dtype=bool)
    counts = np.zeros((len(query.pid), 3), dtype=np.int64)
    precision = np.zeros(len(query.pid))
    for i, similarity in _similarities(query.features, gallery.features, chunk):
        same_person = (gallery.pid == query.pid[i]) & ~distractor
        same_camera = gallery.camera == query.camera[i]
        kept = ~(junk | (same_person & same_camera))
        ranks = match_ranks(similarity[kept], np.flatnonzero(same_person[kept]))
        counts[i] = np.count_nonzero(kept), len(ranks), ranks[0] if len(ranks) else 0
        precision[i] = average_precision_of(ranks, average_precision) if len(ranks) else 0.0
    names = ("candidates", "matches", "first_match")
    columns = {name: counts[:, i] for i, name in enumerate(names)}
    return pd.DataFrame({"pid": query.pid, "camera": query.camera, **columns, "ap": precision})


def _similarities(
    query: np.ndarray, gallery: np.ndarray, chunk: int | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Every query's index and its similarities (G,), a chunk of queries at a time."""
    query, gallery = query.astype(np.float64, copy=False), gallery.astype(np.float64, copy=False)
    chunk = chunk or max(1, _CHUNK_VALUES // max(1, len(gallery)))
    for start in range(0, len(query), chunk):
        yield from enumerate((query[start : start + chunk] @ gallery.T).astype(np.float32), start)


def match_ranks(similarity: np.ndarray, matches: np.ndarray) -> np.ndarray:
    """Ranks, from 1, of the candidates `matches` (P,) among all by their similarity (G,), ascending."""
    ordered = np.sort(similarity)
    of_match = similarity[matches]
    right = np.searchsorted(ordered, of_match, side="right")
    equal = right - np.searchsorted(ordered, of_match, side="left")
    ranks = len(ordered) - right + 1
    for i in np.flatnonzero(equal > 1):
        ranks[i] += np.count_nonzero(similarity[: matches[i]] == of_match[i])
    return np.sort(ranks)


def average_precision_of(ranks: np.ndarray, kind: AveragePrecision) -> float:
    """AP of one query from the ascending ranks of its matches (P,), P ≥ 1.

    precisions: the mean of the precision j / r_j at every match. trapezoid: the area under the
    precision-recall curve by the trapezoidal rule, as MARS's MATLAB code: the mean of that precision and the
    one a rank earlier, (j - 1) / (r_j - 1), which is 1 before rank 1.
    """
    found = np.arange(1, len(ranks) + 1)
    precision = found / ranks
    if kind == "precisions":
        return float(precision.mean())
    if kind == "trapezoid":
        earlier = np.where(ranks > 1, (found - 1) / np.maximum(ranks - 1, 1), 1.0)
        return float(((precision + earlier) / 2).mean())
    raise ValueError(f"average precision: got '{kind}', wanted precisions or trapezoid")


def retrieval_metrics(queries: pd.DataFrame, ranks: Sequence[int]) -> dict[str, float]:
    """`mAP` and `rank-r`, shares from 0 to 1, over the queries that have a match."""
    scored = queries[queries["matches"] > 0]
    if scored.empty:
        raise ValueError("queries: got none with a match, wanted one pid seen by two cameras at least")
    first = scored["first_match"].to_numpy()
    return {"mAP": float(scored["ap"].mean())} | {f"rank-{r}": float(np.mean(first <= r)) for r in ranks}


def cmc_curve(queries: pd.DataFrame, most: int) -> pd.DataFrame:
    """`rank` 1 to `most` and `cmc`, the share of the queries with a match that find one up to that rank."""
    first = queries.loc[queries["matches"] > 0, "first_match"].to_numpy()
    ranks = np.arange(1, most + 1)
    shares = np.searchsorted(np.sort(first), ranks, side="right") / len(first)
    return pd.DataFrame({"rank": ranks, "cmc": shares})
