"""Every reference and every rule for τ on the same region features, against the walkers' ground truth.

Paper §4.1 compares a region with the mean over its tracklet and cuts at τ = 0.89. What other choices would
have found is cheap to know: the features are there, so only scores and thresholds are made anew. As
in the workflow, a rule sees the scores of the train split and is measured on test data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.evaluation.measures.localisation import RUN_BINS, measure_localisation
from stcnet_lib.localisation.scores import FeatureArray, flag, score_regions
from stcnet_lib.localisation.threshold import choose_thresholds, train_scores
from stcnet_lib.report.tables.texts import NOTHING, decimal

CONFIGURED, PAPER = "configured", "paper"
REFERENCES: tuple[str, ...] = get_args(OcclusionConfig.model_fields["reference"].annotation)
RULES: tuple[str, ...] = tuple(  # that need nothing but the scores
    rule for rule in get_args(OcclusionConfig.model_fields["threshold"].annotation) if rule != "planted"
)

Entry = dict[str, Any]


def reference_study(
    features: FeatureArray,
    tracklets: pd.DataFrame,
    frame_numbers: np.ndarray,
    in_train: np.ndarray,
    in_test: np.ndarray,
    hidden: np.ndarray,
    config: OcclusionConfig,
) -> list[Entry]:
    """One entry for each choice of settings, reference and rule, with `measure_localisation` of test data.

    The settings are the configured ones with every reference and rule (`fixed` at the paper's 0.89), and
    the paper's: the mean, no smoothing, one τ, any number of flags, with every rule.

    Args:
        features: (F, K, D).
        tracklets: of the store, with `start` and `length`.
        in_train, in_test: (N,) bool.
        hidden: (F, K) bool.

    Returns:
        `settings`, `reference`, `rule`, `tau` (of each third; None where the rule finds none, with the
        reason in `problem`), `inverted` (RUN_BINS in which hidden regions score higher than visible ones),
        and `all`, `by_region`, `by_hidden_frames`.
    """
    tau = OcclusionConfig.model_fields["tau"].default
    choices = [(CONFIGURED, config.model_copy(update={"reference": name, "tau": tau})) for name in REFERENCES]
    choices.append((PAPER, OcclusionConfig()))
    ends = (tracklets["start"] + tracklets["length"]).to_numpy()
    entries = []
    for settings, choice in choices:
        scores = score_regions(features, ends, frame_numbers, choice, in_train)
        found_on = train_scores(scores, in_train)
        test = scores[in_test[scores["tracklet"].to_numpy()]].reset_index(drop=True)
        for rule in RULES:
            ruled = choice.model_copy(update={"threshold": rule})
            entry = {"settings": settings, "reference": choice.reference, "rule": rule}
            entries.append(entry | _measure(test, found_on, hidden, ruled))
    return entries


def _measure(test: pd.DataFrame, found_on: np.ndarray, hidden: np.ndarray, config: OcclusionConfig) -> Entry:
    """τ by the rule of `config` on the train scores (F', K), and what it finds in the test rows."""
    try:
        taus, problem = [threshold.tau for threshold in choose_thresholds(found_on, config)], None
    except ValueError as error:  # the mixture's components may not cross
        taus, problem = None, str(error)
    flagged = test.assign(occluded=False) if taus is None else flag(test, taus, config.most_flagged)
    measured = measure_localisation(flagged, hidden)
    if taus is None:
        for values in (
            measured["all"],
            *measured["by_region"].values(),
            *measured["by_hidden_frames"].values(),
        ):
            values.update(flagged=None, precision=None, recall=None, f1=None)
    bins = measured["by_hidden_frames"]
    inverted = [name for name in RUN_BINS if _inverts(bins[name]["auroc"])]
    return {"tau": taus, "problem": problem, "inverted": inverted} | measured


def flat_entries(entries: Sequence[Entry]) -> list[Entry]:
    """A row for each entry and group of regions (all, a third, a share of hidden frames), for a CSV file."""
    rows = []
    for entry in entries:
        keys = {key: entry[key] for key in ("settings", "reference", "rule")}
        keys |= {f"tau_{k}": tau for k, tau in enumerate(entry["tau"] or [])}
        groups = {"all": entry["all"], **entry["by_region"]}
        groups |= {f"hidden {name}": values for name, values in entry["by_hidden_frames"].items()}
        rows += [keys | {"group": group} | values for group, values in groups.items()]
    return rows


def reference_table(entries: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Head and texts: every choice of settings, reference and rule on test data."""
    head = ["settings", "reference", "rule", "τ", "AUROC", "AP", "precision", "recall", "F1", "best F1"]
    rows = []
    for entry in entries:
        taus = entry["tau"] or []
        tau = ", ".join(f"{tau:.3f}" for tau in (taus if len(set(taus)) > 1 else taus[:1])) or NOTHING
        names = ("auroc", "average_precision", "precision", "recall", "f1", "best_f1")
        values = [decimal(entry["all"][name]) for name in names]
        rows.append([entry["settings"], entry["reference"], entry["rule"], tau, *values])
    return head, rows


def inversion_table(entries: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Head and texts: AUROC by share of hidden frames of every reference; below 0.5 the score inverts."""
    first = [entry for entry in entries if entry["rule"] == RULES[0]]  # no rule changes a score
    bins = [name for name in RUN_BINS if any(entry["by_hidden_frames"][name]["hidden"] for entry in first)]
    counts = [first[0]["by_hidden_frames"][name]["regions"] for name in bins] if first else []
    head = ["settings", "reference", "all"]
    head += [f"hidden in {name} (n = {count:,})" for name, count in zip(bins, counts, strict=True)]
    rows = []
    for entry in first:
        values = [entry["all"]["auroc"], *(entry["by_hidden_frames"][name]["auroc"] for name in bins)]
        texts = [decimal(value) + (" (inverted)" if _inverts(value) else "") for value in values]
        rows.append([entry["settings"], entry["reference"], *texts])
    return head, rows


def _inverts(auroc: float | None) -> bool:
    """Whether hidden regions score higher than visible ones."""
    return auroc is not None and auroc < 0.5
