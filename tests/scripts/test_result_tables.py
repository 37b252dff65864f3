"""From stores and queries to the tables: the commands on real files."""

import json
import sys

import numpy as np
import pandas as pd
from stores import flag_file, write_store

from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.evaluation.cells import Cell, Result, write_result
from workflow.scripts import compare, draw_table, measure_shares, print_comparison, write_results

CONFIG = ("--config", json.dumps({"bootstrap": 100, "hidden_share": 0.5}))


def call(script, monkeypatch, *options) -> None:
    monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, options)])
    script.main()


def test_shares_by_truth(tmp_path, monkeypatch):
    """Two tracklets of four frames: in the first, two have a third covered by more than half."""
    covered = np.zeros((8, 12, 6), dtype=bool)
    covered[0, :4] = True  # the upper third, all of it
    covered[1, 4:6] = True  # half of the middle third: not above the share
    covered[2, 8:11] = True  # three quarters of the lower third
    for name, mask in (("tracklets", None), ("truth", covered)):
        with StoreWriter(
            tmp_path / f"{name}.h5", dataset="grey", layout="folder", licence="", citation="", config="{}"
        ) as writer:
            for n in range(2):
                image = encode_png(np.full((12, 6, 3), 90, np.uint8))
                writer.add_tracklet(n, 0, f"{n}", [(t, f"{n}/{t}.png", image) for t in range(4)])
            writer.set_roles(0, np.full(2, Role.QUERY))
            if mask is not None:
                writer.add_truth(mask, np.ones_like(mask))
    stores = ("--store", tmp_path / "tracklets.h5", "--truth", tmp_path / "truth.h5")
    call(measure_shares, monkeypatch, *CONFIG, *stores, "--shares", tmp_path / "shares.parquet")
    table = pd.read_parquet(tmp_path / "shares.parquet")
    assert table.to_dict("list") == {"tracklet": [0, 1], "share": [0.5, 0.0], "source": ["truth"] * 2}


def write_scores(store, path) -> list[float]:
    """Flags at random; returns the share of every tracklet's frames with one, counted in a loop."""
    generator = np.random.default_rng(0)
    shares = []
    with TrackletStore(store) as tracklets:
        flags = generator.random((tracklets.num_frames, 3)) < 0.2
        for n in range(len(tracklets)):
            frames = tracklets.frames_of(n)
            shares.append(sum(bool(flags[frame].any()) for frame in frames) / len(frames))
    flag_file(path, store, flags)
    return shares


def test_from_flags_to_every_table(tmp_path, monkeypatch, capsys):
    """Without ground truth the flags say what is hidden, and every output says so."""
    store = write_store(tmp_path / "tracklets.h5", people=8, frames=5)
    metrics, queries, shares = [], [], []
    for seed in (0, 1):
        run = tmp_path / f"results/bands/split~0/seed~{seed}"
        run.mkdir(parents=True)
        wanted = write_scores(store, run / "occlusion.parquet")
        scores = ("--store", store, "--scores", run / "occlusion.parquet")
        shares.append(run / "shares.parquet")
        call(measure_shares, monkeypatch, *CONFIG, *scores, "--seed", seed, "--shares", shares[-1])
        assert pd.read_parquet(shares[-1])["share"].tolist() == wanted
        for test, gain in (("raw", 0.0), ("copy", 0.3)):
            folder = run / f"train~raw/reid~nl/test~{test}"
            folder.mkdir(parents=True)
            ap = np.random.default_rng(seed).random(8) * 0.5 + gain
            table = {"tracklet": range(8, 16), "pid": np.repeat(range(4), 2), "matches": 1, "ap": ap}
            values = {"metrics": {"mAP": ap.mean(), "rank-1": 1.0}}
            metrics.append(folder / "metrics.json")
            queries.append(folder / "queries.parquet")
            result = Result(values, pd.DataFrame({**table, "first_match": 1}))
            write_result(metrics[-1], queries[-1], Cell("nl", "raw", test, 0, seed), result)
    out = ("--csv", tmp_path / "comparison.csv", "--json", tmp_path / "comparison.json")
    options = ("--dataset", "bands", "--metrics", *metrics, "--queries", *queries, "--shares", *shares)
    call(compare, monkeypatch, *CONFIG, *options, *out)
    call(draw_table, monkeypatch, "--comparison", out[-1], "--figure", tmp_path / "page.html")
    call(write_results, monkeypatch, "--comparison", out[-1], "--page", tmp_path / "results.md")
    capsys.readouterr()
    call(print_comparison, monkeypatch, "--comparison", out[-1])
    texts = [
        capsys.readouterr().out,
        *((tmp_path / name).read_text() for name in ("page.html", "results.md")),
    ]
    for text in texts:
        assert "predicted flags" in text
        assert "+30.0 [+30.0, +30.0]" in text  # everybody gains 0.3
    table = pd.read_csv(tmp_path / "comparison.csv")
    assert len(table) == 4
    bins = [f"queries_hidden_{name}" for name in ("0", "1_30", "30_70", "70_100")]
    assert table[bins].sum(axis=1).tolist() == [8] * 4
    assert set(table["hidden_source"]) == {"flags"}
