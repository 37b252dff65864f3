"""Hostile input to the real commands: a clear message, exit code 1, nothing half-written, nothing lost."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stores import flag_file, person_frames, write_store

from stcnet_lib.config import (
    CompletionConfig,
    DatasetConfig,
    EvaluationConfig,
    FeaturesConfig,
    ReIDConfig,
    RuntimeConfig,
)
from stcnet_lib.reid.files import save_model
from stcnet_lib.reid.network import ReIDNetwork

RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0)
REID = ReIDConfig(
    backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=32, width=16,
    clip_length=2, clip_stride=1, batch=4, epochs=2, precision="fp32",
)  # fmt: skip


def fails(script, config, **paths) -> str:
    """Run a command that must fail with a message of its own; returns that message."""
    options = [f"--{name.replace('_', '-')}={value}" for name, value in paths.items()]
    module = f"workflow.scripts.{script}"
    done = subprocess.run(
        [sys.executable, "-m", module, f"--config={config.canonical_json()}", *options],
        env=os.environ | {"STCNET_RUNTIME": RUNTIME.canonical_json()},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error: ") == 1, done.stderr
    return done.stderr[done.stderr.index("error: ") :]


@pytest.fixture
def crops(tmp_path):
    """A folder of crops as a user has it: two train people, two test people, two cameras."""
    root = tmp_path / "crops"
    for pid in range(1, 5):
        for camera in (1, 2):
            role = "train" if pid <= 2 else "query" if camera == 1 else "gallery"
            folder = root / role / f"{pid:04d}" / str(camera) / "a"
            folder.mkdir(parents=True)
            for t, image in enumerate(person_frames(pid, camera, 4)):
                Image.fromarray(image).save(folder / f"{t:04d}.jpg", quality=95)
    return root


def digest_of(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def prepare_fails(crops, tmp_path, reported: bool = True) -> str:
    """The line of the error; `reported`: there were tracklets, so the checks' report is kept."""
    before = digest_of(crops)
    config = DatasetConfig(name="crops", layout="folder", root=str(crops))
    out = tmp_path / "out"
    line = fails("prepare_dataset", config, store=out / "tracklets.h5", report=out / "integrity.json")
    assert not (out / "tracklets.h5").exists()
    assert not list(out.glob(".*"))
    assert (out / "integrity.json").exists() == reported
    if reported:  # Snakemake removes integrity.json with the job's other outputs
        assert (out / "integrity_unusable.json").read_bytes() == (out / "integrity.json").read_bytes()
    assert digest_of(crops) == before, "the user's data was touched"
    return line


@pytest.mark.parametrize("content", [b"", b"no picture", None], ids=["empty", "foreign", "truncated"])
def test_a_bad_image_is_named(crops, tmp_path, content):
    path = crops / "train/0001/1/a/0002.jpg"
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    assert "train/0001/1/a/0002.jpg" in prepare_fails(crops, tmp_path)


def test_an_empty_folder_is_named(crops, tmp_path):
    (crops / "train/0001/1/b").mkdir()
    assert "train/0001/1/b" in prepare_fails(crops, tmp_path)


def test_a_source_without_tracklets_is_an_error(crops, tmp_path):
    shutil.rmtree(crops)
    crops.mkdir()
    assert "dataset.root" in prepare_fails(crops, tmp_path, reported=False)


@pytest.mark.parametrize("keep", [0, 100, 0.5], ids=["empty", "header", "half"])
def test_a_truncated_store_is_named(store_path, tmp_path, keep):
    whole = store_path.read_bytes()
    store_path.write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])
    line = fails("train_reid", REID, store=store_path, model=tmp_path / "reid/model.json")
    assert str(store_path) in line
    assert not (tmp_path / "reid/model.json").exists()


def test_a_missing_or_foreign_weight_file_is_named(store_path, tmp_path):
    save_model(tmp_path / "guider", "reid", ReIDNetwork(REID, 2), REID.canonical_json(), 2)
    weights = tmp_path / "guider/model.safetensors"
    paths = {"store": store_path, "model": tmp_path / "guider/model.json", "regions": tmp_path / "r.h5"}
    weights.write_bytes(weights.read_bytes()[:-10])
    assert str(weights) in fails("extract_features", FeaturesConfig(), **paths)
    weights.unlink()
    assert str(weights) in fails("extract_features", FeaturesConfig(), **paths)
    assert not (tmp_path / "r.h5").exists()


def test_scores_of_another_data_set_are_refused(store_path, tmp_path):
    other = write_store(tmp_path / "other.h5", people=2)
    flag_file(tmp_path / "scores.parquet", other, np.ones((24, 3), bool))
    line = fails(
        "restore_dataset",
        CompletionConfig(method="copy"),
        store=store_path,
        scores=tmp_path / "scores.parquet",
        completed=tmp_path / "done.h5",
        regions=tmp_path / "regions.parquet",
        summary=tmp_path / "summary.json",
        completion="copy",
    )
    assert "scores.parquet: got a file of another data set" in line
    assert not (tmp_path / "done.h5").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 KB, which only root may mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_nothing_half_written(crops, store_path, small_disk, tmp_path):
    reid = {"store": store_path, "model": small_disk / "model.json"}
    assert "No space left on device" in fails("train_reid", REID, **reid)
    # The history fits, and is whole; of weights and their description there is nothing, not even a part.
    assert set(os.listdir(small_disk)) <= {"history.csv"}

    noise = np.random.default_rng(0).integers(0, 256, (200, 100, 3), np.uint8)
    for path in crops.rglob("*.jpg"):
        Image.fromarray(noise).save(path, quality=95)
    config = DatasetConfig(name="crops", layout="folder", root=str(crops))
    line = fails(
        "prepare_dataset", config, store=small_disk / "tracklets.h5", report=tmp_path / "integrity.json"
    )
    assert "No space left on device" in line
    assert not (small_disk / "tracklets.h5").exists()


def test_impossible_settings_name_the_key(store_path, tmp_path):
    save_model(tmp_path / "guider", "reid", ReIDNetwork(REID, 2), REID.canonical_json(), 2)
    paths = {"store": store_path, "model": tmp_path / "guider/model.json", "split": 3}
    line = fails("embed", EvaluationConfig(), embeddings=tmp_path / "e.h5", **paths)
    assert "split 3" in line
