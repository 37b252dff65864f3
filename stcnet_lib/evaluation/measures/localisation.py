"""Stage `measure_localisation`: do low scores find the hidden thirds? (paper §4.1, which only shows examples)

Against the walkers' ground truth: a third is hidden where the occluder covers more than a share of the
clean person's pixels in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib import REGIONS

RUN_BINS = ("0-20 %", "20-33 %", "33-45 %", "45-100 %")
_RUN_EDGES = (0.0, 0.2, 1 / 3, 0.45, 1.0)  # above about 0.45 the tracklet's mean shows the occluder


def measure_localisation(
    table: pd.DataFrame, hidden: np.ndarray, doubtful: np.ndarray | None = None
) -> dict[str, Any]:
    """How well the scores find the hidden regions.

    Args:
        table: rows of `occlusion.parquet`: `tracklet`, `frame`, `region`, `score`, `occluded` (the τ used).
        hidden: (F, K) bool.
        doubtful: (F, K) bool, regions that count neither as hidden nor as visible, unless they are `hidden`.

    Returns:
        `all`, `by_region` and `by_hidden_frames`, the latter over the tracklets' thirds that are hidden in
        that share of their frames; each with the values of `detection`.
    """
    if doubtful is not None:
        unknown = (doubtful & ~hidden)[table["frame"].to_numpy(), table["region"].to_numpy()]
        table = table[~unknown].reset_index(drop=True)
    truth = hidden[table["frame"].to_numpy(), table["region"].to_numpy()]
    region = table["region"].to_numpy()
    score, flagged = table["score"].to_numpy(), table["occluded"].to_numpy()
    share = pd.Series(truth).groupby([table["tracklet"].to_numpy(), region]).transform("mean").to_numpy()
    # Bin i holds edges[i] < share <= edges[i + 1]; a third that is never hidden belongs to none.
    run = np.searchsorted(_RUN_EDGES, share, side="left") - 1

    def measure(rows: np.ndarray) -> dict[str, float | int | None]:
        return detection(score[rows], flagged[rows], truth[rows])

    return {
        "all": measure(np.ones(len(table), dtype=bool)),
        "by_region": {name: measure(region == k) for k, name in enumerate(REGIONS)},
        "by_hidden_frames": {name: measure(run == i) for i, name in enumerate(RUN_BINS)},
    }


def detection(score: np.ndarray, flagged: np.ndarray, hidden: np.ndarray) -> dict[str, float | int | None]:
    """Low scores as a detector of hidden regions, all (n,); None where a value is undefined."""
    hits, found, present = int((flagged & hidden).sum()), int(flagged.sum()), int(hidden.sum())
    some = 0 < present < len(hidden)
    best_f1, best_tau = best_threshold(score, hidden) if present else (None, None)
    return {
        "regions": len(hidden),
        "hidden": present,
        "flagged": found,
        "auroc": auroc(-score, hidden) if some else None,
        "average_precision": average_precision(-score, hidden) if present else None,
        "precision": hits / found if found else None,
        "recall": hits / present if present else None,
        "f1": 2 * hits / (found + present) if present else None,
        "best_f1": best_f1,
        "best_f1_tau": best_tau,
    }


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties counting half: scores and bool, both (n,)."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts - 1) / 2  # of each distinct value, from 1
    positives = int(positive.sum())
    wins = middle_rank[inverse][positive].sum() - positives * (positives + 1) / 2
    return float(wins / (positives * (len(positive) - positives)))


def average_precision(score: np.ndarray, positive: np.ndarray) -> float:
    """Sum over the distinct thresholds, high to low, of precision times the recall gained there."""
    hits, found = _counts_from_above(score, positive)[1:]
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((gained * hits / found).sum())


def best_threshold(score: np.ndarray, hidden: np.ndarray) -> tuple[float, float]:
    """The largest F1 any τ reaches, knowing the truth, and the τ: halfway to the next score above."""
    values, hits, found = _counts_from_above(-score, hidden)
    f1 = 2 * hits / (found + hits[-1])
    best = int(np.argmax(f1))
    scores = -values  # ascending
    tau = (scores[best] + scores[best + 1]) / 2 if best + 1 < len(scores) else np.nextafter(scores[best], 2)
    return float(f1[best]), float(tau)


def _counts_from_above(score: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct scores from the highest, and how many positives and how many at all reach each."""
    values, inverse, counts = np.unique(
        -np.asarray(score, np.float64), return_inverse=True, return_counts=True
    )
    hits = np.cumsum(np.bincount(inverse, weights=positive, minlength=len(values)))
    return -values, hits, np.cumsum(counts)
