"""The paper's results (Tables 1 and 2) beside those of a run, where the data set is one of the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stcnet_lib.data.source.published import is_occluded_sibling
from stcnet_lib.report.tables.tables import DATA_KEYS, Comparison, Table
from stcnet_lib.report.tables.texts import NOTHING, percent


@dataclass(frozen=True)
class Published:
    """A row of the paper: its name, our row with the names of the presets, rank-1 and mAP in per cent."""

    name: str
    ours: tuple[str, str, str]  # network, train, test
    scores: Mapping[str, tuple[float, float | None]]  # layout -> rank-1, mAP where the paper has one


ROWS = (
    Published(
        "baseline (Table 1)",
        ("guider", "raw", "raw"),
        {"ilids_vid": (79.8, None), "mars": (84.4, 77.2), "duke_video": (91.4, 90.0)},
    ),
    Published(
        "flagged frames discarded, τ = 0.89 (Table 2)",
        ("guider", "raw", "discard"),
        {"ilids_vid": (80.3, None), "mars": (84.9, 77.4), "duke_video": (91.7, 90.5)},
    ),
    Published(
        "NL: with non-local blocks (Table 1)",
        ("nl", "raw", "raw"),
        {"ilids_vid": (80.1, None), "mars": (86.1, 79.9), "duke_video": (91.8, 91.2)},
    ),
    Published(
        "STCnet, restored in training and test (Table 1)",
        ("nl", "stcnet", "stcnet"),
        {"ilids_vid": (83.4, None), "mars": (88.5, 82.3), "duke_video": (95.0, 93.5)},
    ),
)


def has_published(layout: str, name: str) -> bool:
    """Whether the paper has results on the data set, which its layout tells but for an occluded sibling."""
    return any(layout in row.scores for row in ROWS) and not is_occluded_sibling(layout, name)


def published_table(comparison: Comparison, layout: str) -> Table:
    """Rank-1 and mAP in per cent, the paper's and ours; a dash where the run has no such row.

    Args:
        layout: one for which `has_published` holds.
    """
    ours = {tuple(row[key] for key in DATA_KEYS): row for row in comparison.get("means") or []}
    rows = []
    for row in ROWS:
        rank, precision = row.scores[layout]
        own = ours.get(row.ours)
        rows.append(
            [
                row.name,
                f"{rank:.1f}",
                _own(own, "rank1"),
                NOTHING if precision is None else f"{precision:.1f}",
                _own(own, "mAP"),
            ]
        )
    return Table(["row", "rank-1, paper", "rank-1, here", "mAP, paper", "mAP, here"], rows, names=1)


def _own(row: Mapping | None, key: str) -> str:
    return NOTHING if row is None else percent(row["mean"][key], row[f"{key}_interval"])
