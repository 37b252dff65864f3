"""The result table: every variant with its interval, its difference to raw data, and the gap closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stcnet_lib.evaluation.statistics import Interval, gap_closed, paired_bootstrap
from stcnet_lib.files import read_json

RAW, CLEAN = "raw", "clean"


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

    @classmethod
    def from_path(cls, path: Path) -> Cell:
        """Read off `…/split~0/seed~0/train~raw/reid~nl/test~raw/metrics.json`."""
        named = dict(re.findall(r"(?:^|/)(\w+)~([^/]+)", path.as_posix()))
        return cls(named["reid"], named["train"], named["test"], int(named["split"]), int(named["seed"]))


@dataclass(frozen=True)
class Result:
    """What `evaluate` wrote for one cell."""

    metrics: Mapping[str, Any]
    queries: pd.DataFrame

    @classmethod
    def read(cls, metrics: Path, queries: Path) -> Result:
        return cls(read_json(metrics), pd.read_parquet(queries))


def compare(results: Mapping[Cell, Result], resamples: int) -> dict[str, Any]:
    """Rows in the given order, the share of the gap that each completion closes, and means over repeats.

    Intervals are 95 %, from a bootstrap over identities; differences are paired with the same network
    trained and tested on raw data, same split and seed.
    """
    return {
        "rows": [_row(cell, results, resamples) for cell in results],
        "gap_closed": [row for cell in results if (row := _gap(cell, results, resamples))],
        "means": _means(results),
    }


def _row(cell: Cell, results: Mapping[Cell, Result], resamples: int) -> dict[str, Any]:
    result = results[cell]
    baseline_cell = cell.with_data(RAW, RAW)
    baseline = results.get(baseline_cell, result)
    intervals = paired_bootstrap(baseline.queries, result.queries, resamples)
    row: dict[str, Any] = vars(cell) | {
        key.replace("-", ""): value for key, value in result.metrics["metrics"].items()
    }
    for metric in intervals:
        row[f"{metric.replace('-', '')}_interval"] = _bounds(intervals[metric]["b"])
    row["queries"] = len(result.queries)
    row["identities"] = int(result.queries["pid"].nunique())
    row["difference"] = None
    if baseline_cell in results and baseline_cell != cell:
        row["difference"] = {
            metric.replace("-", ""): values["difference"].as_dict() for metric, values in intervals.items()
        }
    return row


def _gap(cell: Cell, results: Mapping[Cell, Result], resamples: int) -> dict[str, Any] | None:
    """Gap closed by a completion that data were trained and tested on, or tested on alone."""
    raw, clean = cell.with_data(RAW, RAW), cell.with_data(CLEAN, CLEAN)
    if cell in (raw, clean) or CLEAN in (cell.train, cell.test) or cell.test == RAW:
        return None
    if raw not in results or clean not in results:
        return None
    closed = gap_closed(results[raw].queries, results[cell].queries, results[clean].queries, resamples)
    return vars(cell) | {metric.replace("-", ""): value.as_dict() for metric, value in closed.items()}


def _means(results: Mapping[Cell, Result]) -> list[dict[str, Any]]:
    """Mean and standard deviation over splits and seeds; the deviation is None for a single run."""
    rows = [
        {"network": c.network, "train": c.train, "test": c.test}
        | {key.replace("-", ""): value for key, value in result.metrics["metrics"].items()}
        for c, result in results.items()
    ]
    table = pd.DataFrame(rows)
    keys = ["network", "train", "test"]
    means = []
    for group, part in table.groupby(keys, sort=False):
        values = part.drop(columns=keys)
        deviation = values.std().to_dict() if len(part) > 1 else dict.fromkeys(values)
        means.append(
            dict(zip(keys, group, strict=True))
            | {"runs": len(part), "mean": values.mean().to_dict(), "deviation": deviation}
        )
    return means


def flat_table(comparison: Mapping[str, Any]) -> pd.DataFrame:
    """The rows as a flat table for `comparison.csv`."""
    flat: list[dict[str, Any]] = []
    for row in comparison["rows"]:
        line = {key: value for key, value in row.items() if not isinstance(value, (list, dict))}
        line.pop("difference", None)
        for metric in ("mAP", "rank1"):
            line[f"{metric}_low"], line[f"{metric}_high"] = row[f"{metric}_interval"]
            difference = (row["difference"] or {}).get(metric, {})
            line[f"{metric}_difference"] = difference.get("value")
            line[f"{metric}_difference_low"] = difference.get("low")
            line[f"{metric}_difference_high"] = difference.get("high")
        flat.append(line)
    return pd.DataFrame(flat)


def _bounds(interval: Interval) -> list[float | None]:
    return [interval.low, interval.high]
