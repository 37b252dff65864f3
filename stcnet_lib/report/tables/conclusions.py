"""What `comparison.json` says beside its tables: occlusions found, a conclusion in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stcnet_lib.evaluation.variants import data_sets
from stcnet_lib.report.tables.protocols import protocol_lines, protocol_table, protocol_title
from stcnet_lib.report.tables.skills import skill_lines
from stcnet_lib.report.tables.tables import (
    DATA_KEYS,
    Comparison,
    across_table,
    control_table,
    frozen_table,
    heading,
    repeated,
    result_table,
    strata_table,
    strata_title,
)
from stcnet_lib.report.tables.texts import closed, decimal, points

_CLEAN = "clean"
# Runs whose occlusions have several lines in the terminal; those of ten splits have one each.
_MOST_IN_FULL = 3


def comparison_text(comparison: Comparison) -> str:
    """Everything for a terminal: heading, tables of variants, localisation, conclusion."""
    strata, protocols = strata_table(comparison), protocol_table(comparison)
    controls, frozen = control_table(comparison), frozen_table(comparison)
    across = across_table(comparison)
    parts = [
        heading(comparison),
        result_table(comparison, compact=True).as_text() if comparison["rows"] else "no variants",
        "" if controls is None else f"Restored against controls, paired\n{controls.as_text()}",
        "" if frozen is None else f"{frozen_text(comparison)}\n{frozen.as_text()}",
        "" if across is None else f"{across_text()}\n{across.as_text()}",
        "\n".join(comparison.get("controls_left_out") or []),
        "\n".join(skill_lines(comparison.get("restoration"))),
        ""
        if protocols is None
        else "\n".join([protocol_title(comparison), *protocol_lines(comparison), protocols.as_text()]),
        "" if strata is None else f"{strata_title(comparison)}\n{strata.as_text()}",
        _localisation_text(localisation_parts(comparison)),
        conclusion(comparison),
    ]
    return "\n\n".join(part for part in parts if part)


def frozen_text(comparison: Comparison) -> str:
    """How to read the table of frozen rows."""
    over = "people and networks" if repeated(comparison) else "people, with this one network"
    return (
        "Frozen rows: one network on other test data, so that the noise of training is the same for all. "
        "Points of difference to the same network on raw test data and on copies of the same masks, paired; "
        f"± half the width of the 95 % interval over {over}. Gap closed: the share of what occlusion costs "
        "this network, from raw to clean test data, per cent."
    )


def across_text() -> str:
    """How to read the table over networks."""
    return (
        "Means over networks: points of difference of each network to itself, trained and tested on raw "
        "data, or on copies of the same masks in the place of the test data (and of the training data, where "
        "these are the same), paired, with 95 % intervals of the mean over people and networks, and how many "
        "networks do better."
    )


def _localisation_text(runs: Sequence[tuple[str, list[str]]]) -> str:
    if len(runs) > _MOST_IN_FULL:
        return "\n".join(f"{title}: {'; '.join(lines)}" for title, lines in runs)
    return "\n\n".join("\n  ".join([title, *lines]) for title, lines in runs)


def localisation_parts(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """How well occlusions are found in test tracklets, and what was flagged: a title and lines for each run.

    Without ground truth only the flags are known.
    """
    thresholds = comparison.get("threshold") or []
    measured = comparison.get("localisation") or [None] * len(thresholds)
    runs = []
    for i, found in enumerate(measured):
        threshold = thresholds[i] if i < len(thresholds) else (found or {}).get("threshold", {})
        number = f" (run {i + 1} of {len(measured)})" if len(measured) > 1 else ""
        runs.append((f"Finding occlusions{number}", _run_parts(found, threshold)))
    return runs


def taus_text(taus: Sequence[float]) -> str:
    """One number where all thirds share a τ, else those of the upper, middle and lower third."""
    return ", ".join(f"{tau:.4g}" for tau in (taus if len(set(taus)) > 1 else taus[:1]))


def _run_parts(found: Mapping[str, Any] | None, threshold: Mapping[str, Any]) -> list[str]:
    parts = []
    if threshold:
        parts.append(
            f"τ = {taus_text(threshold['tau'])} ({threshold['rule']}, reference {threshold['reference']})"
        )
    if found:
        test = found["test"]["all"]
        parts.append(
            f"test AUROC {decimal(test['auroc'])}, average precision {decimal(test['average_precision'])}"
        )
        parts.append(
            f"test F1 {decimal(test['f1'])} (precision {decimal(test['precision'])}, "
            f"recall {decimal(test['recall'])}); the best single τ would reach {decimal(test['best_f1'])}"
        )
        parts.append(
            f"flagged {test['flagged']:,} of {test['regions']:,} test regions, {test['hidden']:,} are hidden"
        )
    counts = threshold.get("counts")
    if counts:
        if not found:
            flagged = sum(counts["regions_flagged"].values())
            parts.append(f"flagged {flagged:,} of {3 * counts['frames']:,} regions")
        parts.append(
            f"of {counts['tracklets']:,} tracklets {counts['contaminated_tracklets']:,} are contaminated and "
            f"{counts['one_frame_tracklets']:,} have one frame"
        )
    return parts


def conclusion(comparison: Comparison) -> str:
    """One line on the main variant: the paper's, STCnet's data in training and test, if there is one."""
    rows = [
        row
        for row in comparison.get("means") or []
        if row["difference"] and _CLEAN not in (*data_sets(row["train"]), row["test"])
    ]
    if not rows:
        return ""
    restored = _restored_by_stcnet(comparison)
    # Of equals the first one stays first, so the order of the configuration decides.
    row = max(rows, key=lambda row: (row["test"] in restored, row["train"] == row["test"]))
    difference = row["difference"]["mAP"]
    spread = difference.get("spread") or {"least": None, "most": None}
    mixed = spread["least"] is not None and spread["least"] < 0 < spread["most"]
    noise = "; single runs differ in sign" if mixed else ""
    means = f", a mean of {row['runs']} runs" if repeated(comparison) else ""
    verdict = _verdict(difference, _chance(comparison, row))
    share = _share(comparison, row)
    return (
        f"Training on {row['train']} and testing on {row['test']} data, instead of raw data, changed the mAP "
        f"of {row['network']} by {points(difference)} points{means}: {verdict}{noise}.{share}"
    )


def _share(comparison: Comparison, row: Mapping[str, Any]) -> str:
    """How much of what occlusion costs came back, where clean test data tell: a sentence, or nothing."""
    same = [
        frozen
        for frozen in comparison.get("frozen") or []
        if all(frozen[key] == row[key] for key in DATA_KEYS)
    ]
    share = ((same[0].get("gap_closed") if same else None) or row.get("gap_closed") or {}).get("mAP")
    known = share is not None and share["value"] is not None
    return f" That is {closed(share)} % of what occlusion costs." if known else ""


def _restored_by_stcnet(comparison: Comparison) -> set[str]:
    """Names of the completions that STCnet made without the truth's masks."""
    return {
        made["completion"]
        for made in comparison.get("restoration") or []
        if made["method"] == "stcnet" and made["masks"] == "predicted"
    }


def _chance(comparison: Comparison, row: Mapping[str, Any]) -> str:
    """The chance that is in the interval of a row's difference to raw data."""
    if repeated(comparison):
        return "the chance of who was tested and of training"
    if row["train"] == "raw":  # frozen: the same network
        return "the chance of who was tested"
    return "the chance of who was tested (not that of training)"


def _verdict(difference: Mapping[str, float | None], chance: str) -> str:
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return "there is no interval to judge it by"
    if low > 0:
        return f"an improvement beyond {chance}"
    if high < 0:
        return f"a loss beyond {chance}"
    return "the interval holds 0, so it is not sure to help or to harm"
