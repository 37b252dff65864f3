"""Another project's own classes read exported trees: torchreid from PyPI, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from test_export import packed, restored
from trees import plant

from stcnet_lib.config import ExportConfig
from stcnet_lib.data.export.tree import export
from stcnet_lib.data.store.tracklets import Role

PEER = "torchreid==0.2.5"

# Runs with torchreid: for every line (class, root, options) prints (images, person, camera) of every part.
# What its package imports on the way and its data sets do not use is stood in for.
READER = """
import json, sys, types
for name in ("cv2", "tensorboard", "gdown", "torch.utils.tensorboard"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["torch.utils.tensorboard"].SummaryWriter = None
import torchreid.reid.data.datasets.video as video
for line in sys.stdin:
    name, root, options = json.loads(line)
    read = getattr(video, name)(root=root, verbose=False, transform=lambda image: image, **options)
    parts = {part: [[len(t[0]), int(t[1]), int(t[2])] for t in getattr(read, part)]
             for part in ("train", "query", "gallery")}
    print("RESULT" + json.dumps(parts), flush=True)
"""


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """Calls torchreid's readers, all in one process: see READER."""
    folder = tmp_path_factory.mktemp("peer")
    python = folder / "environment/bin/python"
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", folder / "environment"], check=True, capture_output=True
        )
        subprocess.run(
            [python, "-m", "pip", "install", "--no-deps", "--timeout", "10", "--retries", "1", PEER],
            check=True,
            capture_output=True,
            timeout=120,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
        pytest.skip(f"{PEER} cannot be installed: {lines[-1]}")
    # Only torchreid itself is installed there; NumPy, SciPy, Pillow and torch are those of this environment.
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}

    faults = folder / "stderr.txt"
    with (
        faults.open("w") as stderr,
        subprocess.Popen(
            [python, "-c", READER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment,
        ) as reader,
    ):

        def read(name, root, **options):
            print(json.dumps([name, str(root), options]), file=reader.stdin, flush=True)
            found = next((line for line in reader.stdout if line.startswith("RESULT")), None)
            assert found is not None, faults.read_text()  # the reader has ended
            return json.loads(found.removeprefix("RESULT"))

        yield read


def ours(store, split=0):
    """(frames, person, camera) of every part, sorted."""
    parts = {
        "train": [Role.TRAIN],
        "query": [Role.QUERY],
        "gallery": [Role.GALLERY, Role.DISTRACTOR],
    }
    table = store.tracklets
    return {
        part: table.loc[store.tracklets_with(split, *roles), ["length", "pid", "camera"]].to_numpy().tolist()
        for part, roles in parts.items()
    }


def anonymous(parts, people=("train",)):
    """Rows sorted, and how many tracklets each person has; no numbers of `people`, whom peers renumber."""
    return {
        part: sorted([length, 0 if part in people else pid, camera] for length, pid, camera in rows)
        for part, rows in parts.items()
    } | {
        f"{part}_people": sorted(np.unique([row[1] for row in rows], return_counts=True)[1].tolist())
        for part, rows in parts.items()
    }


def from_zero(parts):
    """Our cameras as the peer counts them."""
    return {part: [[n, pid, camera - 1] for n, pid, camera in rows] for part, rows in parts.items()}


def exported(kind, tmp_path, place, dropped=()):
    """The store of a tree, and its export with two restored frames at `place`."""
    config = plant(kind, tmp_path / "source")
    raw = packed(config, tmp_path)
    done = restored(raw, tmp_path, changes=[0, raw.num_frames - 1], dropped=dropped)
    export(ExportConfig(), config, raw, done, place, progress_seconds=1000)
    return done.store


@pytest.mark.parametrize("dropped", [(), (1, 5, 6)])
def test_mars(tmp_path, peer, dropped):
    """With the original tables, and with tables written anew because frames were discarded."""
    store = exported("mars", tmp_path, tmp_path / "peer/mars", dropped)
    assert anonymous(peer("Mars", tmp_path / "peer")) == anonymous(from_zero(ours(store)))


@pytest.mark.parametrize("kind", ["duke_video", "duke_video_old"])
def test_duke_video(tmp_path, peer, kind):
    """It looks for frames 1, 2, 3, … and skips others with a warning, so lengths are not compared."""
    root = tmp_path / "peer/dukemtmc-vidreid"
    store = exported(kind, tmp_path, root / "DukeMTMC-VideoReID")
    found, wanted = (
        {part: [[0, pid, camera] for _, pid, camera in rows] for part, rows in parts.items()}
        for parts in (peer("DukeMTMCVidReID", tmp_path / "peer"), from_zero(ours(store)))
    )
    assert anonymous(found) == anonymous(wanted)


def test_ilids_vid(tmp_path, peer):
    store = exported("ilids_vid_300", tmp_path, tmp_path / "peer/ilids-vid")
    for split in (0, 9):
        found = peer("iLIDSVID", tmp_path / "peer", split_id=split)
        everyone = ("train", "query", "gallery")
        assert anonymous(found, everyone) == anonymous(from_zero(ours(store, split)), everyone)
        assert len(found["query"]) == 150
    splits = json.loads((tmp_path / "peer/ilids-vid/splits.json").read_text())
    people = store.tracklets["pid"].to_numpy()
    for split, roles in zip(splits, store.roles, strict=True):
        for part, wanted in (("train", [Role.TRAIN]), ("test", [Role.QUERY, Role.GALLERY])):
            numbers = {int(name.removeprefix("person")) for name in split[part]}
            assert numbers == set(people[np.isin(roles, wanted)].tolist())


@pytest.mark.parametrize("kind", ["prid2011", "prid2011_drawn"])
def test_prid2011(tmp_path, peer, kind):
    """It wants the splits a folder higher than the pictures."""
    root = tmp_path / "peer/prid2011"
    store = exported(kind, tmp_path, root / "prid_2011")
    Path(root / "splits_prid2011.json").symlink_to(root / "prid_2011/splits_prid2011.json")
    for split in (9,):
        found = peer("PRID2011", tmp_path / "peer", split_id=split)
        everyone = ("train", "query", "gallery")
        assert anonymous(found, everyone) == anonymous(from_zero(ours(store, split)), everyone)
