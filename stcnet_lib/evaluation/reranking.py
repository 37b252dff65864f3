"""k-reciprocal re-ranking (Zhong, Zheng, Cao and Li, CVPR 2017), exact, in rows that hold neighbours only.

A tracklet is described by who its mutual neighbours are: a row V_i of weights exp(-d), 0 for everybody else
(their equations 3 to 7), averaged over its nearest neighbours (8). Two tracklets are as far apart as their
rows by the Jaccard distance (10), mixed with the distance d of their features (12). d is the squared
Euclidean distance divided by the largest from the same tracklet, as in the authors' code.

A row has some dozens of weights that are not 0. So all rows are one sparse matrix, neighbours are taken from
a block of similarities at a time, and nothing of N x N is ever in memory. Every comparison of similarities
that decides who is a neighbour is one of exact values (see `similarities`): the same features give the same
neighbours on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from stcnet_lib.evaluation.neighbours import nearest_neighbours
from stcnet_lib.evaluation.similarities import Similarities

_ROUNDINGS = 8 * 2.0**-24  # of a distance up to 2 that is mixed in float32


@dataclass(frozen=True)
class Reranking:
    """The settings, by their names in the paper."""

    k1: int = 20  # neighbours that must be mutual
    k2: int = 6  # neighbours that a row is averaged over
    lambda_: float = 0.3  # weight of the distance of features

    @property
    def half(self) -> int:
        """Neighbours of a neighbour that may be taken in."""
        return round(self.k1 / 2)

    def as_dict(self) -> dict[str, float]:
        """For `metrics.json`."""
        return {"k1": self.k1, "k2": self.k2, "lambda": self.lambda_}


class Reranked:
    """Re-ranked nearness (minus the distance) of queries to everybody, for `rank_queries`."""

    def __init__(self, features: np.ndarray, queries: np.ndarray, settings: Reranking) -> None:
        """Find all neighbours.

        Args:
            features: (N, D) L2-normalised, of queries and gallery, each tracklet once.
            queries: (Q,) which of them ask.
        """
        everybody = Similarities(features, features)
        wanted = min(len(features), max(settings.k1 + 1, settings.k2))
        nearest, farthest = nearest_neighbours(features, wanted)
        largest = np.maximum(2 - 2 * farthest.astype(np.float64), np.finfo(np.float32).tiny)
        rows = reciprocal_rows(nearest, everybody, largest, settings)
        self._asked = rows[queries]
        self._by_column = rows.tocsc()
        self._largest = largest[queries]
        self._similarities = Similarities(features[queries], features)
        self._lambda = settings.lambda_
        self._current: tuple[np.ndarray, np.ndarray] | None = None  # Jaccard distances, similarities (B, N)

    def blocks(self, rows: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """First query and nearness (B, N) float32, within `slack`, of every block of queries."""
        for start, similarity in self._similarities.blocks(rows):
            jaccard = np.empty_like(similarity)
            for i, row in enumerate(jaccard):
                row[:] = self._jaccard(start + i)
            self._current = jaccard, similarity
            yield start, self._mixed(start)

    def slack(self, start: int, stop: int) -> np.ndarray:
        """(B,): how far a nearness of these queries can be from the exact one."""
        off = self._similarities.slack(start, stop) / self._largest[start:stop]
        return 2 * self._lambda * off * (1 + _ROUNDINGS) + _ROUNDINGS

    def settle(self, start: int, block: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
        """Make these entries exact in the block that `blocks` gave last."""
        self._similarities.settle(start, self._current[1], rows, columns)
        block[:] = self._mixed(start)

    def _mixed(self, start: int) -> np.ndarray:
        jaccard, similarity = self._current
        scale = (self._lambda / self._largest[start : start + len(jaccard), None]).astype(np.float32)
        return (2 * similarity - 2) * scale - jaccard * np.float32(1 - self._lambda)

    def _jaccard(self, query: int) -> np.ndarray:
        """Distances (N,) of one query's row of weights to all others, by what they have in common."""
        low, high = self._asked.indptr[query : query + 2]
        columns, weights = self._asked.indices[low:high], self._asked.data[low:high]
        starts = self._by_column.indptr[columns]
        counts = self._by_column.indptr[columns + 1] - starts
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        entries = np.repeat(starts, counts) + within
        common = np.minimum(np.repeat(weights, counts), self._by_column.data[entries])
        people = self._by_column.shape[0]
        shared = np.bincount(self._by_column.indices[entries], common, minlength=people)
        return 1 - shared / (2 - shared)  # all rows sum to 1, so their union is 2 less what they share


def reciprocal_rows(
    nearest: np.ndarray, similarities: Similarities, largest: np.ndarray, settings: Reranking
) -> sparse.csr_array:
    """Everybody's weights (N, N), averaged over the nearest `k2`; rows sum to 1.

    Args:
        nearest: (N, K) neighbours, K at least `k1 + 1` and `k2`, or everybody.
        largest: (N,) the largest squared distance.
    """
    mutual = _mutual(nearest[:, : settings.k1 + 1])
    halves = _mutual(nearest[:, : settings.half + 1])
    # A neighbour brings its own along if more than two thirds of these are mutual neighbours already.
    shared = (mutual @ halves.T).multiply(mutual).tocoo()
    sizes = np.diff(halves.indptr)
    brings = shared.data > 2 / 3 * sizes[shared.col]
    joined = _ones(shared.row[brings], shared.col[brings], len(nearest))
    expanded = (mutual + joined @ halves).tocoo()
    squared = 2 - 2 * similarities.exact(expanded.row, expanded.col).astype(np.float64)
    weights = np.exp(-squared / largest[expanded.row])
    weights /= np.bincount(expanded.row, weights, minlength=len(nearest))[expanded.row]
    rows = sparse.csr_array((weights, (expanded.row, expanded.col)), shape=expanded.shape)
    if settings.k2 == 1:
        return rows
    around = nearest[:, : settings.k2]
    mean = _ones(np.repeat(np.arange(len(nearest)), around.shape[1]), around.ravel(), len(nearest))
    return (mean @ rows / around.shape[1]).tocsr()


def _mutual(nearest: np.ndarray) -> sparse.csr_array:
    """(N, N), 1 where two are among each other's nearest (N, K)."""
    everybody = np.arange(len(nearest))
    chosen = _ones(np.repeat(everybody, nearest.shape[1]), nearest.ravel(), len(nearest))
    return chosen.multiply(chosen.T).tocsr()


def _ones(rows: np.ndarray, columns: np.ndarray, count: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
