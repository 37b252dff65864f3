"""Cosine similarities of features, a block of rows at a time: float32 sums, float64 ones where they decide.

Similarity is defined as the dot product summed in float64 and rounded to float32: float32 sums differ with
the position in the matrix, the block and the threads, which would break ties between equal features and
move ranks from machine to machine. A float64 matrix costs more than twice the time, though, and nearly all
of it is of no consequence. So a block is computed in float32, together with how far it can be off (`slack`),
and whoever compares two values nearer than that has them replaced by exact ones (`settle`). What is found is
what float64 sums give throughout; only the time differs.

NumPy, since PyTorch's product on the CPU is no faster here and importing it takes longer than ranking MARS.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_BLOCK_VALUES = 1 << 23  # similarities in memory at a time: 32 MiB of float32
_PAIRS = 256  # exact products at a time: their features, 8 MiB at 2,048 dimensions, stay in the cache
_PAIR_COST = 32  # an exact product of two rows takes as long as some 30 within a float64 matrix product
_ROUNDING = 2.0**-24  # the largest relative error of one rounding to float32


class Similarities:
    """Of features (Q, D) with features (G, D)."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray) -> None:
        self.rows, self.columns = rows, columns
        self._rows32 = rows.astype(np.float32, copy=False)
        self._columns32 = columns.astype(np.float32, copy=False)
        longest = float(_norms(self._columns32).max(initial=0.0))
        self._slack = _roundings(rows.shape[1]) * _ROUNDING * longest * _norms(self._rows32)

    def block_rows(self) -> int:
        """Rows that make a block of 32 MiB, one at least."""
        return max(1, _BLOCK_VALUES // max(1, len(self.columns)))

    def blocks(self, rows: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """First row and approximate similarities (B, G) float32 of every block of `rows` rows."""
        rows = rows or self.block_rows()
        for start in range(0, len(self.rows), rows):
            yield start, self._rows32[start : start + rows] @ self._columns32.T

    def upper_blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """As `blocks`, of features with themselves: first row and column, and values (B, G - first)."""
        rows = min(self.block_rows(), -(-len(self.rows) // 8))  # one block of all would save nothing
        for start in range(0, len(self.rows), rows):
            yield start, self._rows32[start : start + rows] @ self._columns32[start:].T

    def slack(self, start: int, stop: int) -> np.ndarray:
        """(B,): how far an approximate similarity of these rows can be from the exact one."""
        return self._slack[start:stop]

    def exact(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Exact similarities (P,) float32 of pairs: rows (P,) and columns (P,)."""
        found = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), _PAIRS):
            part = slice(start, start + _PAIRS)
            left = self.rows[rows[part]].astype(np.float64, copy=False)
            found[part] = np.vecdot(left, self.columns[columns[part]].astype(np.float64, copy=False))
        return found

    def exact_rows(self, start: int, stop: int) -> np.ndarray:
        """Exact similarities (B, G) float32 of whole rows."""
        left = self.rows[start:stop].astype(np.float64, copy=False)
        found = np.empty((len(left), len(self.columns)), dtype=np.float32)
        for first in range(0, len(self.columns), 1024):  # pieces: no float64 copy of all columns
            part = slice(first, first + 1024)
            found[:, part] = left @ self.columns[part].astype(np.float64, copy=False).T
        return found

    def settle(self, start: int, block: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
        """Make these entries of a block exact; `rows` (P,) count from `start`, the block's first row.

        Where most of a block is in doubt (features that are all alike) all of it is made exact, which is then
        less work.
        """
        if len(rows) * _PAIR_COST > block.size:
            block[:] = self.exact_rows(start, start + len(block))
        else:
            block[rows, columns] = self.exact(rows + start, columns)


def _norms(features: np.ndarray) -> np.ndarray:
    return np.sqrt(np.vecdot(features, features)).astype(np.float64)


def _roundings(dimensions: int) -> float:
    """Roundings to float32 that the error of a sum of so many products amounts to, taken with care.

    All of the same sign would be one a product. They are not: errors of a sum grow with the root of its
    length (Higham and Mary, 2019), and four times that is 5 (features without negative values) to 30 times
    the worst that is met with 2,048. Four more are those of the features, the norms and the exact value.
    """
    return min(float(dimensions), 4 * dimensions**0.5) + 4
