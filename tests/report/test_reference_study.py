"""The study of references against the workflow's own steps and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.scores import flag, score_regions
from stcnet_lib.localisation.threshold import choose_thresholds, train_scores
from stcnet_lib.report.tables.reference_study import (
    REFERENCES,
    RULES,
    flat_entries,
    inversion_table,
    reference_study,
    reference_table,
)

TRACKLETS, FRAMES = 24, 10
CONFIG = OcclusionConfig(
    reference="trimmed_mean", trim=0.3, smoothing=0.5, threshold="otsu", per_region=True, most_flagged=0.5
)


@pytest.fixture(scope="module")
def data():
    """A person's feature has a direction of its own, occluders have one for all; half of it is test data.

    Of test tracklets the last three are hidden in seven of ten frames, where the mean shows the occluder.
    """
    random = np.random.default_rng(0)
    features = np.repeat(random.normal(0, 1, (TRACKLETS, 1, 3, 8)), FRAMES, axis=1)
    hidden = np.zeros((TRACKLETS, FRAMES, 3), dtype=bool)
    hidden[:, 2:4, 0] = hidden[:, 5:8, 2] = True
    hidden[-3:, :7, 1] = True
    features[hidden] = random.normal(0, 1, 8)
    features = (features + random.normal(0, 0.3, features.shape)).reshape(-1, 3, 8).astype(np.float16)
    tracklets = pd.DataFrame({"start": np.arange(TRACKLETS) * FRAMES, "length": FRAMES})
    numbers = np.tile(np.arange(FRAMES), TRACKLETS)
    in_train = np.arange(TRACKLETS) < TRACKLETS // 2
    return features, tracklets, numbers, in_train, ~in_train, hidden.reshape(-1, 3)


@pytest.fixture(scope="module")
def entries(data):
    return reference_study(*data, CONFIG)


def test_every_choice_is_there_once(entries):
    found = [(entry["settings"], entry["reference"], entry["rule"]) for entry in entries]
    wanted = [("configured", name, rule) for name in REFERENCES for rule in RULES]
    assert found == wanted + [("paper", "mean", rule) for rule in RULES]


@pytest.mark.parametrize("rule", ["otsu", "otsu_root", "otsu_log", "fixed"])
def test_a_choice_is_what_the_workflow_would_do_with_it(data, entries, rule):
    features, tracklets, numbers, in_train, in_test, hidden = data
    config = CONFIG.model_copy(update={"reference": "median", "threshold": rule})
    table = score_regions(features, (tracklets["start"] + FRAMES).to_numpy(), numbers, config)
    taus = [threshold.tau for threshold in choose_thresholds(train_scores(table, in_train), config)]
    flags = flag(table, taus, config.most_flagged)
    test = flags[in_test[flags["tracklet"]]]
    truth = hidden[test["frame"], test["region"]]
    (entry,) = [
        e for e in entries if (e["settings"], e["reference"], e["rule"]) == ("configured", "median", rule)
    ]
    assert entry["tau"] == taus
    assert entry["all"]["f1"] == pytest.approx(metrics.f1_score(truth, test["occluded"]), abs=1e-12)
    assert entry["all"]["auroc"] == pytest.approx(metrics.roc_auc_score(truth, -test["score"]), abs=1e-12)


def test_the_papers_settings_stay_plain_whatever_is_configured(data, entries):
    features, *_, in_test, hidden = data
    plain = [entry for entry in entries if entry["settings"] == "paper"]
    (fixed,) = [entry for entry in plain if entry["rule"] == "fixed"]
    assert fixed["tau"] == [0.89] * 3
    blocks = features.astype(np.float64).reshape(TRACKLETS, FRAMES, 3, 8)[in_test]
    mean = blocks.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(blocks, axis=3) * np.linalg.norm(mean, axis=3)
    score = (blocks * mean).sum(axis=3) / norms
    truth = hidden.reshape(TRACKLETS, FRAMES, 3)[in_test]
    assert fixed["all"]["auroc"] == pytest.approx(
        metrics.roc_auc_score(truth.ravel(), -score.ravel()), abs=1e-4
    )
    assert fixed["all"]["flagged"] == (score < 0.89).sum()


def test_thresholds_do_not_depend_on_test_data(data, entries):
    features, *rest = data
    changed = features.copy()
    changed[len(changed) // 2 :] = changed[len(changed) // 2 :][::-1]
    again = reference_study(changed, *rest, CONFIG)
    assert [entry["tau"] for entry in again] == [entry["tau"] for entry in entries]
    assert again[0]["all"]["auroc"] != entries[0]["all"]["auroc"]


def test_inversion_is_told(entries):
    (mean,) = [e for e in entries if (e["settings"], e["rule"]) == ("paper", "fixed")]
    assert mean["inverted"] == ["45-100 %"]
    assert mean["by_hidden_frames"]["45-100 %"]["auroc"] < 0.5
    head, rows = inversion_table(entries)
    assert len(rows) == len(REFERENCES) + 1
    assert [len(row) for row in rows] == [len(head)] * len(rows)
    assert rows[-1][-1].endswith("(inverted)")
    assert not rows[-1][2].endswith("(inverted)")


def test_an_auroc_of_zero_is_inverted_too(data):
    """Hidden regions are the reference itself and visible ones its opposite."""
    features, tracklets, numbers, in_train, in_test, hidden = data
    signs = np.where(hidden, 1, -0.5)[..., None] * np.ones_like(features)
    long = hidden.reshape(TRACKLETS, FRAMES, 3).copy()
    long[:-3] = False
    entry = reference_study(signs, tracklets, numbers, in_train, in_test, long.reshape(-1, 3), CONFIG)[0]
    assert entry["by_hidden_frames"]["45-100 %"]["auroc"] == 0
    assert entry["inverted"] == ["45-100 %"]


def test_a_rule_without_a_threshold_gives_its_reason(data):
    """Scores of one value: no rule can part them, and the fixed τ still can."""
    features, *rest = data
    entries = reference_study(np.ones_like(features), *rest, CONFIG)
    for entry in entries:
        if entry["rule"] == "fixed":
            assert entry["problem"] is None
            assert entry["all"]["flagged"] == 0
        else:
            assert entry["tau"] is None
            assert "wanted scores that differ" in entry["problem"]
            assert entry["all"]["f1"] is None
    assert reference_table(entries)[1][1][3] == "–"


def test_tables_hold_every_entry(entries):
    flat = pd.DataFrame(flat_entries(entries))
    assert len(flat) == len(entries) * 8  # all, three thirds, four shares
    first = flat[(flat["group"] == "middle")].iloc[0]
    assert first["auroc"] == entries[0]["by_region"]["middle"]["auroc"]
    assert first["tau_1"] == entries[0]["tau"][1]
    head, rows = reference_table(entries)
    assert len(rows) == len(entries)
    assert rows[0][head.index("AUROC")] == f"{entries[0]['all']['auroc']:.3f}"
