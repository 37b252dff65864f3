"""The tables of `comparison.json` as texts, for the terminal and the HTML page alike.

Shares (0 to 1) in the file become per cent here, differences become points. Intervals are 95 %, from a
bootstrap over identities; differences are paired with the same network trained and tested on raw data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stcnet_lib.files import read_json

Comparison = Mapping[str, Any]
NOTHING = "–"  # where a value is undefined or means nothing
DATA_KEYS = ("network", "train", "test")


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
    for number, row in enumerate(comparison["rows"]):
        missing = {*DATA_KEYS, "mAP", "mAP_interval", "rank1", "rank1_interval"} - set(row)
        if missing:
            raise ValueError(f"{path}: row {number} lacks {', '.join(sorted(missing))}; make it again")
    return comparison


def heading(comparison: Comparison) -> str:
    """What was measured on what."""
    queries = sorted({row["queries"] for row in comparison["rows"] if row.get("queries") is not None})
    words = [f"protocol {comparison['protocol']}"] if comparison.get("protocol") else []
    words += [f"{' or '.join(f'{n:,}' for n in queries)} queries"] if queries else []
    words += ["per cent", "[95 % interval, bootstrap over identities]"]
    return f"Re-identification on {comparison.get('dataset', 'this data set')}: {', '.join(words)}"


def result_table(comparison: Comparison, ranks: Sequence[str] | None = None) -> Table:
    """One row a variant, in the file's order; split and seed only where they differ.

    Args:
        ranks: keys of ranks beyond rank1 to show; all there are, if not given.
    """
    rows = comparison["rows"]
    repeats = [key for key in ("split", "seed") if len({row.get(key) for row in rows}) > 1]
    ranks = further_ranks(rows) if ranks is None else [rank for rank in ranks if rank in further_ranks(rows)]
    head = [
        *DATA_KEYS,
        *repeats,
        "mAP",
        "rank-1",
        *map(_rank_name, ranks),
        "mAP against raw",
        "rank-1 against raw",
    ]
    cells = [
        [
            *(str(row[key]) for key in (*DATA_KEYS, *repeats)),
            *(percent(row[key], row[f"{key}_interval"]) for key in ("mAP", "rank1")),
            *(percent(row.get(rank)) for rank in ranks),
            *(points((row.get("difference") or {}).get(key)) for key in ("mAP", "rank1")),
        ]
        for row in rows
    ]
    return Table(head, cells, names=len(DATA_KEYS) + len(repeats))


def further_ranks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """`rank5`, `rank10`, …: the ranks beyond the first that some row holds, ascending."""
    found = {key for row in rows for key in row if re.fullmatch(r"rank\d+", key)} - {"rank1"}
    return sorted(found, key=lambda key: int(key.removeprefix("rank")))


def _rank_name(key: str) -> str:
    return f"rank-{key.removeprefix('rank')}"


def means_table(comparison: Comparison) -> Table | None:
    """Mean ± standard deviation over splits and seeds; None where nothing was repeated."""
    means = comparison.get("means") or []
    if all(row["runs"] < 2 for row in means):
        return None
    keys = [
        key
        for key in ("mAP", "rank1", *further_ranks([row["mean"] for row in means]))
        if key in means[0]["mean"]
    ]
    rows = []
    for row in means:
        deviation = row.get("deviation") or {}
        values = [_with_deviation(row["mean"][key], deviation.get(key)) for key in keys]
        rows.append([*(str(row[key]) for key in DATA_KEYS), str(row["runs"]), *values])
    names = [key if key == "mAP" else _rank_name(key) for key in keys]
    return Table([*DATA_KEYS, "runs", *names], rows, names=len(DATA_KEYS))


def _with_deviation(value: float | None, deviation: float | None) -> str:
    return percent(value) + ("" if deviation is None else f" ± {100 * deviation:.1f}")


def percent(value: float | None, interval: Sequence[float | None] | None = None) -> str:
    """A share as `62.0`, or `62.0 [57.0, 66.1]`."""
    if value is None:
        return NOTHING
    bounds = (
        "" if interval is None or None in interval else f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"
    )
    return f"{100 * value:.1f}{bounds}"


def points(difference: Mapping[str, float | None] | None) -> str:
    """A difference of shares as `+3.1 [+0.8, +5.4]`."""
    if difference is None or difference["value"] is None:
        return NOTHING
    low, high = difference["low"], difference["high"]
    bounds = "" if low is None or high is None else f" [{_signed(low)}, {_signed(high)}]"
    return _signed(difference["value"]) + bounds


def _signed(value: float) -> str:
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
