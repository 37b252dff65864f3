"""The three protocols side by side (`protocols`), from `metrics.json` to the table of all variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stcnet_lib.evaluation.protocols import PROTOCOLS
from stcnet_lib.report.tables.tables import DATA_KEYS, Comparison, Table
from stcnet_lib.report.tables.texts import NOTHING, percent


def protocol_table(comparison: Comparison) -> Table | None:
    """mAP / rank-1 of every variant under each protocol.

    None where queries and gallery are not parted, as with the walkers: the protocols then search the same
    tracklets, and what is left between them is only how the average precision is computed.
    """
    rows = [row for row in comparison.get("means") or [] if row.get("protocols")]
    if not any(row["protocols"].get("gallery-only") for row in rows):
        return None
    cells = [
        [*(str(row[key]) for key in DATA_KEYS), *(_both(row["protocols"].get(name)) for name in PROTOCOLS)]
        for row in rows
    ]
    return Table([*DATA_KEYS, *PROTOCOLS], cells, names=len(DATA_KEYS))


def _both(found: Mapping[str, float] | None) -> str:
    return f"{percent(found['mAP'])} / {percent(found['rank1'])}" if found else NOTHING


def protocol_title(comparison: Comparison) -> str:
    """What `protocol_table` shows."""
    headline = comparison.get("protocol")
    return "mAP / rank-1 by protocol" + (f"; everywhere else: {headline}" if headline else "")


def protocol_lines(comparison: Comparison) -> list[str]:
    """Who searches whom under each protocol; unmatched queries counted."""
    lines = []
    for name, protocol in PROTOCOLS.items():
        found = [row["protocols"].get(name) for row in comparison["rows"] if row.get("protocols")]
        known = [values for values in found if values]
        if not known:
            lines.append(f"{name}: nothing to score")
            continue
        junk = (
            f" of which {_range(known, 'gallery_junk')} junk skipped"
            if any(values["gallery_junk"] for values in known)
            else ""
        )
        listed = " (listed in metrics.json)" if any(values["queries_unmatched"] for values in known) else ""
        lines.append(
            f"{name}: {_range(known, 'queries_scored')} queries scored, {_range(known, 'queries_unmatched')} "
            f"without a match left out{listed}; gallery {_range(known, 'gallery_size')}{junk}; AP "
            f"{'mean of precisions' if protocol.average_precision == 'precisions' else 'trapezoid'}"
        )
    return lines


def _range(known: Sequence[Mapping[str, Any]], key: str) -> str:
    """The count, or least to most where runs differ."""
    least, most = (limit(values[key] for values in known) for limit in (min, max))
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
