"""From a folder of pictures to a store and a report, with every fault that a source may have."""

import io
import os
from itertools import chain

import numpy as np
import pytest
from PIL import Image

from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.store.tracklets import Role, TrackletStore

TRACKLETS = {
    "train/1/c1/a": 3,
    "train/1/c2/a": 2,
    "train/2/c1/a": 2,
    "query/3/c1/a": 2,
    "gallery/3/c2/a": 4,
}


def jpeg(*seed):
    image = np.random.default_rng(seed).integers(0, 256, (16, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    for n, (name, length) in enumerate(TRACKLETS.items()):
        (root / name).mkdir(parents=True)
        for t in range(length):
            (root / name / f"f{t + 8}.jpg").write_bytes(jpeg(n, t))  # 8, 9, 10: natural order matters
    return root


def run(source, **settings):
    """Prepare into folders beside the source; gives the store and the report, whichever there are."""
    config = DatasetConfig(name="d", layout="folder", root=str(source), **settings)
    store_path, report_path = source.parent / "out/tracklets.h5", source.parent / "out/integrity.json"
    prepare(config, store_path, report_path, seconds=1000)
    return TrackletStore(store_path), read_json(report_path)


def refused(source, **settings):
    """The lines of the error, and the report; no store may be left."""
    with pytest.raises(DataError) as caught:
        run(source, **settings)
    out = source.parent / "out"
    assert os.listdir(out) == ["integrity.json"]
    report = read_json(out / "integrity.json")
    assert report["usable"] is False
    return str(caught.value).splitlines(), report


def snapshot(root):
    return {
        path.relative_to(root): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in root.rglob("*")
    }


def test_good_source(source):
    before = snapshot(source)
    store, report = run(source, licence="mine")
    assert snapshot(source) == before
    assert store.tracklets["name"].tolist() == list(TRACKLETS)
    assert store.tracklets["length"].tolist() == list(TRACKLETS.values())
    assert store.roles.tolist() == [[Role.TRAIN] * 3 + [Role.QUERY, Role.GALLERY]]
    for frame in range(store.num_frames):
        (path,) = store.sources(range(frame, frame + 1))
        assert store.read_bytes(frame) == (source / path).read_bytes()
    assert store.frame_number[:3].tolist() == [8, 9, 10]
    assert store.attributes["licence"] == report["licence"] == "mine"
    assert (
        store.config
        == DatasetConfig(name="d", layout="folder", root=str(source), licence="mine").canonical_json()
    )
    assert report["digest"] == store.digest
    assert report["usable"] is True
    assert report["findings"] == []
    (roles,) = report["splits"]
    assert roles == {
        "train": {
            "identities": 2,
            "tracklets": 3,
            "frames": 7,
            "cameras": {
                "1": {"identities": 2, "tracklets": 2, "frames": 5},
                "2": {"identities": 1, "tracklets": 1, "frames": 2},
            },
        },
        "query": {
            "identities": 1,
            "tracklets": 1,
            "frames": 2,
            "cameras": {"1": {"identities": 1, "tracklets": 1, "frames": 2}},
        },
        "gallery": {
            "identities": 1,
            "tracklets": 1,
            "frames": 4,
            "cameras": {"2": {"identities": 1, "tracklets": 1, "frames": 4}},
        },
    }


def test_twice_gives_the_same_files(source):
    first = run(source)[0].path.read_bytes()
    assert run(source)[0].path.read_bytes() == first


def break_frames(source):
    """One of each fault; the paths by kind."""
    a = source / "train/1/c1/a"
    good = (a / "f8.jpg").read_bytes()
    (a / "f8.jpg").write_bytes(good[: len(good) // 2])  # truncated
    (a / "f9.jpg").write_bytes(b"")
    b = source / "train/1/c2/a"
    (b / "f8.jpg").write_bytes(b"no picture")
    (b / "f9.jpg").unlink()
    (b / "f9.jpg").symlink_to("gone.jpg")
    (source / "train/2/c1/b").mkdir()
    (source / "train/7").mkdir()
    return {
        "truncated": ["train/1/c1/a/f8.jpg"],
        "undecodable": ["train/1/c2/a/f8.jpg"],
        "empty": ["train/1/c1/a/f9.jpg"],
        "missing": ["train/1/c2/a/f9.jpg"],
        "no_frames": ["train/1/c2/a", "train/2/c1/b"],
        "empty_folder": ["train/7"],
    }


def by_kind(report):
    kinds = {}
    for finding in report["findings"]:
        kinds.setdefault(finding["kind"], []).append(finding["source"])
        assert finding["reason"]
    return kinds


def counts(report):
    """Without the notes."""
    return {kind: count for kind, count in report["found"].items() if kind != "one_frame"}


def test_bad_frames_stop(source):
    expected = break_frames(source)
    lines, report = refused(source)
    assert lines[0] == "7 problems in the source:"
    assert len(lines) == 9
    for path in chain(*expected.values()):
        assert any(line.startswith(f"  {path}: ") for line in lines), path
    assert "dataset.on_bad_frame" in lines[-1]
    assert by_kind(report) == expected
    assert counts(report) == {kind: len(paths) for kind, paths in expected.items()}


def test_bad_frames_are_left_out(source):
    expected = break_frames(source)
    store, report = run(source, on_bad_frame="exclude")
    assert by_kind(report) == expected
    assert store.tracklets["name"].tolist() == [name for name in TRACKLETS if name != "train/1/c2/a"]
    assert store.sources(store.frames_of(0)) == ["train/1/c1/a/f10.jpg"]
    assert store.frame_number[0] == 10
    assert store.roles.tolist() == [[Role.TRAIN] * 2 + [Role.QUERY, Role.GALLERY]]


def test_at_most_ten_problems_are_printed(source):
    for t in range(30, 55):
        (source / "train/2/c1/a" / f"f{t}.jpg").write_bytes(b"")
    lines, report = refused(source)
    assert lines[0] == "25 problems in the source:"
    assert len(lines) == 13
    assert lines[11] == "  … and 15 more"
    assert len(report["findings"]) == 25


@pytest.mark.parametrize("policy", ["stop", "exclude"])
def test_shared_identities_always_stop(source, policy):
    (source / "train/3/c1/a").mkdir(parents=True)
    (source / "train/3/c1/a/0.jpg").write_bytes(jpeg(9, 9))
    lines, report = refused(source, on_bad_frame=policy)
    assert lines == ["1 problem in the source:", "  identity 3: in train and in test of split 0"]
    assert counts(report) == {"shared_identity": 1}


def test_duplicates_and_lonely_queries_are_only_reported(source):
    tracklet = source / "train/2/c1/a"
    for name in ("f20.jpg", "f21.jpg"):
        (tracklet / name).write_bytes((tracklet / "f8.jpg").read_bytes())
    (source / "query/4/c1/a").mkdir(parents=True)
    (source / "query/4/c1/a/0.jpg").write_bytes(jpeg(9, 9))
    store, report = run(source)
    assert store.num_frames == sum(TRACKLETS.values()) + 3
    assert by_kind(report) == {
        "duplicate": ["train/2/c1/a/f20.jpg"],
        "query_without_match": ["query/4/c1/a"],
    }
    assert report["findings"][0]["reason"].startswith("2 frames")


def test_nothing_usable(source):
    for path in source.rglob("*.jpg"):
        path.write_bytes(b"")
    lines, _ = refused(source, on_bad_frame="exclude")
    assert lines[1] == "  no tracklet has a usable frame"


def test_no_tracklets(tmp_path):
    (tmp_path / "source/train").mkdir(parents=True)
    with pytest.raises(DataError, match="got no tracklets"):
        run(tmp_path / "source")
