"""The result table: every variant with its interval, its difference to raw data, and the gap closed.

What is measured of a cell is measured in the same way of all cells of a variant together (`statistics`), so
with one run the two agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.evaluation.cells import Cell, Result, Shares
from stcnet_lib.evaluation.protocols import flat_protocols, mean_protocols
from stcnet_lib.evaluation.statistics import METRICS, Interval, Runs, gap_closed, paired_bootstrap
from stcnet_lib.evaluation.stratify import mean_strata, strata
from stcnet_lib.evaluation.variants import data_sets

RAW, CLEAN = "raw", "clean"
VARIANT = ("network", "train", "test")
KEYS = {metric: metric.replace("-", "") for metric in METRICS}  # mAP and rank1: as in the JSON


def compare(
    results: Mapping[Cell, Result], resamples: int, shares: Mapping[tuple[int, int], Shares] | None = None
) -> dict[str, Any]:
    """One row a cell and one mean a variant, both in the given order.

    Intervals are 95 %, from a bootstrap over identities, and of means over the runs as well; differences are
    paired with the same network trained and tested on raw data, same splits and seeds.

    Args:
        shares: (split, seed) -> what is hidden there, for results by share; without it there are none.
    """
    rows = [_row(cell, results, resamples, shares or {}) for cell in results]
    of_variant: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in results:
        of_variant.setdefault(cell.variant, []).append(cell)
    by_cell = dict(zip(results, rows, strict=True))
    return {
        "rows": rows,
        "means": [
            _mean(cells, [by_cell[cell] for cell in cells], results, resamples)
            for cells in of_variant.values()
        ],
        "hidden_source": next((found.source for found in (shares or {}).values()), None),
    }


def _row(
    cell: Cell,
    results: Mapping[Cell, Result],
    resamples: int,
    shares: Mapping[tuple[int, int], Shares],
) -> dict[str, Any]:
    result, hidden = results[cell], shares.get((cell.split, cell.seed))
    values = {key.replace("-", ""): value for key, value in result.metrics["metrics"].items()}
    counts = {"queries": len(result.queries), "identities": int(result.queries["pid"].nunique())}
    return (
        {**vars(cell), **values, **counts, "protocols": flat_protocols(result.metrics)}
        | _measured([cell], results, resamples)
        | {"strata": strata(result.queries, hidden.of_tracklet) if hidden else None}
    )


def _measured(cells: Sequence[Cell], results: Mapping[Cell, Result], resamples: int) -> dict[str, Any]:
    """Intervals, difference to raw data and gap closed, of all cells of a variant, or of one."""

    def runs(train: str, test: str) -> Runs | None:
        wanted = [cell.with_data(train, test) for cell in cells]
        return runs_by_split(wanted, results) if all(cell in results for cell in wanted) else None

    _, train, test = cells[0].variant
    own, raw, clean = runs(train, test), runs(RAW, RAW), runs(CLEAN, CLEAN)
    intervals = paired_bootstrap(raw or own, own, resamples)
    measured: dict[str, Any] = {f"{KEYS[m]}_interval": _bounds(found["b"]) for m, found in intervals.items()}
    measured |= {"difference": None, "gap_closed": None}
    if raw and (train, test) != (RAW, RAW):
        measured["difference"] = {KEYS[m]: found["difference"].as_dict() for m, found in intervals.items()}
    restores = CLEAN not in (*data_sets(train), test) and test != RAW
    if raw and clean and restores:
        closed = gap_closed(raw, own, clean, resamples)
        measured["gap_closed"] = {KEYS[m]: found.as_dict() for m, found in closed.items()}
    return measured


def runs_by_split(cells: Sequence[Cell], results: Mapping[Cell, Result]) -> Runs:
    """The queries of the cells of one variant, as `statistics` wants them."""
    runs: dict[int, list[pd.DataFrame]] = {}
    for cell in cells:
        runs.setdefault(cell.split, []).append(results[cell].queries)
    return runs


def _mean(
    cells: Sequence[Cell],
    rows: Sequence[Mapping[str, Any]],
    results: Mapping[Cell, Result],
    resamples: int,
) -> dict[str, Any]:
    """The mean over splits and seeds, with the spread over these runs beside every interval."""
    metrics = {key.replace("-", "") for key in results[cells[0]].metrics["metrics"]}
    mean = dict(zip(VARIANT, cells[0].variant, strict=True)) | {"runs": len(rows)}
    mean["mean"] = {key: float(np.mean([row[key] for row in rows])) for key in sorted(metrics)}
    mean["spread"] = {key: _spread([row[key] for row in rows]) for key in sorted(metrics)}
    mean["protocols"] = mean_protocols(rows)
    mean |= _measured(cells, results, resamples)
    for name in ("difference", "gap_closed"):
        for key, values in (mean[name] or {}).items():
            values["spread"] = _spread([row[name][key]["value"] for row in rows])
    found = [row["strata"] for row in rows if row["strata"]]
    return mean | {"strata": mean_strata(found) if found else None}


def _spread(values: Sequence[float | None]) -> dict[str, float | None]:
    """Least, most and standard deviation of the runs in which the value is defined."""
    known = [value for value in values if value is not None]
    return {
        "least": min(known, default=None),
        "most": max(known, default=None),
        "deviation": float(np.std(known, ddof=1)) if len(known) > 1 else None,
    }


def flat_table(comparison: Mapping[str, Any]) -> pd.DataFrame:
    """The rows as a flat table for `comparison.csv`: one row a run."""
    flat: list[dict[str, Any]] = []
    for row in comparison["rows"]:
        line = {key: value for key, value in row.items() if not isinstance(value, (list, dict, type(None)))}
        for key in KEYS.values():
            line[f"{key}_low"], line[f"{key}_high"] = row[f"{key}_interval"]
            for name in ("difference", "gap_closed"):
                values = (row[name] or {}).get(key, {})
                line[f"{key}_{name}"] = values.get("value")
                line[f"{key}_{name}_low"], line[f"{key}_{name}_high"] = values.get("low"), values.get("high")
        for name, found in row["protocols"].items():
            line |= {f"{name.replace('-', '_')}_{key}": value for key, value in (found or {}).items()}
        if row["strata"]:
            line["hidden_source"] = comparison["hidden_source"]
        for stratum in row["strata"] or []:
            name = stratum["hidden"].removesuffix(" %").replace("-", "_")
            line |= {f"{key}_hidden_{name}": stratum[key] for key in ("queries", "mAP", "rank1")}
        flat.append(line)
    return pd.DataFrame(flat)


def _bounds(interval: Interval) -> list[float | None]:
    return [interval.low, interval.high]
