"""Detectors learn what is hidden, nobody is scored by a network that saw them, and kills cost nothing."""

import signal

import numpy as np
import pytest
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.training.state import Stopped
from stcnet_lib.config import DetectorConfig, RuntimeConfig
from stcnet_lib.evaluation.measures.localisation import auroc
from stcnet_lib.localisation.clues import CHANNELS, PICTURE, PLACES, Clues
from stcnet_lib.localisation.detection import load_detectors, tracklet_logits
from stcnet_lib.localisation.detector import Detectors, OcclusionDetector
from stcnet_lib.localisation.detector_training import DetectorSamples, train_detectors
from stcnet_lib.localisation.planted_training import people_folds
from stcnet_lib.reid.files import save_model

CPU = Compute(torch.device("cpu"))
CONFIG = DetectorConfig(channels=8, steps=60, batch=4, clip=6, lr=0.005, folds=2)
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, save_steps=10)


def tracklets(count=12, frames=14, seed=0):
    """Clues in which a hidden third recurs less, by a little; and the truth."""
    rng = np.random.default_rng(seed)
    clues, covered = [], []
    for _ in range(count):
        hidden = np.zeros((frames, 3), bool)
        hidden[rng.integers(0, 9) :, rng.integers(3)] = True
        hidden[rng.integers(10, 13) :] = False
        rows = np.repeat(hidden, (6, 5, 5), axis=1)  # (T, 16)
        recurrence = rng.normal(0.8, 0.1, (frames, CHANNELS, *PLACES)) - 0.15 * rows[:, None, :, None]
        pictures = rng.integers(0, 255, (frames, 3, *PICTURE)).astype(np.uint8)
        clues.append(Clues(pictures, pictures[0], recurrence.astype(np.float16)))
        covered.append(hidden.astype(np.float64))
    return clues, covered


def samples_of(clues, covered, config=CONFIG):
    pids = list(range(len(clues)))
    folds = people_folds(pids, config.folds, seed=0)
    fold = np.array([folds[pid] for pid in pids])
    doubtful = [np.zeros(part.shape, bool) for part in covered]
    return DetectorSamples(clues, covered, doubtful, fold, config, seed=0), fold


def test_shapes_and_frames_before_and_after_count():
    network = OcclusionDetector(CONFIG).eval()
    clues = tracklets(1)[0][0]
    inputs = [torch.from_numpy(part[None]) for part in clues]
    logits = network(*inputs)
    assert logits.shape == (1, 14, 3)
    later = inputs[2].clone()
    later[0, 9] = 0
    changed = (network(inputs[0], inputs[1], later) - logits)[0].abs().amax(1)
    assert changed[9] > 0
    assert changed[8] > 0
    assert changed[0] == 0  # six frames and more away


def test_learns_to_find_what_recurs_less(tmp_path):
    samples, fold = samples_of(*tracklets())
    networks, history, _ = train_detectors(CONFIG, samples, 0, tmp_path, "key", RUNTIME, CPU)
    clues, covered = tracklets(8, seed=1)
    logits = np.concatenate([tracklet_logits(networks, one, None, CPU) for one in clues])
    assert auroc(logits.ravel(), np.concatenate(covered).ravel() > 0) > 0.9
    details = history.finish(tmp_path / "history.csv")
    assert details["final_loss"] < 0.5
    assert len(fold) == 12


def test_left_out_people_are_never_drawn_and_doubtful_thirds_do_not_count():
    clues, covered = tracklets()
    for number, one in enumerate(clues):
        clues[number] = one._replace(recurrence=np.full_like(one.recurrence, number / 100))
    samples, fold = samples_of(clues, covered)
    samples._doubtful[3][:] = True
    for left_out in range(2):
        seen = set()
        for step in range(40):
            batch = samples.batch(left_out, step, torch.device("cpu"))
            numbers = (batch.inputs[2][:, 0, 0, 0, 0].float() * 100).round().int().tolist()
            seen |= set(numbers)
            for place, number in enumerate(numbers):
                if number == 3:
                    assert torch.equal(batch.counts[place], batch.hidden[place])
        assert seen == set(np.flatnonzero(fold != left_out).tolist())
    first, again = (samples.batch(0, 7, torch.device("cpu")) for _ in range(2))
    for one, other in zip((*first.inputs, *first[1:]), (*again.inputs, *again[1:]), strict=True):
        assert torch.equal(one, other)


def test_people_are_scored_by_the_network_that_left_them_out(tmp_path):
    networks = Detectors(CONFIG).eval()
    save_model(tmp_path, "detector", networks, CONFIG.canonical_json(), details={"folds": {"5": 0, "7": 1}})
    loaded, folds = load_detectors(tmp_path)
    assert folds == {5: 0, 7: 1}
    clues = tracklets(1)[0][0]
    each = [tracklet_logits(loaded, clues, fold, CPU) for fold in (0, 1)]
    both = tracklet_logits(loaded, clues, None, CPU)
    assert not np.allclose(*each)
    np.testing.assert_allclose(both, np.mean(each, axis=0), atol=1e-6)


def test_folds_part_the_people_evenly_and_need_enough_of_them():
    folds = people_folds([3, 3, 9, 4, 1, 8, 8], 2, seed=1)
    assert sorted(folds) == [1, 3, 4, 8, 9]
    assert sorted(np.bincount(list(folds.values()))) == [2, 3]
    with pytest.raises(ValueError, match="1 train people, wanted 2"):
        people_folds([5, 5], 2, seed=0)


@pytest.mark.parametrize("stop_at", [25, 85])  # in the first fold, and in the second
def test_a_killed_training_ends_with_the_same_weights(tmp_path, monkeypatch, stop_at):
    samples, _ = samples_of(*tracklets())
    whole = train_detectors(CONFIG, samples, 0, tmp_path / "whole", "key", RUNTIME, CPU)[0]
    real, calls = samples.batch, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == stop_at:
            signal.raise_signal(signal.SIGTERM)
        return real(*arguments)

    folder = tmp_path / "killed"
    folder.mkdir()
    monkeypatch.setattr(samples, "batch", interrupted)
    with pytest.raises(Stopped):
        train_detectors(CONFIG, samples, 0, folder, "key", RUNTIME, CPU)
    resumed = train_detectors(CONFIG, samples, 0, folder, "key", RUNTIME, CPU)[0]
    assert len(calls) == CONFIG.steps * CONFIG.folds
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
