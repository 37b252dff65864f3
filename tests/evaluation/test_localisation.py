"""Detection measures against scikit-learn, hidden regions against a loop over pixels."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from stcnet_lib.data.truth import hidden_table, hidden_thirds
from stcnet_lib.evaluation.measures.localisation import (
    RUN_BINS,
    auroc,
    average_precision,
    best_threshold,
    detection,
    measure_localisation,
)


def loop_hidden(occluder: np.ndarray, person: np.ndarray, share: float) -> np.ndarray:
    n, height, width = person.shape
    result = np.zeros((n, 3), dtype=bool)
    for i in range(n):
        for k in range(3):
            shown = covered = 0
            for y in range(round(k * height / 3), round((k + 1) * height / 3)):
                for x in range(width):
                    shown += person[i, y, x]
                    covered += person[i, y, x] and occluder[i, y, x]
            result[i, k] = shown > 0 and covered / shown > share
    return result


@pytest.mark.parametrize("height", [8, 10, 12])
def test_hidden_regions_equal_a_loop_over_pixels(height):
    generator = np.random.default_rng(height)
    occluder, person = generator.random((2, 40, height, 5)) < 0.4
    person[:5, : height // 2] = False  # frames without a person in the upper third
    share = 0.4
    wanted = loop_hidden(occluder, person, share)
    assert 0.2 < wanted.mean() < 0.8
    assert np.array_equal(hidden_thirds(occluder, person, share), wanted)


def test_exactly_the_share_is_not_hidden_and_no_person_is_not_hidden():
    person, occluder = np.zeros((2, 1, 3, 10), dtype=bool)
    person[0, :2] = True
    occluder[0, 0, :3] = True
    occluder[0, 1, :4] = True
    occluder[0, 2] = True
    assert hidden_thirds(occluder, person, 0.3).tolist() == [[False, True, False]]
    with pytest.raises(ValueError, match="wanted the same"):
        hidden_thirds(occluder, person[:, :2], 0.3)


class MasksInMemory:
    """Stands for a `TrackletStore` of a `truth.h5`."""

    def __init__(self, occluder: np.ndarray, person: np.ndarray) -> None:
        self.masks = occluder, person
        self.num_frames = len(person)
        self.most = 0

    def truth_runs(self, frames: range, most: int) -> list[range]:
        return [range(t, min(t + most, frames.stop)) for t in range(frames.start, frames.stop, most)]

    def read_truth(self, frames: range) -> tuple[np.ndarray, np.ndarray]:
        self.most = max(self.most, len(frames))
        occluder, person = (mask[frames.start : frames.stop] for mask in self.masks)
        return occluder, person


def test_a_store_is_read_in_parts():
    occluder, person = np.random.default_rng(0).random((2, 23, 9, 4)) < 0.5
    truth = MasksInMemory(occluder, person)
    assert np.array_equal(hidden_table(truth, 0.3, chunk=5), hidden_thirds(occluder, person, 0.3))
    assert truth.most == 5


@pytest.mark.parametrize("levels", [4, 10_000])
def test_auroc_and_average_precision_equal_scikit_learn(levels):
    generator = np.random.default_rng(levels)
    for _ in range(10):
        positive = generator.random(200) < 0.3
        score = (generator.integers(0, levels, 200) + positive * levels // 3) / levels
        assert auroc(score, positive) == pytest.approx(metrics.roc_auc_score(positive, score), abs=1e-12)
        wanted = metrics.average_precision_score(positive, score)
        assert average_precision(score, positive) == pytest.approx(wanted, abs=1e-12)


def test_auroc_of_known_scores():
    positive = np.array([True, False, True, False])
    assert auroc(np.array([0.9, 0.1, 0.8, 0.2]), positive) == 1
    assert auroc(np.array([0.1, 0.9, 0.2, 0.8]), positive) == 0
    assert auroc(np.ones(4), positive) == 0.5


@pytest.mark.parametrize("levels", [5, 1000])
def test_best_threshold_equals_trying_them_all(levels):
    generator = np.random.default_rng(levels)
    for _ in range(10):
        hidden = generator.random(80) < 0.3
        score = (generator.integers(0, levels, 80) - hidden * levels // 4) / levels
        best, tau = best_threshold(score, hidden)
        tried = [metrics.f1_score(hidden, score < t) for t in [*np.unique(score), 2.0]]
        assert best == pytest.approx(max(tried), abs=1e-12)
        assert metrics.f1_score(hidden, score < tau) == pytest.approx(best, abs=1e-12)


def test_detection_at_the_threshold_used_equals_scikit_learn():
    generator = np.random.default_rng(3)
    hidden = generator.random(300) < 0.25
    score = (generator.random(300) - 0.3 * hidden).astype(np.float32)
    flagged = score < 0.3
    found = detection(score, flagged, hidden)
    assert found["precision"] == pytest.approx(metrics.precision_score(hidden, flagged), abs=1e-12)
    assert found["recall"] == pytest.approx(metrics.recall_score(hidden, flagged), abs=1e-12)
    assert found["f1"] == pytest.approx(metrics.f1_score(hidden, flagged), abs=1e-12)
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(hidden, -score), abs=1e-12)
    assert (found["regions"], found["hidden"], found["flagged"]) == (300, hidden.sum(), flagged.sum())


def test_undefined_values_are_none():
    nothing = detection(np.array([0.1, 0.2]), np.array([False, False]), np.array([False, False]))
    assert nothing["auroc"] is None
    assert nothing["average_precision"] is None
    assert nothing["precision"] is None
    assert nothing["recall"] is None
    everything = detection(np.array([0.1, 0.2]), np.array([True, False]), np.array([True, True]))
    assert everything["auroc"] is None
    assert everything["recall"] == 0.5
    empty = detection(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    assert empty["regions"] == 0
    assert empty["f1"] is None


def test_measures_by_region_and_by_share_of_hidden_frames():
    frames, ends = 40, [10, 20, 40]
    generator = np.random.default_rng(0)
    hidden = np.zeros((frames, 3), dtype=bool)
    hidden[:2, 0] = True  # 2 of 10 frames: the first bin, up to and with 20 %
    hidden[10:13, 1] = True  # 3 of 10
    hidden[20:28, 2] = True  # 8 of 20: 40 %
    hidden[20:32, 0] = True  # 12 of 20: 60 %
    tracklet = np.repeat(np.arange(3), np.diff(ends, prepend=0))
    table = pd.DataFrame(
        {
            "tracklet": np.repeat(tracklet, 3),
            "frame": np.repeat(np.arange(frames), 3),
            "region": np.tile(np.arange(3), frames),
            "score": generator.random(3 * frames).astype(np.float32),
        }
    )
    table["occluded"] = table["score"] < 0.4
    shuffled = table.sample(frac=1, random_state=0)  # the order of rows is of no importance
    result = measure_localisation(shuffled, hidden)
    spans = {
        "0-20 %": [(0, 10, 0)],
        "20-33 %": [(10, 20, 1)],
        "33-45 %": [(20, 40, 2)],
        "45-100 %": [(20, 40, 0)],
    }
    assert set(spans) == set(RUN_BINS)
    for name, ((start, end, region),) in spans.items():
        rows = table[table["frame"].between(start, end - 1) & (table["region"] == region)]
        truth = hidden[start:end, region]
        wanted = metrics.roc_auc_score(truth, -rows["score"])
        assert result["by_hidden_frames"][name]["auroc"] == pytest.approx(wanted, abs=1e-12)
        assert result["by_hidden_frames"][name]["hidden"] == truth.sum()
    for k, name in enumerate(("upper", "middle", "lower")):
        rows = table[table["region"] == k]
        assert result["by_region"][name]["auroc"] == pytest.approx(
            metrics.roc_auc_score(hidden[:, k], -rows["score"]), abs=1e-12
        )
    assert result["all"]["regions"] == 3 * frames
    assert result["all"]["f1"] == pytest.approx(
        metrics.f1_score(hidden.reshape(-1), table["occluded"]), abs=1e-12
    )
