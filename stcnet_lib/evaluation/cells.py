"""What `evaluate` and `measure_shares` write of one run, under keys that the files carry themselves.

A variant is a network with its training and test data, a cell is a variant on one split with one seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.common.forms import Form, FormError, read_record, read_table, write_record, write_table

METRICS_FILE = Form("stcnet-metrics", 1)
QUERIES_FILE = Form("stcnet-queries", 1)
SHARES_FILE = Form("stcnet-shares", 1)


@dataclass(frozen=True)
class Cell:
    """One variant on one split with one seed."""

    network: str
    train: str
    test: str
    split: int
    seed: int

    def with_data(self, train: str, test: str) -> Cell:
        """The same network, split and seed on other data."""
        return Cell(self.network, train, test, self.split, self.seed)

    @property
    def variant(self) -> tuple[str, str, str]:
        return self.network, self.train, self.test


@dataclass(frozen=True)
class Result:
    """What `evaluate` found of one cell."""

    metrics: Mapping[str, Any]
    queries: pd.DataFrame  # one row a scored query


def write_result(metrics: str | Path, queries: str | Path, cell: Cell, result: Result) -> None:
    """Write `metrics.json` and `queries.parquet`; both say of which cell they are."""
    write_record(metrics, {**result.metrics, "cell": vars(cell)}, METRICS_FILE)
    write_table(queries, result.queries, QUERIES_FILE, cell=vars(cell))


def read_result(metrics: str | Path, queries: str | Path) -> tuple[Cell, Result]:
    """What `write_result` wrote.

    Raises:
        FormError: files of another form, or not of the same cell.
    """
    values, table = read_record(metrics, METRICS_FILE), read_table(queries, QUERIES_FILE)
    cell = Cell(**values.pop("cell"))
    if table.attrs["cell"] != vars(cell):
        raise FormError(f"{queries}: got queries of {table.attrs['cell']}, wanted those of {metrics}, {cell}")
    return cell, Result(values, table)


@dataclass(frozen=True)
class Shares:
    """Share of the frames of every tracklet in which a third is hidden, and who says so: truth or flags."""

    source: str
    of_tracklet: np.ndarray  # (N,)


def write_shares(path: str | Path, shares: Shares, split: int, seed: int) -> None:
    """Write `shares.parquet`: a row a tracklet, `tracklet`, `share`, `source`; it says split and seed."""
    count = len(shares.of_tracklet)
    table = pd.DataFrame({"tracklet": np.arange(count), "share": shares.of_tracklet, "source": shares.source})
    write_table(path, table, SHARES_FILE, split=split, seed=seed)


def read_shares(path: str | Path) -> tuple[tuple[int, int], Shares]:
    """(split, seed), and what `write_shares` wrote of it.

    Raises:
        FormError: a file of another form.
    """
    table = read_table(path, SHARES_FILE)
    (source,) = table["source"].unique()
    return (table.attrs["split"], table.attrs["seed"]), Shares(source, table["share"].to_numpy())
