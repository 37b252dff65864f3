"""The plain folder layout against trees written out by hand."""

from itertools import product

import pytest

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError, frame_numbers, label_numbers, natural_order
from stcnet_lib.data.source.layouts.folder import FolderLayout
from stcnet_lib.data.store.tracklets import Role


def tree(root, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"x")
    return root


def test_natural_order():
    assert natural_order(["f10", "f9", "f1", "F2", "10", "9", "f01"]) == [
        "9", "10", "F2", "f01", "f1", "f9", "f10",
    ]  # fmt: skip


def test_frame_numbers():
    assert frame_numbers(["0001C1T0001F001.jpg", "0001C1T0001F007.jpg"]) == [1, 7]
    assert frame_numbers(["12_v2.png", "13_v2.png"]) == [0, 1]  # the last number does not rise
    assert frame_numbers(["a.png", "b.png"]) == [0, 1]
    assert frame_numbers(["1600000000001.png", "1600000000002.png"]) == [0, 1]  # no 32 bits
    assert frame_numbers([]) == []


def test_label_numbers():
    assert label_numbers(["0007", "0012", "0007"]) == {"0007": 7, "0012": 12}
    assert label_numbers(["cam2", "cam1"]) == {"cam1": 1, "cam2": 2}
    assert label_numbers(["front", "door"]) == {"door": 1, "front": 2}
    assert label_numbers(["a1", "b1"]) == {"a1": 1, "b1": 2}  # the digits do not tell them apart
    assert label_numbers(["1", "01"]) == {"01": 1, "1": 2}


def test_explicit_splits(tmp_path):
    root = tree(
        tmp_path,
        "train/0002/c1/a/f2.jpg",
        "train/0002/c1/a/f10.JPG",
        "train/0002/c1/a/notes.txt",
        "train/0002/c1/a/.hidden.jpg",
        "train/0010/c2/a/0.png",
        "query/0003/c1/a/0.png",
        "gallery/0003/c2/a/0.png",
        "distractor/9999/c2/a/0.png",
        "elsewhere/0001/c1/a/0.png",
    )
    layout = FolderLayout(root)
    found = list(layout.tracklets())
    assert len(layout) == len(found) == 5
    assert [(t.name, t.pid, t.camera, t.roles) for t in found] == [
        ("train/0002/c1/a", 2, 1, (Role.TRAIN,)),
        ("train/0010/c2/a", 10, 2, (Role.TRAIN,)),
        ("query/0003/c1/a", 3, 1, (Role.QUERY,)),
        ("gallery/0003/c2/a", 3, 2, (Role.GALLERY,)),
        ("distractor/9999/c2/a", 9999, 2, (Role.DISTRACTOR,)),
    ]
    assert [(f.number, f.source) for f in found[0].frames] == [
        (2, "train/0002/c1/a/f2.jpg"),
        (10, "train/0002/c1/a/f10.JPG"),
    ]
    assert layout.read(found[0].frames[0]) == b"x"
    assert layout.findings() == []


@pytest.mark.parametrize("counts", list(product([0, 1, 2, 3], repeat=3)))
def test_every_query_of_test_has_a_match_before_another_camera(tmp_path, counts):
    """All people with up to three tracklets before each of three cameras."""
    files = [f"test/1/{camera}/{t}/0.png" for camera, n in enumerate(counts) for t in range(n)]
    tree(tmp_path, "test/2/0/0/0.png", *files)
    person = [t for t in FolderLayout(tmp_path).tracklets() if t.pid == 1]
    queries = [t for t in person if t.roles == (Role.QUERY,)]
    gallery = [t for t in person if t.roles == (Role.GALLERY,)]
    assert len(person) == sum(counts) == len(queries) + len(gallery)
    assert bool(queries) == (sum(n > 0 for n in counts) > 1)
    for query in queries:
        assert any(other.camera != query.camera for other in gallery)
        assert query.name.endswith("/0")
    several = sum(n > 1 for n in counts)
    if queries:
        assert len(queries) == max(1, several)


def test_empty_folders_are_found(tmp_path):
    tree(tmp_path, "train/1/1/a/0.png")
    for folder in ("train/2", "train/3/1", "gallery", "train/1/1/b"):
        (tmp_path / folder).mkdir(parents=True)
    layout = FolderLayout(tmp_path)
    assert sorted(finding.source for finding in layout.findings()) == ["gallery", "train/2", "train/3/1"]
    assert [t.name for t in layout.tracklets() if not t.frames] == ["train/1/1/b"]


def test_another_folder(tmp_path):
    tree(tmp_path, "pictures/0.png")
    config = DatasetConfig(name="d", layout="folder", root=str(tmp_path))
    with pytest.raises(DataError, match="got no folder train, query, gallery, distractor or test"):
        open_layout(config)


def test_layouts_that_read_nothing():
    with pytest.raises(ValueError, match=r"got 'walkers', wanted one that reads files: .*folder"):
        open_layout(DatasetConfig(name="w", layout="walkers"))
