"""Skill: who is held out, what is compared on them, and that measuring changes no training."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from common.test_resume import command, interrupt, run_to_the_end, signal
from stores import flag_file, write_store

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.learning.samples import CompletionSamples, _excluded, held_out_people
from stcnet_lib.completion.learning.skill import SAMPLES, Validation, hole_l1, skill, skill_interval
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.reid.files import save_model
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
SHARE = 0.25


@pytest.fixture
def crowd(tmp_path):
    """Eight train people of two tracklets each."""
    return write_store(tmp_path / "crowd.h5", people=16)


def crowd_samples(path, config, seed=5, flags=None, **changes):
    store = TrackletStore(path)
    flags = np.random.default_rng(1).random((store.num_frames, 3)) < 0.15 if flags is None else flags
    config = config.model_copy(update={"validation": SHARE, "occlusion_run": 2} | changes)
    return CompletionSamples(store, flags, 0, config, config, seed)


def people_in(store, frames):
    """Of some frames, who is in them."""
    owner = np.repeat(store.tracklets["pid"], store.tracklets["length"]).to_numpy()
    return set(owner[frames].tolist())


def test_people_who_are_held_out_are_in_no_sample(crowd, stcnet_config):
    samples = crowd_samples(crowd, stcnet_config)
    store, seen = samples.store, []
    read = store.read_image
    store.read_image = lambda frame: seen.append(frame) or read(frame)
    for i in range(300):
        samples[i]
    trained = people_in(store, seen)
    seen.clear()
    hidden = samples.held_out(SAMPLES)
    for each in hidden:
        samples.sample(each)
        samples.frames_of(each.row, each.shown)
    measured = people_in(store, seen)
    people = {store.tracklets["pid"][t] for t in store.tracklets_with(0, Role.TRAIN)}
    assert measured == set(samples.held_out_people.tolist())
    assert len(measured) == 2
    assert trained == people - measured
    assert samples.num_classes == 8, "classes are the guider's, who knows all people"
    # Tracklets take turns: 96 samples of four tracklets are 24 of each.
    assert np.unique([each.row for each in hidden], return_counts=True)[1].tolist() == [24] * 4


def test_without_validation_samples_are_what_they_were(crowd, stcnet_config):
    """0 is the literal paper: every train person is learned from and nothing is measured."""
    samples = crowd_samples(crowd, stcnet_config, validation=0.0)
    assert len(samples.held_out_people) == 0
    assert samples.held_out(10) == []
    assert Validation.of(samples, CPU) is None
    assert len(np.unique(samples.targets[:, 0])) == 16


def test_who_is_held_out_depends_on_the_seed_alone():
    pids = np.repeat(np.arange(40), 3)
    rows = np.arange(120)
    first = held_out_people(pids, rows, 0.1, 3)
    assert len(first) == 4
    assert np.array_equal(first, held_out_people(pids, rows, 0.1, 3))
    assert any(not np.array_equal(first, held_out_people(pids, rows, 0.1, seed)) for seed in range(4))
    # As many as it takes to have four tracklets with targets, and nobody if that is more than half.
    assert len(held_out_people(np.arange(10), np.arange(10), 0.1, 0)) == 4
    assert len(held_out_people(np.arange(7), np.arange(7), 0.1, 0)) == 0
    assert len(held_out_people(np.repeat([1, 2], 9), np.arange(18), 0.5, 0)) == 1


def test_controls_are_plain_loops_over_the_frames(crowd, stcnet_config):
    """L1 of the median, of the mean of both references and of the nearer one, by numpy alone."""
    flags = np.zeros((TrackletStore(crowd).num_frames, 3), bool)
    flags[::5, 1] = True
    samples = crowd_samples(crowd, stcnet_config, flags=flags)
    validation = Validation.of(samples, CPU)
    bounds = [round(k * 32 / 3) for k in range(4)]
    for i, hidden in enumerate(samples.held_out(SAMPLES)):
        start, end = samples._spans[hidden.row]
        rows = slice(*bounds[hidden.region : hidden.region + 2])
        bands = [samples.store.read_image(t)[rows] / 127.5 - 1 for t in range(start, end)]
        # No frame of the simulated occlusion and none in which the third is flagged is looked at.
        shown = [t for t in range(end - start) if t not in hidden.run and not flags[start + t, hidden.region]]
        assert hidden.frame in hidden.run
        assert set(hidden.references) <= set(shown)
        previous, following = hidden.references
        before, after = bands[previous], bands[following]
        nearer = before if abs(hidden.frame - previous) <= abs(following - hidden.frame) else after
        wanted = {
            "median": np.median([bands[t] for t in shown], axis=0),
            "mean": (before + after) / 2,
            "nearest": nearer,
        }
        for name, guess in wanted.items():
            l1 = np.abs(guess - bands[hidden.frame]).mean()
            assert validation.controls[name][i] == pytest.approx(l1, abs=1e-6), name


def test_known_values_of_skill():
    truth, hole = torch.zeros(2, 3, 6, 4), torch.zeros(2, 1, 6, 4)
    hole[:, :, 2:4] = 1
    guess = torch.full((2, 3, 6, 4), 9.0)  # errors outside of the hole do not count
    guess[0, :, 2:4], guess[1, :, 2:4] = 0.5, -0.25
    assert hole_l1(truth, guess, hole).tolist() == [0.5, 0.25]
    assert skill(np.array([0.1, 0.2]), np.array([0.2, 0.4])) == pytest.approx(0.5)
    assert skill(np.array([0.4]), np.array([0.2])) == pytest.approx(-1.0)
    groups = np.repeat(np.arange(30), 2)
    own, median = np.random.default_rng(0).uniform(0.1, 0.2, (2, 60))
    low, high = skill_interval(own, median, groups)
    assert low < skill(own, median) < high
    assert skill_interval(0.3 * median, median, groups) == pytest.approx([0.7, 0.7])
    assert skill_interval(own[:2], median[:2], groups[:2])[0] == pytest.approx(skill(own[:2], median[:2]))


def test_a_network_that_knows_the_truth_has_skill_one(crowd, stcnet_config):
    class Cheat(STCnet):
        def forward(self, x, *others):
            return super().forward(x, *others)._replace(x2=x)

    samples = crowd_samples(crowd, stcnet_config)
    validation, network = Validation.of(samples, CPU), Cheat(samples.config.network)
    random = torch.get_rng_state()
    found = validation.summary(network)
    assert (found["skill"], found["interval"], found["l1"]) == (1.0, [1.0, 1.0], 0.0)
    assert (found["samples"], found["tracklets"]) == (SAMPLES, 4)
    assert torch.get_rng_state().equal(random), "measuring takes no random number from the training"
    assert network.training, "and leaves the network as it found it"
    json.dumps(found)


def test_nothing_visible_reaches_the_errors(crowd, stcnet_config):
    """What the network paints outside of the hidden third is as good as not there."""
    samples = crowd_samples(crowd, stcnet_config, two_regions=0.5)
    validation = Validation.of(samples, CPU)
    hidden = samples.held_out(SAMPLES)
    holes = torch.cat(validation.holes)[:, 0, :, 0]
    bounds = [round(k * 32 / 3) for k in range(4)]
    for each, rows in zip(hidden, holes, strict=True):
        wanted = np.zeros(32)
        wanted[bounds[each.region] : bounds[each.region + 1]] = 1
        assert rows.tolist() == wanted.tolist()


def test_killed_training_with_validation_ends_the_same(crowd, tmp_path, guider_config, stcnet_config):
    """Weights and what was measured, bit for bit; the measured rows are in the history."""
    network = ReIDNetwork(guider_config, 8)
    save_model(tmp_path / "guider/model.json", "reid", network, guider_config.canonical_json(), 8)
    frames = TrackletStore(crowd).num_frames
    flag_file(tmp_path / "o.parquet", crowd, np.random.default_rng(0).random((frames, 3)) < 0.1)

    def training(folder, **changes):
        config = stcnet_config.model_copy(update={"validation": SHARE} | changes)
        return command(
            "train_stcnet", config, store=crowd, scores=tmp_path / "o.parquet",
            guider=tmp_path / "guider/model.json", model=folder / "model.json", seed=3,
        )  # fmt: skip

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    errors = run_to_the_end(training(whole))
    code, _ = interrupt(training(killed), killed, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert "resuming after step" in run_to_the_end(training(killed))
    assert (whole / "model.safetensors").read_bytes() == (killed / "model.safetensors").read_bytes()
    said = [json.loads((folder / "model.json").read_text())["details"] for folder in (whole, killed)]
    assert said[0]["skill"] == said[1]["skill"]
    assert "skill " in errors
    assert set(said[0]["skill"]) == {
        *("l1", "l1_median", "l1_mean", "l1_nearest", "skill", "interval", "samples", "tracklets")
    }  # fmt: skip
    histories = [pd.read_csv(folder / "history.csv").drop(columns="seconds") for folder in (whole, killed)]
    pd.testing.assert_frame_equal(*histories)
    measured = histories[0].dropna(subset="skill")
    assert measured["step"].tolist() == list(range(2, 25, 2))
    assert measured["skill"].iloc[-1] == pytest.approx(said[0]["skill"]["skill"], abs=1e-5)
    assert measured["val_l1_median"].nunique() == 1, "the samples are always the same"


def test_holes_are_as_long_as_flagged_ones_and_keep_the_margin(crowd, stcnet_config):
    """As restoration meets them: of six frames a third is flagged in 1, 2 or 4."""
    flags = np.zeros((TrackletStore(crowd).num_frames, 3), bool)
    for first, last, third in ((0, 2, 0), (12, 13, 2), (20, 24, 1)):  # the last one to its tracklet's end
        flags[first:last, third] = True
    samples = crowd_samples(crowd, stcnet_config, flags=flags, reference_margin=1)
    assert sorted(samples._flagged_lengths().tolist()) == [1, 2, 2, 4, 4, 4, 4]
    lengths = set()
    for hidden in samples.held_out(200):
        away = [t for t in range(6) if hidden.usable[t] and t not in hidden.run]
        assert hidden.frame in hidden.run
        assert set(hidden.references) <= set(away)
        assert hidden.shown == tuple(away)
        lengths.add(len(hidden.run))
        if len(hidden.run) in (3, 6):  # 1 or 4 frames and the margin on both sides
            assert min(abs(t - hidden.frame) for t in away) >= 2
    # 1, 2 and 4 with the margin, and where that leaves less than two frames without it.
    assert {3, 4, 6} <= lengths <= {1, 2, 3, 4, 6}


def test_a_margin_counts_only_if_it_leaves_two_frames():
    usable = np.ones(8, bool)
    assert _excluded(usable, 3, 4, 1) == range(2, 6)
    assert _excluded(usable, 2, 6, 1) == range(2, 7)  # with it one frame would be left
    assert _excluded(usable, 0, 6, 0) == range(0, 7)
    assert _excluded(usable, -1, 8, 0) is None
    usable[:] = [1, 0, 0, 0, 1, 0, 0, 0]
    assert _excluded(usable, 4, 4, 2) == range(4, 5)
