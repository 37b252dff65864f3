"""The judge finds known weights, and the gate lets pass what is better."""

import numpy as np
import pytest

from stcnet_lib.completion.gate import Gate
from stcnet_lib.completion.judge_training import cases_of, judges_of
from stcnet_lib.completion.judging import EVIDENCE, Judge, fit_judge, third_evidence
from stcnet_lib.completion.methods.copy import copy_nearest
from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.restoration import restore
from stcnet_lib.completion.task import Filling
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from tests.stores import write_planted

REGION = ReferencesConfig(references="region")


def test_finds_the_weights_that_made_the_cases():
    rng = np.random.default_rng(0)
    evidence = rng.normal(2, 3, (20_000, 6))
    weights, constant = np.array([0.5, -0.4, 0.0, 0.3, 0.1, -0.2]), -0.3
    better = rng.random(20_000) < 1 / (1 + np.exp(-(evidence @ weights + constant)))
    judge = fit_judge(evidence, better, np.ones(20_000))
    np.testing.assert_allclose(judge.weights[:-1] / judge.scale, weights, atol=0.03)
    wanted = 1 / (1 + np.exp(-(evidence @ weights + constant)))
    np.testing.assert_allclose(judge.confidence(evidence), wanted, atol=0.05)
    again = Judge.from_json(judge.as_json())
    np.testing.assert_array_equal(again.confidence(evidence[:9]), judge.confidence(evidence[:9]))


def test_a_case_that_counts_twice_is_two_cases():
    rng = np.random.default_rng(1)
    evidence, better = rng.normal(size=(200, 6)), rng.random(200) < 0.4
    counts = np.where(np.arange(200) < 50, 2.0, 1.0)
    twice = np.concatenate([np.arange(50), np.arange(200)])
    weighted, repeated = (
        fit_judge(evidence, better, counts),
        fit_judge(evidence[twice], better[twice], np.ones(250)),
    )
    # Mean and scale of the evidence differ, and with them what the ridge holds back, hence not equal.
    np.testing.assert_allclose(weighted.confidence(evidence), repeated.confidence(evidence), atol=0.02)


def test_evidence_says_what_resembles_the_frames_around():
    before, after = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0.0, 3.0], [0.0, 1.0]])
    witnesses = [np.array([[0.0, 1.0]]), np.array([[0.0, 5.0], [1.0, 0.0]])]
    likeness = np.array([0.7, -0.1])
    found = third_evidence(
        np.array([0.5, 0.9]),
        np.array([0, 2]),
        np.array([1, 4]),
        before,
        after,
        witnesses,
        likeness,
        np.array([0.2, 0.0]),
    )
    columns = dict(zip(EVIDENCE, found.T, strict=True))
    np.testing.assert_allclose(columns["hidden"], [0, np.log(0.1 / 0.9)], atol=1e-9)
    np.testing.assert_allclose(columns["before"], [0, np.sqrt(0.5)])
    np.testing.assert_allclose(columns["after"], [1, np.sqrt(0.5)])
    np.testing.assert_allclose(columns["distance"], np.log([2, 5]))
    assert columns["likeness"].tolist() == [0.7, -0.1]
    assert columns["gap"].tolist() == [0.2, 0.0]
    assert columns["middle"].tolist() == [0, 0]
    assert columns["lower"].tolist() == [0, 1]


def mean_colours(pictures):
    return np.stack([picture.mean(axis=(0, 1)) / 255 - 0.3 for picture in pictures])


@pytest.fixture
def stores(tmp_path):
    """Tracklets of steady colours in which a blue occluder was planted over one third for some frames."""
    rng = np.random.default_rng(0)
    covered = np.zeros((40, 12, 3))
    covered[:, 4:7, 1] = 1.0
    covered = covered.reshape(-1, 3)
    steady = np.linspace(-50, 50, 30)[:, None, None] + np.array(
        [200.0, 120, 20]
    )  # what frames have in common
    clean = [steady + rng.normal(0, 5, (12, 30, 12, 3)) for _ in range(40)]
    hidden = np.zeros((12, 30, 12), bool)
    hidden[4:7, 10:20] = True
    paths = write_planted(tmp_path, clean, hidden)
    with TrackletStore(paths[0]) as store, TrackletStore(paths[1]) as truth:
        yield store, truth, covered


def grey(task, images, flags):
    """A completion that only harms."""
    return Filling(np.full_like(images[task.frame], 128), "temporal")


def test_what_gets_worse_is_copied_or_left(stores, tmp_path):
    store, truth, covered = stores
    flags = covered > 0
    flags[9::12, 0] = True  # wrong flags: nothing is hidden there
    scores = np.where(covered > 0, 0.1, 0.9)
    config = CompletionConfig(method="stcnet", least_confidence=0.5)
    fillers = [OneByOne(grey), OneByOne(copy_nearest)]
    cases = cases_of(config, store, truth, scores, flags, covered, REGION, fillers, mean_colours, 100.0)
    assert len(cases) == 2 * 160
    judges, summary = judges_of(cases, covered, None)
    assert summary["temporal"]["better"] == pytest.approx(0.75)  # grey is nearer to the truth than blue
    assert summary["copy"]["better_if_confident"] > 0.95
    gate = Gate(judges, mean_colours, scores, 0.5, fillers[1])
    record = restore(config, store, flags, REGION, fillers[0], tmp_path / "r.h5", 100.0, gate)
    table = record.table()
    wrong = table[table["region"] == 0]
    assert (wrong["method"] == "left").mean() > 0.95
    right = table[table["region"] == 1]
    assert (right["method"] != "left").mean() > 0.95
    assert (table.loc[table["method"] != "left", "confidence"] >= 0.5).all()
    assert record.counts["regions_left"] == (table["method"] == "left").sum()


def test_a_completion_that_always_harms_is_never_used(stores, tmp_path):
    store, truth, covered = stores
    flags = covered > 0
    flags[9::12, 0] = True
    scores = np.where(covered > 0, 0.1, 0.9)

    def blue(task, images, flags):
        return Filling(np.full_like(images[task.frame], (0, 0, 255)), "temporal")

    config = CompletionConfig(method="stcnet", least_confidence=0.5)
    fillers = [OneByOne(blue), OneByOne(copy_nearest)]
    cases = cases_of(config, store, truth, scores, flags, covered, REGION, fillers, mean_colours, 100.0)
    judges, summary = judges_of(cases, covered, None)
    assert summary["temporal"]["better"] < 0.05
    gate = Gate(judges, mean_colours, scores, 0.5, fillers[1])
    table = restore(config, store, flags, REGION, fillers[0], tmp_path / "r.h5", 100.0, gate).table()
    assert "temporal" not in set(table["method"])
    assert (table[table["region"] == 1]["method"] == "copy").all()


def test_nothing_is_pasted_from_frames_of_somebody_else(stores, tmp_path):
    """The judge takes everything for better."""
    store, _, covered = stores
    flags = covered > 0
    flags[10::12, 1] = True
    sure = Judge(np.zeros(len(EVIDENCE)), np.ones(len(EVIDENCE)), np.array([0.0] * len(EVIDENCE) + [3.0]))
    changed = {}
    for name in ("same", "other"):
        source = Others(store) if name == "other" else store
        gate = Gate({"copy": sure}, mean_colours, np.full(flags.shape, 0.1), 0.5, OneByOne(copy_nearest))
        config = CompletionConfig(method="copy", least_confidence=0.5)
        path = tmp_path / f"{name}.h5"
        record = restore(config, source, flags, REGION, OneByOne(copy_nearest), path, 100.0, gate)
        changed[name] = record.counts["frames_restored"]
    assert changed == {"same": 160, "other": 0}


def test_what_does_not_fit_beside_it_passes_in_no_case(stores, tmp_path):
    """The judge takes everything for better; the source is far from the frame beside the third, or not."""
    store, _, covered = stores
    none = np.zeros(len(EVIDENCE))
    sure = Judge(none, none + 1, np.append(none, 3.0))
    config = CompletionConfig(method="copy", least_confidence=0.5)
    changed = {}
    for fits in (True, False):

        def source(task, images, flags, fits=fits):
            picture = images[task.frame]
            around = picture if fits else np.where(picture < 128, 255, 0).astype(np.uint8)
            return Filling(np.full_like(picture, 90), "copy", around)

        gate = Gate({"copy": sure}, mean_colours, np.full(covered.shape, 0.1), 0.5, OneByOne(source))
        path = tmp_path / f"{fits}.h5"
        record = restore(config, store, covered > 0, REGION, OneByOne(source), path, 100.0, gate)
        changed[fits] = record.counts["frames_restored"]
    assert changed == {True: 120, False: 0}


class Others:
    """A store in which all frames but the flagged ones are of somebody else."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def __len__(self):
        return len(self._store)

    def read_image(self, frame):
        image = self._store.read_image(frame)
        return image if frame % 12 in (4, 5, 6, 10) else image[::-1].copy()


def test_rare_occlusions_make_the_judge_careful(stores):
    store, truth, covered = stores
    flags = covered > 0
    flags[8::12, 1] = True
    scores = np.full(covered.shape, 0.5)
    config = CompletionConfig(method="copy")
    cases = cases_of(
        config, store, truth, scores, flags, covered, REGION, [OneByOne(copy_nearest)], mean_colours, 100.0
    )
    often, _ = judges_of(cases, covered, 0.5)
    seldom, summary = judges_of(cases, covered, 0.005)
    evidence = cases[list(EVIDENCE)].to_numpy(float)
    assert summary["copy"]["weight_of_planted"] < 0.2
    assert seldom["copy"].confidence(evidence).mean() < often["copy"].confidence(evidence).mean()


def test_without_a_gate_all_that_is_flagged_is_replaced(stores, tmp_path):
    store, _, covered = stores
    config = CompletionConfig(method="copy")
    table = restore(
        config, store, covered > 0, REGION, OneByOne(copy_nearest), tmp_path / "r.h5", 100.0
    ).table()
    assert (table["method"] == "copy").all()
    assert table["confidence"].isna().all()
