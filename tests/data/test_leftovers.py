"""Whatever lies below a root is read or found: in every layout, with names and places of all kinds."""

from __future__ import annotations

import io
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from trees import TREES, pictures, plant, put

from stcnet_lib.common.files import read_json
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.nearby import meant
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.source.summary import report_text
from stcnet_lib.data.store.images import is_image
from stcnet_lib.data.store.tracklets import TrackletStore

PLAIN = "train/0001/c1/t0"  # frames f1, f2, f5, f11
# Where an image may lie that a layout does not look at, and a folder that it does not know.
PLACES = {
    "folder": (["stray.png", "train/stray.png", "train/0001/c1/stray.png", f"{PLAIN}/more/stray.png"], "val"),
    "manifest_csv": (["stray.png", "crops/stray.png", "crops/more/stray.png"], None),
    "mars": (["bbox_train/stray.png", "bbox_train/0001/0001C9T0001F001.jpg"], "pictures"),
    "mars_by_names": (["bbox_train/stray.png", "bbox_test/0002/more/stray.png"], "extra"),
    "ilids_vid": (["i-LIDS-VID/sequences/cam1/stray.png"], "i-LIDS-VID/sequences/door"),
    "prid2011": (["multi_shot/cam_a/person_0001/more/stray.png"], "multi_shot/hall"),
    "duke_video": (["gallery/0009/stray.png", "train/0001/0000/more/stray.png"], "val"),
    "ls_vid": (["train/0001/stray.png", "more/stray.png"], None),
}


def encoded(kind: str, seed: int = 0) -> bytes:
    image = np.random.default_rng(seed).integers(0, 256, (16, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def reported(config, out) -> dict:
    try:
        prepare(config, out / "tracklets.h5", out / "integrity.json", 1000)
    except DataError:
        assert not (out / "tracklets.h5").exists()
    return read_json(out / "integrity.json")


def of_kind(report: dict, kind: str) -> dict[str, str]:
    findings = [*report["findings"], *report["notes"]]
    return {finding["source"]: finding["reason"] for finding in findings if finding["kind"] == kind}


@pytest.mark.parametrize("kind", PLACES)
def test_images_that_no_tracklet_has_are_found(tmp_path, kind):
    config = plant(kind, tmp_path / "source")
    clean = reported(config, tmp_path)["found"]
    strays, unknown = PLACES[kind]
    for stray in strays:
        put(tmp_path / "source" / stray, encoded("PNG"))
    if unknown:
        put(tmp_path / f"source/{unknown}/0001/1.png", encoded("PNG"))
        put(tmp_path / f"source/{unknown}/0001/2.png", encoded("PNG"))
    report = reported(config, tmp_path)
    assert report["usable"]
    assert set(of_kind(report, "unread_image")) == set(strays)
    if unknown:
        (reason,) = of_kind(report, "unknown_folder").values()
        assert reason.startswith("holds 2 images, the first 0001/1.png, and is not read; wanted ")
    assert set(report["found"]) == {*clean, "unread_image"} | ({"unknown_folder"} if unknown else set())


@pytest.mark.parametrize("kind", TREES)
def test_other_files_are_counted(tmp_path, kind):
    """Harmless ones are a note; a kind that Pillow does not open is worth a look."""
    config = plant(kind, tmp_path / "source")
    for name in ("README", "notes/a.txt", "notes/b.txt"):
        put(tmp_path / "source" / name, b"words")
    for name in ("IMG_1.heic", "crops.zip"):
        put(tmp_path / "source" / name, b"\0\0\0\x18ftypheic")
    report = reported(config, tmp_path)
    assert report["usable"]
    assert of_kind(report, "passed_over") == {
        "IMG_1.heic": "1 file .heic: nothing that Pillow opens, not read",
        "crops.zip": "1 file .zip: nothing that Pillow opens, not read",
    }
    notes = of_kind(report, "other_file") | of_kind(report, "other_folder")
    assert notes["README"] == "1 file without an ending: not read"
    assert len(notes) == 2  # the folder as a whole, or its two files


@pytest.mark.parametrize("ending", [".jfif", ".avif", ".jpe", ".JPG", ".ppm", ".tga", ""])
def test_images_are_what_pillow_opens(tmp_path, ending):
    """Half of a person's crops renamed: not one of them is lost."""
    kind = {".avif": "AVIF", ".ppm": "PPM", ".tga": "TGA"}.get(ending, "JPEG")
    config = plant("folder", tmp_path / "source")
    for number in (2, 11):
        (tmp_path / f"source/{PLAIN}/f{number}.jpg").unlink()
        put(tmp_path / f"source/{PLAIN}/f{number}{ending}", encoded(kind, number))
    report = reported(config, tmp_path)
    assert report["findings"] == []
    with TrackletStore(tmp_path / "tracklets.h5") as store:
        assert store.sources(store.frames_of(0)) == [
            f"{PLAIN}/f{number}{ending if number in (2, 11) else '.jpg'}" for number in (1, 2, 5, 11)
        ]


def test_a_tracklet_of_unknown_files_says_what_it_holds(tmp_path):
    config = plant("folder", tmp_path / "source")
    for name in ("f1", "f2", "f5", "f11"):
        (tmp_path / f"source/{PLAIN}/{name}.jpg").rename(tmp_path / f"source/{PLAIN}/{name}.heic")
        put(tmp_path / f"source/{PLAIN}/{name}.heic", b"no image")
    report = reported(config, tmp_path)
    assert not report["usable"]
    assert of_kind(report, "no_frames") == {PLAIN: "a tracklet without images"}
    assert of_kind(report, "passed_over") == {
        f"{PLAIN}/f1.heic": "4 files .heic: nothing that Pillow opens, not read"
    }


def test_pipes_and_texts_are_no_images(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # whoever opens it waits for ever
    put(tmp_path / "P6", b"P6 is how a text may begin")
    put(tmp_path / "data.npy", b"\x93NUMPY")
    put(tmp_path / "picture", encoded("PNG"))
    assert [name for name in ("pipe", "P6", "data.npy", "picture") if is_image(tmp_path / name)] == [
        "picture"
    ]


def test_a_link_in_a_circle_ends(tmp_path):
    config = plant("folder", tmp_path / "source")
    (tmp_path / f"source/{PLAIN}/again").symlink_to(tmp_path / "source")
    assert reported(config, tmp_path)["findings"] == []


# (tree, folder, what it is called instead)
MISNAMED = [
    ("folder", "test", "Test"),
    ("folder", "distractor", "distractors"),
    ("duke_video", "gallery", "Gallery"),
    ("duke_video", "query", "queue"),
    ("duke_video", "query", "probe"),
    ("duke_video", "train", "Train"),
    ("mars", "bbox_test", "bbox-test"),
    ("prid2011", "multi_shot/cam_b", "multi_shot/Cam_B"),
    ("ilids_vid", "i-LIDS-VID/sequences/cam2", "i-LIDS-VID/sequences/Cam2"),
]


@pytest.mark.parametrize(("kind", "right", "wrong"), MISNAMED)
def test_a_near_miss_of_a_folders_name_stops(tmp_path, kind, right, wrong):
    config = plant(kind, tmp_path / "source")
    (tmp_path / "source" / right).rename(tmp_path / "source" / wrong)
    report = reported(config, tmp_path)
    assert not report["usable"]
    (reason,) = of_kind(report, "misnamed_folder").values()
    assert of_kind(report, "misnamed_folder").keys() == {wrong}
    assert reason.endswith(f"did you mean '{right.rpartition('/')[2]}'?")
    assert wrong in report_text(report)


@pytest.mark.parametrize(
    ("kind", "folders"), [("folder", ("train", "test", "distractor")), ("mars", ("bbox_train",))]
)
def test_a_root_without_any_folder_says_what_is_there(tmp_path, kind, folders):
    config = plant(kind, tmp_path / "source")
    root = config.root
    deeper = config.model_copy(update={"root": str(tmp_path)})
    with pytest.raises(DataError, match=f"but the folders source; .* did you mean {root}"):
        open_layout(deeper)
    for name in sorted(path.name for path in (tmp_path / "source").iterdir() if path.is_dir()):
        if name in folders:
            (tmp_path / "source" / name).rename(tmp_path / "source" / name.title())
        else:
            shutil.rmtree(tmp_path / "source" / name)
    with pytest.raises(DataError, match=f"did you mean .*'{folders[0]}' by '{folders[0].title()}'"):
        open_layout(config)


def test_meant():
    known = ["train", "query", "gallery", "distractor", "test"]
    for name, guess in {
        "Gallery": "gallery", "galery": "gallery", "queue": "query", "probe": "query", "TRAIN ": "train",
        "training": "train", "tests": "test", "val": None, "images": None, "0001": None,
    }.items():  # fmt: skip
        assert meant(name, known) == guess, name


def test_rows_that_a_manifest_forgot(tmp_path):
    config = plant("manifest_csv", tmp_path / "source")
    path = tmp_path / "source/manifest.csv"
    table = pd.read_csv(path)
    table[table["tracklet"] != "train-2-1"].to_csv(path, index=False)
    reason = of_kind(reported(config, tmp_path), "unread_image")["crops/train-2-1_1.jpg"]
    assert reason == "4 images in crops belong to no tracklet and are not read"


def test_the_published_rest_of_a_data_set_is_no_finding(tmp_path):
    config = plant("prid2011", tmp_path / "source")
    put(tmp_path / "source/single_shot/cam_a/person_0001.png", pictures(1, 1, kind="PNG")[0])
    assert reported(config, tmp_path)["found"] == {}
