"""Rows of `variants` that stand for several: a list in the place of a name multiplies a row out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any


def multiplied_out(rows: Sequence[Any]) -> list[Any]:
    """Rows with one name a key, in the order in which the lists name them, the first key slowest.

    `{network: [nl, gem], train: raw, test: [raw, copy]}` is four rows. What is no mapping, or holds an empty
    list, stays as it is, for whoever checks it.
    """
    return [single for row in rows for single in _singles(row)]


def _singles(row: Any) -> list[Any]:
    if not isinstance(row, dict):
        return [row]
    choices = [value if isinstance(value, list) and value else [value] for value in row.values()]
    return [dict(zip(row, chosen, strict=True)) for chosen in product(*choices)]
