"""The figure of flags: kinds against the truth, and as many wrong flags as right ones."""

import numpy as np
import pandas as pd
from PIL import Image

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.report.figures import flags as figure
from tests.stores import flag_file, write_store


def scores(frames, lengths, flagged):
    return pd.DataFrame(
        {
            "tracklet": np.repeat(np.repeat(np.arange(len(lengths)), lengths), 3),
            "frame": np.repeat(np.arange(frames), 3),
            "number": np.repeat(np.arange(frames), 3),
            "region": np.tile([0, 1, 2], frames),
            "score": 0.5,
            "occluded": flagged.reshape(-1),
        }
    )


def test_kinds_by_hand():
    hidden = np.array([[True, False, True], [False, False, False]])
    flagged = np.array([[True, True, False], [False, False, True]])
    table = scores(2, [2], flagged)
    assert figure.flag_kinds(table, hidden).tolist() == ["right", "wrong", "missed", "", "", "wrong"]
    assert figure.flag_kinds(table, None).tolist() == ["unknown", "unknown", "", "", "", "unknown"]


def test_draws_every_kind_and_is_the_same_for_the_same_seed(tmp_path, monkeypatch):
    path = write_store(tmp_path / "s.h5")
    with TrackletStore(path) as store:
        frames = store.num_frames
    rng = np.random.default_rng(0)
    hidden, flagged = rng.random((2, frames, 3)) < 0.3
    flag_file(tmp_path / "o.parquet", path, flagged)
    drawn = []
    real = figure.flags_figure

    def spy(flags, *rest):
        drawn.append([flag.kind for flag in flags])
        return real(flags, *rest)

    monkeypatch.setattr(figure, "flags_figure", spy)
    monkeypatch.setattr(figure, "truth_shares", lambda truth: hidden.astype(float))
    for name in ("a.png", "b.png"):
        figure.draw_flags(path, tmp_path / "o.parquet", tmp_path / name, truth=path, each=3, split=0)
    assert drawn[0] == ["right"] * 3 + ["wrong"] * 3 + ["missed"] * 3
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").width > 800
    figure.draw_flags(path, tmp_path / "o.parquet", tmp_path / "c.png", each=2)
    assert drawn[-1] == ["unknown"] * 6


def test_without_a_flag_the_figure_says_so(tmp_path):
    path = write_store(tmp_path / "s.h5")
    with TrackletStore(path) as store:
        flag_file(tmp_path / "o.parquet", path, np.zeros((store.num_frames, 3), bool))
    figure.draw_flags(path, tmp_path / "o.parquet", tmp_path / "n.png")
    assert (tmp_path / "n.png").stat().st_size > 1000
