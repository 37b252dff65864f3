"""The commands that measure walkers count what they say (how fast they are is nobody's test)."""

import sys

import numpy as np
import pytest

from benchmarks import background_only, render
from stcnet_lib.config import WalkersConfig
from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.reid.embeddings import Embeddings


def test_speed_counts_every_frame():
    config = WalkersConfig(cameras=2, tracklets_per_camera=1, frames=3, height=32, width=16)
    speed = render.measure(config, tracklets=12)
    assert speed.frames == 2 * 3 * 2 * 3  # train and test, people, cameras, frames
    assert min(speed.rendering, speed.all) > 0
    assert speed.rendering + speed.encoding == pytest.approx(speed.all)


def test_the_command_takes_an_overlay(monkeypatch, capsys):
    options = ["--config", "workflow/presets/walkers_tiny.yaml", "--tracklets", "8"]
    monkeypatch.setattr(sys, "argv", ["render", *options])
    render.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("64×32, one process")
    assert len(lines) == 4


def test_chance_keeps_cameras_and_breaks_people():
    pid, camera = np.repeat(np.arange(20), 2), np.tile([1, 2], 20)
    features = np.random.default_rng(0).standard_normal((20, 64)).astype(np.float32)[pid]
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    finding = background_only.against_chance(
        Embeddings(features, np.arange(40), pid, camera, np.full(40, Role.QUERY)), repeats=50
    )
    # Perfect features. Shuffled, the match is one of the 20 tracklets of the other camera: with 1/20 the one
    # of the same features, which is first; otherwise at any of the ranks 2 to 39 of all other tracklets.
    wanted = 1 / 20 + 19 / 20 * np.mean(1 / np.arange(2, 40))
    assert (finding.mAP, finding.rank1) == (1, 1)
    assert finding.chance.mean() == pytest.approx(wanted, abs=0.015)  # deviation of 50 means: about 0.004
    assert finding.deviation > 10
    assert "mAP 100.00 %" in finding.line()
