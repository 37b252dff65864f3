"""A run whose page is known: one network on raw, discarded, copied, restored and clean data."""

from __future__ import annotations

from typing import Any

# kind of test data -> mAP, rank-1; data of the name `gap_closed` below are (restored − raw) / (clean − raw)
VALUES = {
    "raw": (0.50, 0.55),
    "drop": (0.47, 0.52),
    "near": (0.60, 0.66),
    "stcnet": (0.65, 0.71),
    "clean": (0.70, 0.80),
}
GAP = {"value": 0.75, "low": 0.5, "high": 1.25}
NASTY = "a <b> & \"c\" 'd'"


def difference(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.01, "high": value + 0.02, "spread": None, "runs": [value]}


def mean_row(test: str, network: str = "guider", train: str = "raw") -> dict[str, Any]:
    """One of `means`."""
    precision, rank = VALUES[test]
    changes = {"mAP": precision - VALUES["raw"][0], "rank1": rank - VALUES["raw"][1]}
    spread = {"least": precision, "most": precision, "deviation": None}
    return {
        "network": network,
        "train": train,
        "test": test,
        "runs": 1,
        "mean": {"mAP": precision, "rank1": rank, "rank5": 0.9, "rank10": 0.95},
        "spread": dict.fromkeys(("mAP", "rank1", "rank5", "rank10"), spread),
        "mAP_interval": [precision - 0.04, precision + 0.05],
        "rank1_interval": [rank - 0.03, rank + 0.02],
        "difference": None if test == "raw" else {key: difference(value) for key, value in changes.items()},
        "gap_closed": {"mAP": GAP, "rank1": GAP} if test == "stcnet" else None,
        "strata": [
            {"hidden": "0 %", "queries": 7.0, "mAP": precision, "rank1": rank},
            {"hidden": "1-30 %", "queries": 3.0, "mAP": precision - 0.1, "rank1": None},
        ],
    }


def made(completion: str, method: str, masks: str = "predicted") -> dict[str, Any]:
    """One of `restoration`."""
    return {
        "completion": completion,
        "method": method,
        "method_used": method,
        "masks": masks,
        "split": 0,
        "seed": 0,
        "stcnet": "default" if method == "stcnet" else None,
        "skill": None,
        "why": None,
    } | ({} if method == "discard" else {"frames_restored": 1234})


def comparison() -> dict[str, Any]:
    means = [mean_row(test) for test in ("clean", "stcnet", "raw", "near", "drop")]
    runs = [
        {key: value for key, value in row.items() if key not in ("runs", "mean", "spread")}
        | row["mean"]
        | {"split": 0, "seed": 3, "queries": 10}
        for row in means
    ]
    return {
        "dataset": NASTY,
        "protocol": "gallery-only",
        "rows": runs,
        "means": means,
        "hidden_source": "truth",
        "restoration": [
            made("stcnet", "stcnet"),
            made("near", "copy"),
            made("drop", "discard"),
            made("stcnet-oracle", "stcnet", "oracle"),
        ],
        "threshold": [],
        "frozen": [],
    }


def attributes(layout: str = "walkers") -> dict[str, Any]:
    """Of a store."""
    return {"dataset": NASTY, "layout": layout, "licence": "<licence>", "citation": "<citation>"}
