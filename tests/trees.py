"""Small data sets in every layout, made of the walkers generator's frames."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.io
from PIL import Image

from stcnet_lib.config import DatasetConfig, WalkersConfig
from stcnet_lib.walkers.tracklet import render_tracklet

WALKERS = WalkersConfig(
    train_identities=4, test_identities=4, cameras=2, tracklets_per_camera=2, frames=4, height=48, width=24
)
NUMBERS = (1, 2, 5, 11)  # of a tracklet's frames: with gaps, and of one and of two digits


@cache
def pictures(person: int, camera: int, index: int = 0, kind: str = "JPEG") -> tuple[bytes, ...]:
    """The encoded frames of one tracklet; person and camera from 1."""
    encoded = []
    for image in render_tracklet(WALKERS, person, camera, index).occluded:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, kind, **({"quality": 90} if kind == "JPEG" else {}))
        encoded.append(buffer.getvalue())
    return tuple(encoded)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def folder(root: Path) -> None:
    """Two people to train on, two of `test` with two tracklets before one camera, a distractor."""
    for place, (split, person, tracklets) in enumerate(
        [("train", 1, 1), ("train", 2, 1), ("test", 5, 2), ("test", 6, 2), ("distractor", 7, 1)]
    ):
        for camera in (1, 2):
            for index in range(tracklets if camera == 1 else 1):
                tracklet = f"{split}/{person:04d}/c{camera}/t{index}"
                for number, data in zip(
                    NUMBERS[: 4 - place % 2], pictures(person, camera, index), strict=False
                ):
                    put(root / tracklet / f"f{number}.jpg", data)


def crops(root: Path) -> None:
    """Tracklets at two depths, nobody knows of whom."""
    for tracklet, person in (("a", 1), ("door/7", 2), ("door/10", 5), ("door/7/later", 6)):
        for number, data in zip(NUMBERS, pictures(person, 1), strict=False):
            put(root / tracklet / f"f{number}.jpg", data)


def manifest(root: Path, suffix: str = "csv") -> None:
    """Rows in no order, a column more than needed, and labels that are no numbers."""
    rows = []
    for role, person in [("train", 1), ("train", 2), ("query", 5), ("gallery", 5), ("test", 6), ("junk", 7)]:
        for camera in {"query": (1,), "gallery": (2,)}.get(role, (1, 2)):
            tracklet = f"{role}-{person}-{camera}"
            for number, data in zip(NUMBERS, pictures(person, camera), strict=False):
                path = f"crops/{tracklet}_{number}.jpg"
                put(root / path, data)
                label = -1 if role == "junk" else person
                rows.append((path, label, f"door{camera}", tracklet, number, role, "sunny"))
    columns = ["path", "pid", "camera", "tracklet", "frame", "role", "weather"]
    table = pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=3)
    if suffix == "csv":
        table.to_csv(root / "manifest.csv", index=False)
    else:
        table.to_parquet(root / "manifest.parquet", index=False)


# (id in names, tracklets before camera 1 and 2); junk and distractors have frames of persons 7 and 8
MARS_TRAIN = [("0001", (1, 1)), ("0003", (2, 1))]
MARS_TEST = [("00-1", (1, 1)), ("0000", (2, 0)), ("0002", (2, 1)), ("0004", (1, 1))]


def mars(root: Path, info: bool = True) -> None:
    """Person 4 has a tracklet of one frame before camera 2. The first tracklet before a camera is a query."""
    queries = []
    for split, people in (("train", MARS_TRAIN), ("test", MARS_TEST)):
        names, rows = [], []
        for label, counts in people:
            person = {"00-1": 7, "0000": 8}.get(label, int(label[-1]))
            for camera, count in enumerate(counts, 1):
                for index in range(count):
                    images = pictures(person, camera, index)[: 1 if (label, camera) == ("0004", 2) else 4]
                    first = len(names) + 1
                    for number, data in zip(NUMBERS, images, strict=False):
                        names.append(f"{label}C{camera}T{index + 1:04d}F{number:03d}.jpg")
                        put(root / f"bbox_{split}/{label}/{names[-1]}", data)
                    pid = -1 if label == "00-1" else int(label)
                    rows.append((first, len(names), pid, camera))
                    if split == "test" and pid > 0 and index == 0:
                        queries.append(len(rows))
        if info:
            put(root / f"info/{split}_name.txt", "".join(name + "\n" for name in names).encode())
            table = {f"track_{split}_info": np.array(rows, np.int32)}
            scipy.io.savemat(root / f"info/tracks_{split}_info.mat", table)
    if info:
        scipy.io.savemat(root / "info/query_IDX.mat", {"query_IDX": np.array([queries], np.uint16)})


def ilids_vid(root: Path, numbers: Sequence[int] = (1, 2, 4, 7, 8, 10), frames: int = 4) -> None:
    """Six people with numbers that do not start at 1, ten splits."""
    people = [f"person{number:03d}" for number in numbers]
    for place, name in enumerate(people):
        for camera in (1, 2):
            images = pictures(place % 8 + 1, camera, kind="PNG")[:frames]
            for number, data in zip(NUMBERS, images, strict=False):
                file = f"cam{camera}_{name}_{number:05d}.png"
                put(root / f"i-LIDS-VID/sequences/cam{camera}/{name}/{file}", data)
    rows = [np.random.default_rng(split).permutation(len(people)) + 1 for split in range(10)]
    (root / "train-test people splits").mkdir()
    table = {"ls_set": np.array(rows, np.uint16)}
    scipy.io.savemat(root / "train-test people splits/train_test_splits_ilidsvid.mat", table)


def prid2011(root: Path, splits: bool = True) -> None:
    """Five people before both cameras, one of them with a short sequence, and two others of number 201."""
    for place, number in enumerate((1, 2, 3, 9, 200, 201)):
        for camera, letter in enumerate("ab", 1):
            person = place + 1 + (number > 200 and camera == 2)
            images = pictures(person, camera, kind="PNG")[: 2 if (number, camera) == (9, 2) else 4]
            for place_in_time, data in enumerate(images, 1):
                put(root / f"multi_shot/cam_{letter}/person_{number:04d}/{place_in_time:04d}.png", data)
    if splits:
        names = [f"person_{number:04d}" for number in (1, 2, 3, 200)]
        table = [
            {"train": sorted(names[i] for i in order[:2]), "test": sorted(names[i] for i in order[2:])}
            for order in (np.random.default_rng(split).permutation(4) for split in range(10))
        ]
        put(root / "splits_prid2011.json", json.dumps(table).encode())


def duke_video(root: Path, old_names: bool = False) -> None:
    """Camera 1 asks; the gallery has person 9, whom nobody seeks."""
    pattern = "{:04d}C{}F{:04d}X{}.jpg" if old_names else "{:04d}_C{}_F{:04d}_X{}.jpg"
    for split, person, camera in [
        *[("train", person, camera) for person in (1, 2) for camera in (1, 2)],
        ("query", 5, 1),
        ("query", 6, 1),
        ("gallery", 5, 2),
        ("gallery", 6, 2),
        ("gallery", 9, 2),
    ]:
        for number, data in zip(NUMBERS, pictures(min(person, 8), camera), strict=False):
            name = pattern.format(person, camera, number, 30000 + number)
            put(root / f"{split}/{person:04d}/{camera - 1:04d}/{name}", data)


def ls_vid(root: Path) -> None:
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for split, person in [("train", 1), ("train", 2), ("test", 5), ("test", 6)]:
        for camera in (1, 2):
            prefix = f"{split}/{person:04d}/{person:04d}_s_{camera:02d}_0"
            lines[split].append(f"{prefix} {person}\n")
            for number, data in zip(NUMBERS, pictures(person, camera), strict=False):
                put(root / f"{prefix}_{number:06d}.jpg", data)
    for split, found in lines.items():
        put(root / f"list_sequence/list_seq_{split}.txt", "".join(found).encode())
    (root / "test/data").mkdir(parents=True)
    with h5py.File(root / "test/data/info_test.mat", "w") as file:
        file["query"] = np.array([[1.0], [3.0]])  # a 1×2 matrix, as MATLAB stores it


TREES = {
    "folder": ("folder", folder, {}),
    "crops": ("crops", crops, {}),
    "manifest_csv": ("manifest", manifest, {}),
    "manifest_parquet": ("manifest", lambda root: manifest(root, "parquet"), {}),
    "mars": ("mars", mars, {}),
    "mars_by_names": ("mars", lambda root: mars(root, info=False), {}),
    "ilids_vid": ("ilids_vid", ilids_vid, {}),
    "prid2011": ("prid2011", prid2011, {}),
    "prid2011_drawn": ("prid2011", lambda root: prid2011(root, splits=False), {"split_frames": 3}),
    "duke_video": ("duke_video", duke_video, {}),
    "duke_video_old": ("duke_video", lambda root: duke_video(root, old_names=True), {}),
    "ls_vid": ("ls_vid", ls_vid, {}),
}
# Of the real size, which some readers insist on; too slow for every test.
LARGE_TREES = {"ilids_vid_300": ("ilids_vid", lambda root: ilids_vid(root, range(1, 301), 1), {})}


def plant(kind: str, root: Path) -> DatasetConfig:
    """Build a tree in `root` and give the configuration that reads it."""
    layout, build, settings = (TREES | LARGE_TREES)[kind]
    root.mkdir(parents=True, exist_ok=True)
    build(root)
    return DatasetConfig(name="planted", layout=layout, root=str(root), **settings)
