"""The first page of a run's report: the conclusion and a narrow table of all variants, as reStructuredText.

Snakemake's report renders its description with docutils, which includes this file; a table of all columns
is in `results.md` and `comparison.html`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stcnet_lib.report.tables.conclusions import conclusion
from stcnet_lib.report.tables.skills import skill_lines
from stcnet_lib.report.tables.tables import Comparison, heading, result_table

_COLUMNS = ("mAP", "mAP against raw", "rank-1")  # the report gives its text 32 em


def headline(comparison: Comparison) -> str:
    """Conclusion, table, and what is known of STCnet's skill."""
    title, _, details = heading(comparison).partition(": ")
    parts = [f"**{plain(title)}**: {plain(details)}."]
    if line := conclusion(comparison):
        parts.insert(0, f"**{plain(line)}**")
    if comparison["rows"]:
        table = result_table(comparison)
        chosen = [table.head.index(name) for name in _COLUMNS]
        parts.append(
            list_table(
                [["variant", *_COLUMNS]]
                + [[_variant(*row[: table.names]), *(row[i] for i in chosen)] for row in table.rows]
            )
        )
    parts += [f"- {plain(line)}" for line in skill_lines(comparison.get("restoration"))]
    return "\n\n".join(parts) + "\n"


def _variant(network: str, train: str, test: str) -> str:
    return f"{network}: {train} → {test}"


def list_table(rows: Sequence[Sequence[str]]) -> str:
    """A table with one row of headings."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        for i, text in enumerate(row):
            lines.append(f"   {'*' if i == 0 else ' '} - {plain(text)}".rstrip())
    return "\n".join(lines)


def plain(text: str) -> str:
    """A text in which no character means anything to docutils: `no-game_` would be a link to nowhere."""
    return re.sub(r"([\\*_`|])", r"\\\1", " ".join(text.split()))
