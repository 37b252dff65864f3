"""Cumulative matching characteristic and average precision under cosine distance (paper §5.1), exact.

Features are L2-normalised, so ranking by cosine distance is ranking by the dot product, as `similarities`
defines it: what float64 sums give, at the price of float32 ones.

Nothing of a query depends on the order of the negatives: CMC and AP follow from the ranks of its matches.
So a rank is counted (candidates more similar, and equal ones that stand before it) among those at least as
similar as the last match, and no list of the gallery is ever built. The order this implies is that of
`numpy.argsort(-similarity, kind="stable")`: of two equal distances the lower gallery index comes first.

Whatever parts of the gallery are searched, a similarity is the same: all parts are ranked from one matrix, of
which a block of queries is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from stcnet_lib.evaluation.similarities import Similarities

AveragePrecision = Literal["precisions", "trapezoid"]
Columns = Sequence[np.ndarray]  # of each row of a block some columns, ascending
Pairs = tuple[np.ndarray, np.ndarray]  # rows (P,) and columns (P,) of a block


class Nearness(Protocol):
    """What ranks a gallery: `Similarities`, or `rerank.Reranked`. See there."""

    def blocks(self, rows: int | None = None) -> Iterator[tuple[int, np.ndarray]]: ...

    def slack(self, start: int, stop: int) -> np.ndarray: ...

    def settle(self, start: int, block: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None: ...


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

    def only(self, rows: np.ndarray) -> Candidates:
        """Those of some rows."""
        return Candidates(self.features[rows], self.pid[rows], self.camera[rows])


@dataclass(frozen=True)
class MatchRanks:
    """Where the queries find their matches in one part of the gallery."""

    candidates: np.ndarray  # (Q,) tracklets ranked
    matches: np.ndarray  # (Q,) how many of these match
    ranks: np.ndarray  # (sum of matches,) from 1, ascending within a query; query after query

    def table(self, query: Candidates, average_precision: AveragePrecision = "precisions") -> pd.DataFrame:
        """One row a query, in order.

        Columns: `pid`, `camera`, `candidates`, `matches`, `first_match` (rank of the first match, from 1; 0
        without a match) and `ap` (0 without a match).
        """
        first = np.zeros(len(self.matches), dtype=np.int64)
        matched = self.matches > 0
        first[matched] = self.ranks[(np.cumsum(self.matches) - self.matches)[matched]]
        return pd.DataFrame(
            {
                "pid": query.pid,
                "camera": query.camera,
                "candidates": self.candidates,
                "matches": self.matches,
                "first_match": first,
                "ap": average_precisions(self.ranks, self.matches, average_precision),
            }
        )


def rank_queries(
    query: Candidates,
    gallery: Candidates,
    *,
    distractor: np.ndarray | None = None,
    searched: Sequence[np.ndarray] | None = None,
    nearness: Nearness | None = None,
    block: int | None = None,
) -> list[MatchRanks]:
    """Search parts of the gallery with every query.

    A match has the query's pid and another camera. Dropped for a query: the gallery's tracklets of the same
    pid and camera. Everything else is a negative; distractors always, whatever their pid. Junk is nobody's
    candidate: leave it out of every part, or better of the gallery.

    Args:
        distractor: (G,) bool.
        searched: (G,) bool of each part; by default one, all of the gallery.
        nearness: of the queries (rows) to the gallery (columns); by default their similarities.
        block: queries at a time; by default so many that about 32 MiB of similarities are in memory.

    Returns:
        One for each part.
    """
    parts = [np.ones(len(gallery.pid), dtype=bool)] if searched is None else list(searched)
    nearness = nearness or Similarities(query.features, gallery.features)
    people = _People(gallery, distractor)
    blocks = []
    for start, values in nearness.blocks(block):
        asking = slice(start, start + len(values))
        rows, columns = people.of(query.pid[asking])
        same_camera = gallery.camera[columns] == query.camera[asking][rows]
        dropped, matches = ((rows[pick], columns[pick]) for pick in (same_camera, ~same_camera))
        own = _by_row(matches, len(values))
        values[dropped] = -np.inf
        nearness.settle(start, values, *matches)
        above, *doubtful = _doubtful(values, own, nearness.slack(asking.start, asking.stop))
        nearness.settle(start, values, *doubtful)
        values[dropped] = -np.inf  # again: settling may have made the block anew
        blocks.append([_ranked(values, own, above, dropped, inside) for inside in parts])
    return [MatchRanks(*map(np.concatenate, zip(*found, strict=True))) for found in zip(*blocks, strict=True)]


def _ranked(
    values: np.ndarray, own: Columns, above: Columns, dropped: Pairs, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Candidates (B,), matches (B,) and all ranks, query after query, in one part (G,) of the gallery."""
    rows, columns = dropped
    left_out = np.bincount(rows[inside[columns]], minlength=len(values))
    ranks = [
        match_ranks(similarity, matches[inside[matches]], candidates[inside[candidates]])
        for similarity, matches, candidates in zip(values, own, above, strict=True)
    ]
    matches = np.array([len(found) for found in ranks], dtype=np.int64)
    return np.count_nonzero(inside) - left_out, matches, np.concatenate(ranks)


def _by_row(pairs: Pairs, count: int) -> Columns:
    """The columns of every row, of pairs whose rows ascend."""
    rows, columns = pairs
    return np.split(columns, np.searchsorted(rows, np.arange(1, count)))


class _People:
    """Where in the gallery somebody is."""

    def __init__(self, gallery: Candidates, distractor: np.ndarray | None) -> None:
        known = np.ones(len(gallery.pid), dtype=bool) if distractor is None else ~np.asarray(distractor)
        columns = np.flatnonzero(known)
        self._columns = columns[np.argsort(gallery.pid[columns], kind="stable")]
        self._pid = gallery.pid[self._columns]

    def of(self, pid: np.ndarray) -> Pairs:
        """Pairs of the same person, distractors aside: rows of `pid` (B,) and columns, both ascending."""
        left, right = (np.searchsorted(self._pid, pid, side=side) for side in ("left", "right"))
        counts = right - left
        rows = np.repeat(np.arange(len(pid)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self._columns[np.repeat(left, counts) + within]


def _doubtful(values: np.ndarray, own: Columns, slack: np.ndarray) -> tuple[Columns, np.ndarray, np.ndarray]:
    """Which of values (B, G) can decide a rank, and which of these have to be exact for it.

    Args:
        own: of each row the columns of its matches, whose values are exact.
        slack: (B,): how far another value can be off.

    Returns:
        Of each row the columns that may be as similar as its last match, ascending; rows and columns of those
        too near to a match to know on which side of it they are.
    """
    above, doubtful = [], []
    for similarity, matches, off in zip(values, own, slack, strict=True):
        of_match = np.sort(similarity[matches].astype(np.float64))
        columns = np.flatnonzero(similarity >= of_match[0] - off) if len(matches) else matches
        order = np.argsort(similarity[columns])
        ordered = similarity[columns[order]].astype(np.float64)
        low, high = (
            np.searchsorted(ordered, of_match - off),
            np.searchsorted(ordered, of_match + off, "right"),
        )
        wide = np.flatnonzero(high - low > 1)  # more than the match itself
        near = [order[low[i] : high[i]] for i in wide]
        above.append(columns)
        doubtful.append(columns[np.concatenate(near)] if near else matches[:0])
    rows = np.repeat(np.arange(len(doubtful)), [len(found) for found in doubtful])
    return above, rows, np.concatenate(doubtful)


def match_ranks(similarity: np.ndarray, matches: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Ranks, from 1 and ascending, of matches (P,) among candidates (C,) by their similarity (G,).

    Args:
        candidates: ascending; all that are at least as similar as some match, the matches among them.
    """
    values, of_match = similarity[candidates], similarity[matches]
    ordered = np.sort(values)
    right = np.searchsorted(ordered, of_match, side="right")
    equal = right - np.searchsorted(ordered, of_match, side="left")
    ranks = len(ordered) - right + 1
    for i in np.flatnonzero(equal > 1):
        ranks[i] += np.count_nonzero(values[candidates < matches[i]] == of_match[i])
    return np.sort(ranks)


def average_precisions(ranks: np.ndarray, matches: np.ndarray, kind: AveragePrecision) -> np.ndarray:
    """AP (Q,) of every query, 0 without a match.

    precisions: the mean of the precision j / r_j at every match. trapezoid: the area under the
    precision-recall curve by the trapezoidal rule, as MARS's MATLAB code: the mean of that precision and the
    one a rank earlier, (j - 1) / (r_j - 1), which is 1 before rank 1.

    Args:
        ranks: of the matches, ascending within a query, query after query.
        matches: (Q,) how many each query has.
    """
    if kind not in ("precisions", "trapezoid"):
        raise ValueError(f"average precision: got '{kind}', wanted precisions or trapezoid")
    query = np.repeat(np.arange(len(matches)), matches)
    found = np.arange(1, len(ranks) + 1) - np.repeat(np.cumsum(matches) - matches, matches)
    precision = found / ranks
    if kind == "trapezoid":
        earlier = np.where(ranks > 1, (found - 1) / np.maximum(ranks - 1, 1), 1.0)
        precision = (precision + earlier) / 2
    return np.bincount(query, precision, minlength=len(matches)) / np.maximum(matches, 1)


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
