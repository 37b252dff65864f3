"""The rows that answer the question of a run: one network on raw, discarded, copied, restored, clean data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stcnet_lib.config.methods import METHODS
from stcnet_lib.report.tables.tables import DATA_KEYS, Comparison

# Kind of test data -> what it is, in the order in which it is shown.
KINDS = {
    "raw": "occluded, as it is",
    "discard": "without flagged frames",
    "copy": "hidden thirds copied",
    "restored": "hidden thirds restored",
    "clean": "without occluders",
}


@dataclass(frozen=True)
class KeyRow:
    """A row of `means`, and which kind of test data it has."""

    kind: str  # one of KINDS
    row: Mapping[str, Any]

    @property
    def label(self) -> str:
        """`hidden thirds restored (stcnet)`."""
        return f"{KINDS[self.kind]} ({self.row['test']})"

    @property
    def names(self) -> tuple[str, str, str]:
        """Network, training data, test data."""
        return tuple(self.row[key] for key in DATA_KEYS)


def key_rows(comparison: Comparison) -> list[KeyRow]:
    """Of the network and training data with the most kinds of test data, the first row of every kind.

    Of equals the one that was trained on raw data is taken, then the first. In the order of `KINDS`.
    """
    kinds = _kinds_of_data(comparison)
    groups: dict[tuple[str, str], dict[str, KeyRow]] = {}
    for row in comparison.get("means") or []:
        if kind := kinds.get(row["test"]):
            groups.setdefault((row["network"], row["train"]), {}).setdefault(kind, KeyRow(kind, row))
    if not groups:
        return []
    best = max(groups, key=lambda names: (len(groups[names]), names[1] == "raw"))
    return [groups[best][kind] for kind in KINDS if kind in groups[best]]


def _kinds_of_data(comparison: Comparison) -> dict[str, str]:
    """Name of test data -> its kind; completions with the truth's masks, and medians, have none."""
    kinds = {"raw": "raw", "clean": "clean"}
    for made in comparison.get("restoration") or []:
        if made["masks"].startswith("oracle"):
            continue
        method = METHODS[made["method"]]
        if made["method"] in ("discard", "copy"):
            kinds[made["completion"]] = made["method"]
        elif method.needs_network or method.gathers:
            kinds[made["completion"]] = "restored"
    return kinds


def frozen_row(comparison: Comparison, row: KeyRow) -> Mapping[str, Any] | None:
    """What `frozen` of the comparison says of a row, where it says something."""
    for frozen in comparison.get("frozen") or []:
        if tuple(frozen[key] for key in DATA_KEYS) == row.names:
            return frozen
    return None
