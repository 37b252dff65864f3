"""Occluders planted over crops of one's own, by real Snakemake: truth, detectors, judge, tables."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkouts import TINY, Checkout
from PIL import Image
from stores import person_frames

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import flag_table, read_flags

pytestmark = pytest.mark.workflow

PEOPLE, FRAMES = 8, 16
PLANT = {"tracklets": 1.0, "events": [1, 2], "event_frames": [0.2, 0.4], "window": 16}
OCCLUSION = {
    "scores": "planted",
    "threshold": "planted",
    "false_flags": 0.3,  # so that a few steps flag enough for a judge
    "smoothing": 0.5,
    "probe": {"frames": 800, "plant": {**PLANT, "seed": 5}},
    "detector": {"channels": 8, "steps": 40, "batch": 4, "clip": 6},
    "masks": "pixels",
    "pixels": {"channels": 4, "guided": True, "steps": 25, "batch": 3, "clip": 6, "lr": 0.01},
}
GATHER = {"channels": 4, "candidates": 4, "frames": 100, "clip": 16, "batch": 2, "iterations": 4}


@pytest.fixture(scope="module")
def crops(tmp_path_factory) -> Path:
    """Steady people of three colours, half of them to train on."""
    root = tmp_path_factory.mktemp("crops")
    for pid in range(1, PEOPLE + 1):
        for camera in (1, 2):
            folder = root / ("train" if pid <= PEOPLE // 2 else "test") / f"{pid:04d}/c{camera}/t1"
            folder.mkdir(parents=True)
            for number, image in enumerate(person_frames(pid, camera, FRAMES, 48, 24), 1):
                Image.fromarray(image).save(folder / f"{number:03d}.png")
    return root


@pytest.fixture(scope="module")
def planted(crops, tmp_path_factory) -> Checkout:
    """The whole workflow on planted data."""
    checkout = Checkout(tmp_path_factory.mktemp("planted") / "tree")
    config = deepcopy(TINY)
    config["dataset"] = {"name": "mine", "layout": "folder", "root": str(crops), "plant": PLANT}
    config["occlusion"] = OCCLUSION
    config["completions"] = {
        "stcnet": {"method": "stcnet", "least_confidence": 0.5},
        "copy": {"method": "copy"},
        "copy-oracle": {"method": "copy", "masks": "oracle"},
        "gather": {"method": "gather", "masks": "pixels", "least_confidence": 0.5},
        "copy-pixels": {"method": "copy", "masks": "pixels"},
    }
    config["gather"] = GATHER
    config["variants"] = [
        {"network": "guider", "train": "raw", "test": test}
        for test in ("raw", "copy", "stcnet", "copy-oracle", "gather", "copy-pixels", "clean")
    ]
    checkout.configure(config)
    before = digest_of(crops)
    result = checkout.snakemake()
    assert result.returncode == 0, result.stdout[-8000:]
    assert digest_of(crops) == before
    return checkout


def digest_of(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.png")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def test_planted_json_holds_what_was_measured(planted):
    found = json.loads((planted.folder / "results/mine/planted.json").read_text())
    assert json.loads(found["planted"])["tracklets"] == 1.0
    for part in ("test", "all"):
        for name in ("auroc", "average_precision", "recall", "false_flags", "flagged_frames"):
            assert 0 <= found[part][name] <= 1, (part, name)
        names = {"stcnet", "copy", "copy-oracle", "gather", "copy-pixels"}
        assert set(found[part]["completions"]) == names
        oracle = found[part]["completions"]["copy-oracle"]
        assert oracle["better"] > 0.7  # steady people: a copy is the truth but for noise
        assert oracle["cosine"] > oracle["cosine_occluded"]
        assert oracle["changed_visible"] > 0  # thirds are coarse
    assert found["test"]["thirds"] == PEOPLE * FRAMES * 3
    assert found["all"]["thirds"] == 2 * PEOPLE * FRAMES * 3


def test_tables_and_stores_say_planted(planted):
    results = planted.folder / "results/mine"
    assert "planted" in json.loads((results / "comparison.json").read_text())["dataset"]
    assert "planted occluders" in (results / "results.md").read_text()
    with TrackletStore(results / "tracklets.h5") as store, TrackletStore(results / "truth.h5") as truth:
        assert store.planted
        assert truth.planted
        assert store.num_frames == truth.num_frames == 2 * PEOPLE * FRAMES
    with TrackletStore(results / "source.h5") as source:
        assert source.planted is None
    rows = pd.read_csv(results / "comparison.csv")
    assert {"raw", "clean", "copy-oracle"} <= set(rows["test"])


def test_pixels_are_replaced_in_flagged_thirds_alone(planted):
    run = planted.folder / "results/mine/split~0/seed~0"
    changed = {}
    with TrackletStore(planted.folder / "results/mine/tracklets.h5") as store:
        flags = flag_table(read_flags(run / "occlusion.parquet", store), store.num_frames)
        assert 0 < flags.sum() < flags.size
        for name in ("copy", "copy-pixels"):
            with TrackletStore(run / f"completion~{name}/tracklets.h5") as made:
                changed[name] = 0
                for frame in np.flatnonzero(flags.any(1)).tolist():
                    before, after = store.read_image(frame), made.read_image(frame)
                    other = (before != after).any(-1)
                    kept = np.repeat(~flags[frame], np.diff(region_rows(len(before))))
                    assert not other[kept].any()
                    changed[name] += int(other.sum())
    assert 0 < changed["copy-pixels"] < changed["copy"]
    pixels = json.loads((run / "localisation.json").read_text())["pixels"]
    assert 0 < pixels["test"]["person"]["average_precision"] <= 1


@pytest.mark.parametrize("name", ["stcnet", "gather"])
def test_what_was_left_and_copied_is_told(planted, name):
    folder = planted.folder / f"results/mine/split~0/seed~0/completion~{name}"
    record = json.loads((folder / "restoration.json").read_text())
    table = pd.read_parquet(folder / "regions.parquet")
    for method, count in table["method"].value_counts().items():
        assert record[f"regions_{method}"] == count
    assert table["confidence"].between(0, 1).all()
    replaced = table[table["method"] != "left"]
    assert (replaced["confidence"] >= 0.5).all()
    judge = json.loads((folder / "judge.json").read_text())
    assert "copy" in judge["methods"]
    network = (
        planted.folder / "results/mine/split~0/seed~0" / ("gather" if name == "gather" else "stcnet~default")
    )
    assert record["skill"] == json.loads((network / "model.json").read_text())["details"]["skill"]
    assert record["precision"] == "fp32"


def test_other_occluders_do_not_prepare_again_and_another_rate_trains_nothing(planted):
    text = (planted.folder / "config.yaml").read_text()
    try:
        (planted.folder / "config.yaml").write_text(text.replace("false_flags: 0.3", "false_flags: 0.2"))
        again = planted.planned()
        assert not {"plant_occluders", "plant_probe", "train_detector", "pretrain_guider"} & set(again)
        assert again["score_occlusion"] == 1
        (planted.folder / "config.yaml").write_text(text.replace("seed: 5", "seed: 6"))
        again = planted.planned()
        assert again["train_detector"] == again["plant_probe"] == 1
        assert not {"prepare_dataset", "plant_occluders", "pretrain_guider"} & set(again)
    finally:
        (planted.folder / "config.yaml").write_text(text)
