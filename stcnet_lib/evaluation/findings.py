"""What `comparison.json` says beside its tables: occlusions found, gap closed, a conclusion in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stcnet_lib.evaluation.tables import (
    NOTHING,
    Comparison,
    heading,
    means_table,
    points,
    result_table,
)

_CLEAN = "clean"


def comparison_text(comparison: Comparison) -> str:
    """Everything for a terminal: heading, table, means over repeats, localisation, gap closed, conclusion."""
    means = means_table(comparison)
    parts = [
        heading(comparison),
        result_table(comparison, ranks=("rank5",)).as_text() if comparison["rows"] else "no variants",
        means.as_text() if means else "",
        *("\n  ".join([title, *lines]) for title, lines in localisation_parts(comparison)),
        "\n".join(gap_lines(comparison)),
        conclusion(comparison),
    ]
    return "\n\n".join(part for part in parts if part)


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
            f"test AUROC {_share(test['auroc'])}, average precision {_share(test['average_precision'])}"
        )
        parts.append(
            f"test F1 {_share(test['f1'])} (precision {_share(test['precision'])}, "
            f"recall {_share(test['recall'])}); the best τ would reach {_share(test['best_f1'])}"
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


def gap_lines(comparison: Comparison) -> list[str]:
    """The share of the damage done by occlusion that each completion undoes."""
    lines = []
    several = len({(row["split"], row["seed"]) for row in comparison["rows"]}) > 1
    for gap in comparison.get("gap_closed") or []:
        run = f", split {gap['split']}, seed {gap['seed']}" if several else ""
        closed = ", ".join(
            f"{'mAP' if key == 'mAP' else 'rank-1'} {_closed(gap[key])}"
            for key in ("mAP", "rank1")
            if key in gap
        )
        lines.append(
            f"Gap from raw to clean closed by {gap['network']}, {gap['train']} → {gap['test']}{run}: {closed}"
        )
    return lines


def _closed(interval: Mapping[str, float | None]) -> str:
    if interval["value"] is None:
        return "undefined (no gap)"
    bounds = interval["low"], interval["high"]
    if None in bounds:
        return f"{100 * interval['value']:.0f} % [unbounded: the gap itself is uncertain]"
    return f"{100 * interval['value']:.0f} % [{100 * bounds[0]:.0f}, {100 * bounds[1]:.0f}]"


def conclusion(comparison: Comparison) -> str:
    """One line on the main variant: the paper's, STCnet's data in training and test, if there is one."""
    rows = [
        row
        for row in comparison["rows"]
        if row.get("difference") and _CLEAN not in (row["train"], row["test"])
    ]
    if not rows:
        return ""
    restored = _restored_by_stcnet(comparison)
    # Of equals the first one stays first, so the order of the configuration decides.
    row = max(rows, key=lambda row: (row["test"] in restored, row["train"] == row["test"]))
    difference = row["difference"]["mAP"]
    return (
        f"Training on {row['train']} and testing on {row['test']} data, instead of raw data, changed the mAP "
        f"of {row['network']} by {points(difference)} points: {_verdict(difference)}."
    )


def _restored_by_stcnet(comparison: Comparison) -> set[str]:
    """Names of the completions that STCnet made without the truth's masks.

    Keys of `restoration` end in `completion~NAME`.
    """
    found = comparison.get("restoration") or {}
    return {
        key.rpartition("completion~")[2]
        for key, made in found.items()
        if made["method"] == "stcnet" and made["masks"] == "predicted"
    }


def _verdict(difference: Mapping[str, float | None]) -> str:
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return "there is no interval to judge it by"
    if low > 0:
        return "an improvement beyond the chance of who was tested"
    if high < 0:
        return "a loss beyond the chance of who was tested"
    return "the interval holds 0, so it is not sure to help or to harm"


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"
