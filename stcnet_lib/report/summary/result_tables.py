"""Tables of the key rows: results, CMC at some ranks, results by what is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stcnet_lib.report.summary.key_rows import KeyRow
from stcnet_lib.report.tables.completions import completion_table
from stcnet_lib.report.tables.tables import DATA_KEYS, Comparison, Table, further_ranks, metric_name
from stcnet_lib.report.tables.texts import percent, points

_MEASURES = ("hole PSNR", "person PSNR", "sharpness", "feature cosine")


def key_table(rows: Sequence[KeyRow]) -> Table:
    """mAP and rank-1 in per cent with intervals, and points of difference to raw test data."""
    head = ["test data", "mAP", "rank-1", "mAP against raw", "rank-1 against raw"]
    return Table(
        head,
        [
            [
                row.label,
                *(percent(row.row["mean"][key], row.row[f"{key}_interval"]) for key in ("mAP", "rank1")),
                *(points((row.row["difference"] or {}).get(key)) for key in ("mAP", "rank1")),
            ]
            for row in rows
        ],
        names=1,
    )


def rank_table(comparison: Comparison) -> Table:
    """The CMC of every row at the ranks that were scored, in per cent."""
    means = comparison.get("means") or []
    ranks = ["rank1", *further_ranks([row["mean"] for row in means])]
    return Table(
        ["variant", *map(metric_name, ranks)],
        [
            [
                "{}: {} → {}".format(*(row[key] for key in DATA_KEYS)),
                *(percent(row["mean"].get(rank)) for rank in ranks),
            ]
            for row in means
        ],
        names=1,
    )


def hidden_table(rows: Sequence[KeyRow]) -> Table | None:
    """mAP / rank-1 in per cent by the share of the query's frames in which a third is hidden."""
    known = [row for row in rows if row.row.get("strata")]
    if not known:
        return None
    strata = known[0].row["strata"]
    return Table(
        ["test data", *(f"{stratum['hidden']} [n = {stratum['queries']:.0f}]" for stratum in strata)],
        [
            [row.label, *(f"{percent(part['mAP'])} / {percent(part['rank1'])}" for part in row.row["strata"])]
            for row in known
        ],
        names=1,
    )


def quality_table(qualities: Sequence[Mapping[str, Any]]) -> Table:
    """Completions against the clean twins: before, after and gain of a few measures.

    Args:
        qualities: the rows of `completion.json`.
    """
    head, rows = completion_table(qualities)
    shown = ("completion", *_MEASURES)
    places = [head.index(name) for name in shown]
    return Table(list(shown), [[row[place] for place in places] for row in rows], names=1)
