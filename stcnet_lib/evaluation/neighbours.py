"""The nearest of everybody among everybody, exact, with half of a similarity matrix and little memory.

A block of similarities serves its rows and, turned over, its columns, so that each pair is computed once. Of
every tracklet the best so far are kept, some more than are asked for: who may have been left out wrongly
because float32 sums are off (see `similarities`) is then seen, and searched for again in whole rows.
"""

from __future__ import annotations

import numpy as np

from stcnet_lib.evaluation.similarities import Similarities

_MORE = 16  # kept beside those asked for


def nearest_neighbours(features: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest (N, count), nearest first, and how similar the farthest is, (N,) float32.

    Of equal ones the lower index comes first; everybody is among their own neighbours. Who is nearer is
    decided by exact similarities. The farthest is the one by float32 sums; its similarity is exact.

    Args:
        features: (N, D) L2-normalised.
        count: at most N.
    """
    everybody = Similarities(features, features)
    kept = _Kept(len(features), min(len(features), count + _MORE))
    for start, block in everybody.upper_blocks():
        stop = start + len(block)
        kept.offer(slice(start, stop), block, start)
        kept.offer(slice(stop, None), block[:, len(block) :].T, start)
    order = np.argsort(-kept.values, axis=1)
    values, columns = (np.take_along_axis(of, order, axis=1) for of in (kept.values, kept.columns))
    off = 2 * everybody.slack(0, len(features))
    sure = (values[:, -1] < values[:, count - 1] - off) | (values.shape[1] == len(features))
    _settle_close(everybody, values, columns, off)
    nearest = _sorted_rows(values, columns)[:, :count]
    unsure = np.flatnonzero(~sure)
    nearest[unsure] = _in_whole_rows(Similarities(features[unsure], features), count)
    return nearest, everybody.exact(np.arange(len(features)), kept.farthest)


class _Kept:
    """The most similar columns (N, M) of every row so far, in no order, and the least similar one (N,)."""

    def __init__(self, rows: int, most: int) -> None:
        self.values = np.full((rows, most), -np.inf, dtype=np.float32)
        self.columns = np.zeros((rows, most), dtype=np.int32)
        self.least = np.full(rows, np.inf, dtype=np.float32)
        self.farthest = np.zeros(rows, dtype=np.int32)

    def offer(self, rows: slice, block: np.ndarray, first: int) -> None:
        """Take in a block (B, C) of these rows, whose columns start with `first`."""
        if not block.size:
            return
        most = self.values.shape[1]
        joined = np.concatenate([self.values[rows], block], axis=1)
        best = np.argpartition(joined, -most, axis=1)[:, -most:]
        old = np.take_along_axis(self.columns[rows], np.minimum(best, most - 1), axis=1)
        self.columns[rows] = np.where(best < most, old, best - most + first)
        self.values[rows] = np.take_along_axis(joined, best, axis=1)
        farthest = joined[:, most:].argmin(axis=1)
        least = joined[np.arange(len(joined)), farthest + most]
        self.farthest[rows] = np.where(least < self.least[rows], farthest + first, self.farthest[rows])
        self.least[rows] = np.minimum(least, self.least[rows])


def _settle_close(everybody: Similarities, values: np.ndarray, columns: np.ndarray, off: np.ndarray) -> None:
    """Make those values (N, M), descending, exact that are too near to the next to know which is larger."""
    close = values[:, :-1] - values[:, 1:] <= off[:, None]
    doubtful = np.zeros(values.shape, dtype=bool)
    doubtful[:, :-1] |= close
    doubtful[:, 1:] |= close
    rows, places = np.nonzero(doubtful)
    values[rows, places] = everybody.exact(rows, columns[rows, places])


def _sorted_rows(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The columns (N, M) by falling value, of equal values the lower column first."""
    by_column = np.argsort(columns, axis=1)
    ordered = np.take_along_axis(values, by_column, axis=1)
    order = np.argsort(-ordered, axis=1, kind="stable")
    return np.take_along_axis(columns, np.take_along_axis(by_column, order, axis=1), axis=1)


def _in_whole_rows(similarities: Similarities, count: int) -> np.ndarray:
    """The nearest columns (Q, count) of every row, from all that can be among them."""
    nearest = np.empty((len(similarities.rows), count), dtype=np.int32)
    for start, block in similarities.blocks():
        off = similarities.slack(start, start + len(block))[:, None].astype(np.float32)
        last = np.partition(block, -count, axis=1)[:, -count, None]
        similarities.settle(start, block, *np.nonzero(block >= last - 2 * off))
        rows, columns = np.nonzero(block >= last - off)
        order = np.lexsort((columns, -block[rows, columns], rows))
        first = np.searchsorted(rows, np.arange(len(block)))
        nearest[start : start + len(block)] = columns[order[first[:, None] + np.arange(count)]]
    return nearest
