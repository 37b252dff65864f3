"""The tables of `comparison.json` as texts, for the terminal, the HTML page and the Markdown page alike.

Intervals are 95 %, from a bootstrap over identities and, where there are several, runs; differences are
paired with the same network trained and tested on raw data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stcnet_lib.common.files import read_json
from stcnet_lib.report.tables.texts import (
    NOTHING,
    closed,
    percent,
    points,
    points_and_half_width,
    signed_points,
    span,
    span_with_deviation,
)

Comparison = Mapping[str, Any]
DATA_KEYS = ("network", "train", "test")
_MEAN_KEYS = {
    *DATA_KEYS,
    "runs",
    "mean",
    "spread",
    "mAP_interval",
    "rank1_interval",
    "difference",
    "gap_closed",
}
_ROW_KEYS = {*DATA_KEYS, "mAP", "mAP_interval", "rank1", "rank1_interval"}

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]  # heading, and the text of a row


@dataclass(frozen=True)
class Table:
    """Texts in rows; the first `names` columns hold names, the others numbers."""

    head: list[str]
    rows: list[list[str]]
    names: int

    def as_text(self) -> str:
        """Aligned with blanks: names to the left, numbers to the right."""
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = [self.head, ["-" * width for width in widths], *self.rows]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if i < self.names else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )


def read_comparison(path: str | Path) -> dict[str, Any]:
    """A `comparison.json`.

    Raises:
        ValueError: if it has no rows of results.
    """
    comparison = read_json(path)
    if not isinstance(comparison, dict) or not isinstance(comparison.get("rows"), list):
        raise ValueError(
            f"{path}: got no list 'rows', wanted a comparison.json; make it again with `compare`"
        )
    for name, keys in (("rows", _ROW_KEYS), ("means", _MEAN_KEYS)):
        for number, row in enumerate(comparison.get(name) or []):
            if missing := ", ".join(sorted(keys - set(row))):
                raise ValueError(f"{path}: {name} {number} lacks {missing}; make it again with `compare`")
    return comparison


def heading(comparison: Comparison) -> str:
    """What was measured on what."""
    queries = sorted({row["queries"] for row in comparison["rows"] if row.get("queries") is not None})
    words = [f"protocol {comparison['protocol']}"] if comparison.get("protocol") else []
    words += ["re-ranked"] if comparison.get("rerank") else []
    words += [frames_text(comparison["test_frames"])] if comparison.get("test_frames") else []
    words += [f"{' or '.join(f'{n:,}' for n in queries)} queries"] if queries else []
    words += [_means(comparison)] if repeated(comparison) else []
    words += ["per cent", f"[95 % interval {interval_holds(comparison)}]"]
    return f"Re-identification on {comparison.get('dataset', 'this data set')}: {', '.join(words)}"


def interval_holds(comparison: Comparison) -> str:
    """What the intervals are over: a reader takes one run's for more than it is."""
    if repeated(comparison):
        return "over people and runs, the noise of training in it"
    return "over people alone, the noise of training not in it"


def frames_text(test_frames: str | int) -> str:
    """How much of a tracklet is tested: the two habits of the field give numbers that do not compare."""
    return "all frames" if test_frames == "all" else f"{test_frames} frames of a tracklet only"


def _means(comparison: Comparison) -> str:
    """`means over 10 splits`, `means over 6 runs (2 splits, 3 seeds)`."""
    runs = sorted({row["runs"] for row in comparison["means"]})
    counts = {name: len({row.get(name) for row in comparison["rows"]}) for name in ("split", "seed")}
    several = [f"{count} {name}s" for name, count in counts.items() if count > 1]
    if len(several) == 1 and runs == [max(counts.values())]:
        return f"means over {several[0]}"
    return f"means over {' or '.join(map(str, runs))} runs" + (f" ({', '.join(several)})" if several else "")


def repeated(comparison: Comparison) -> bool:
    """Whether some variant has several runs: splits or seeds."""
    return any(row["runs"] > 1 for row in comparison.get("means") or [])


def result_table(comparison: Comparison, *, compact: bool = False) -> Table:
    """One row a variant, in the file's order: means over runs with their intervals.

    Args:
        compact: fewer columns, for a terminal; of several runs it shows the least and the most mAP.
    """
    rows = comparison.get("means") or []
    narrow = compact and repeated(comparison)
    both = ("mAP", "rank1")
    columns: list[Column] = [
        (metric_name(key), lambda row, key=key: percent(row["mean"][key], row[f"{key}_interval"]))
        for key in both
    ]
    if narrow:
        columns.insert(1, ("mAP of runs", lambda row: span(row["spread"]["mAP"])))
    columns += [_against_raw(key) for key in (both[:1] if narrow else both)]
    if any(row["gap_closed"] for row in rows):
        columns += [
            (
                f"gap closed, {metric_name(key)}",
                lambda row, key=key: closed((row["gap_closed"] or {}).get(key)),
            )
            for key in (both[:1] if compact else both)
        ]
    if not compact:  # last, where a narrow page cuts
        columns += [
            (metric_name(key), lambda row, key=key: percent(row["mean"].get(key)))
            for key in further_ranks([row["mean"] for row in rows])
        ]
    return _table(rows, DATA_KEYS, columns)


def _against_raw(key: str) -> Column:
    return f"{metric_name(key)} against raw", lambda row: points((row["difference"] or {}).get(key))


def spread_table(comparison: Comparison) -> Table | None:
    """Least, most and standard deviation over the runs of a variant; None where nothing was repeated."""
    if not repeated(comparison):
        return None
    rows = comparison["means"]
    columns: list[Column] = [("runs", lambda row: str(row["runs"]))]
    columns += [
        (metric_name(key), lambda row, key=key: span_with_deviation(row["spread"][key]))
        for key in ("mAP", "rank1")
    ]
    columns.append(("mAP against raw", lambda row: _nested_spread(row["difference"], signed=True)))
    if any(row["gap_closed"] for row in rows):
        columns.append(("gap closed, mAP", lambda row: _nested_spread(row["gap_closed"], digits=0)))
    return _table(rows, DATA_KEYS, columns)


def control_table(comparison: Comparison) -> Table | None:
    """What the default STCnet brings beyond each control (`controls`); None where there is no such pair."""
    rows = comparison.get("controls") or []
    if not rows:
        return None
    head = ["network", "restored: train", "test", "control: train", "test"]
    head += [f"{metric_name(key)} more than the control" for key in ("mAP", "rank1")]
    head += ["mAP, run by run"] if repeated(comparison) else []
    cells = []
    for row in rows:
        names = [row["restored"]["network"]]
        names += [row[system][data] for system in ("restored", "control") for data in ("train", "test")]
        runs = [", ".join(map(signed_points, row["mAP"]["runs"]))] if repeated(comparison) else []
        cells.append([*names, *(points(row[key]) for key in ("mAP", "rank1")), *runs])
    return Table(head, cells, names=5)


def frozen_table(comparison: Comparison) -> Table | None:
    """Differences of rows of one network by their test data (`frozen`); None where there is no such row."""
    rows = comparison.get("frozen") or []
    if not rows:
        return None
    columns: list[Column] = [("mAP", lambda row: percent(row["mAP"]))]
    for key in ("mAP", "rank1"):
        columns += [
            (
                f"{metric_name(key)} against {name}",
                lambda row, key=key, name=name: points_and_half_width((row["against"][name] or {}).get(key)),
            )
            for name in ("raw", "copy")
        ]
    if any(row.get("gap_closed") for row in rows):
        columns.insert(3, ("gap closed, mAP", lambda row: closed((row.get("gap_closed") or {}).get("mAP"))))
    return _table(rows, DATA_KEYS, columns)


def across_table(comparison: Comparison) -> Table | None:
    """What data bring to the networks of the table in the mean (`across`); None of too few networks."""
    rows = comparison.get("across") or []
    if not rows:
        return None
    columns: list[Column] = [
        (
            f"{metric_name(key)} against {name}",
            lambda row, key=key, name=name: _of_networks((row["against"][name] or {}).get(key)),
        )
        for key in ("mAP", "rank1")
        for name in ("raw", "copy")
    ]
    return _table(rows, DATA_KEYS[1:], columns)


def _of_networks(found: Mapping[str, Any] | None) -> str:
    """`+2.1 [+0.9, +3.3], 9 of 10 better`."""
    return f"{points(found)}, {found['better']} of {len(found['networks'])} better" if found else NOTHING


def run_table(comparison: Comparison) -> Table | None:
    """One row a run, with intervals over people alone; None where nothing was repeated."""
    if not repeated(comparison):
        return None
    rows = comparison["rows"]
    columns: list[Column] = [
        (metric_name(key), lambda row, key=key: percent(row[key], row[f"{key}_interval"]))
        for key in ("mAP", "rank1")
    ]
    columns += [_against_raw(key) for key in ("mAP", "rank1")]
    return _table(rows, (*DATA_KEYS, "split", "seed"), columns)


def strata_title(comparison: Comparison) -> str:
    """What `strata_table` shows, and who says what is hidden."""
    sources = {"truth": "ground truth", "flags": "predicted flags, which differ from run to run"}
    source = sources.get(comparison.get("hidden_source") or "", "unknown source")
    return f"mAP / rank-1 by share of the query's frames in which a third is hidden ({source})"


def strata_table(comparison: Comparison) -> Table | None:
    """mAP and rank-1 of every variant by what is hidden of the query; None where that is not known."""
    rows = [row for row in comparison.get("means") or [] if row.get("strata")]
    if not rows:
        return None
    return _table(
        rows,
        DATA_KEYS,
        [
            (
                f"{stratum['hidden']} (n = {stratum['queries']:.0f})",
                lambda row, i=i: f"{percent(row['strata'][i]['mAP'])} / {percent(row['strata'][i]['rank1'])}",
            )
            for i, stratum in enumerate(rows[0]["strata"])
        ],
    )


def _table(rows: Sequence[Row], names: Sequence[str], columns: Sequence[Column]) -> Table:
    cells = [[*(str(row[name]) for name in names), *(text(row) for _, text in columns)] for row in rows]
    return Table([*names, *(heading for heading, _ in columns)], cells, names=len(names))


def further_ranks(rows: Sequence[Row]) -> list[str]:
    """`rank5`, `rank10`, …: the ranks beyond the first that some row holds, ascending."""
    found = {key for row in rows for key in row if re.fullmatch(r"rank\d+", key)} - {"rank1"}
    return sorted(found, key=lambda key: int(key.removeprefix("rank")))


def metric_name(key: str) -> str:
    """`mAP`, `rank-1`, … for the keys of the file."""
    return key if key == "mAP" else f"rank-{key.removeprefix('rank')}"


def _nested_spread(values: Mapping[str, Any] | None, *, signed: bool = False, digits: int = 1) -> str:
    return span_with_deviation(values["mAP"]["spread"], signed=signed, digits=digits) if values else NOTHING
