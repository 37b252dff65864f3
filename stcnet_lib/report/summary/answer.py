"""The first sentence of the page: how much of the accuracy that occlusion cost came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stcnet_lib.report.summary.key_rows import KeyRow, frozen_row
from stcnet_lib.report.tables.conclusions import conclusion
from stcnet_lib.report.tables.tables import Comparison, interval_holds
from stcnet_lib.report.tables.texts import closed, percent, points

_WORDS = {
    "raw": "with occluders",
    "discard": "without flagged frames",
    "copy": "copied",
    "restored": "restored",
    "clean": "without occluders",
}


def answer(comparison: Comparison, rows: Sequence[KeyRow]) -> str:
    """One sentence with an interval, of the best evidence there is.

    Where clean test data are known: the share of the gap from raw to clean data that restoring closed. Else
    the difference to raw data; without a restored row, what the comparison concludes.
    """
    restored = next((row for row in rows if row.kind == "restored"), None)
    if restored is None:
        return conclusion(comparison) or "No row of this run was tested on restored data."
    gap = _gap(comparison, restored)
    if gap is not None and gap["value"] is not None:
        return f"Restoring brought back {closed(gap)} % of the mAP that occlusion cost."
    if gap is not None:
        return "Occlusion cost no mAP here, so there was nothing to bring back."
    difference = (restored.row["difference"] or {}).get("mAP")
    return f"Restored instead of raw data changed the mAP by {points(difference)} points."


def _gap(comparison: Comparison, row: KeyRow) -> Mapping[str, float | None] | None:
    """(restored − raw) / (clean − raw) of the mAP, of the same network where that is known."""
    frozen = frozen_row(comparison, row)
    return ((frozen or {}).get("gap_closed") or row.row.get("gap_closed") or {}).get("mAP")


def details(comparison: Comparison, rows: Sequence[KeyRow]) -> list[str]:
    """The numbers behind the sentence, a comparison with copying, and what the intervals hold."""
    lines = []
    if rows:
        values = ", ".join(f"{percent(row.row['mean']['mAP'])} {_WORDS[row.kind]}" for row in rows)
        lines.append(f"mAP in per cent of the network {rows[0].names[0]}: {values}.")
    restored = next((row for row in rows if row.kind == "restored"), None)
    against = ((frozen_row(comparison, restored) or {}).get("against") or {}) if restored else {}
    if copied := (against.get("copy") or {}).get("mAP"):
        lines.append(
            f"Against copies of the same thirds from other frames restoring brings {points(copied)} points. "
            "Against raw data alone every completion looks good."
        )
    lines.append(f"In brackets: the 95 % interval, {interval_holds(comparison)}.")
    return lines
