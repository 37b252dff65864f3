"""Any folder of tracklet folders: which of them are tracklets, in which order, and what is refused."""

import pytest

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError, Frame
from stcnet_lib.data.source.layouts.crops import CropsLayout
from stcnet_lib.data.source.leftovers import Claimed, leftovers
from stcnet_lib.data.store.tracklets import Role


def tree(root, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"x")
    return root


def test_every_folder_of_images_is_a_tracklet(tmp_path):
    root = tree(
        tmp_path,
        "10/f2.jpg",
        "9/f10.png",
        "9/f2.png",
        "9/notes.txt",
        "9/.hidden.png",
        "door/monday/7/0001.JPG",
        "door/monday/7/again/0001.jpg",
        "door/notes.txt",
        ".cache/1.jpg",
    )
    layout = open_layout(DatasetConfig(name="mine", layout="crops", root=str(root)))
    found = list(layout.tracklets())
    assert len(layout) == len(found) == 4
    assert [(t.pid, t.camera, t.name, t.roles) for t in found] == [
        (1, 1, "9", (Role.TRAIN,)),
        (2, 1, "10", (Role.TRAIN,)),
        (3, 1, "door/monday/7", (Role.TRAIN,)),
        (4, 1, "door/monday/7/again", (Role.TRAIN,)),
    ]
    assert found[0].frames == (Frame(2, "9/f2.png"), Frame(10, "9/f10.png"))
    assert layout.read(found[0].frames[0]) == b"x"


def test_images_beside_the_folders_are_told_of(tmp_path):
    layout = CropsLayout(tree(tmp_path, "a/1.jpg", "2.jpg", "3.jpg"))
    claimed = Claimed()
    claimed.add(frame.source for tracklet in layout.tracklets() for frame in tracklet.frames)
    assert [(f.kind, f.source) for f in leftovers(layout, claimed)] == [("unread_image", "2.jpg")]


def test_links_are_followed_once(tmp_path):
    root = tree(tmp_path / "root", "a/1.jpg")
    tree(tmp_path / "elsewhere", "1.jpg")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    (root / "a/up").symlink_to(root)
    assert [tracklet.name for tracklet in CropsLayout(root).tracklets()] == ["a", "b"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            ("1.jpg", "2.jpg"),
            "got 2 images and no folder of images, wanted <tracklet>/.*give the folder above",
        ),
        (("a/notes.txt",), "got no image in it or below"),
    ],
)
def test_what_is_no_folder_of_tracklets(tmp_path, files, told):
    with pytest.raises(DataError, match=told):
        CropsLayout(tree(tmp_path, *files))
