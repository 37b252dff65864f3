"""Which picture belongs to which box: crops of pictures that tell their own number."""

from __future__ import annotations

import numpy as np
import pytest
from videos import kinds, pictures_by_frame, write_boxes, write_images, write_video

from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.video.picture_numbers import find_places, image_numbers


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


def numbered(root, images, boxes, **rules):
    write_images(root / "a", images)
    write_boxes(root / "a.txt", boxes)
    return pictures_by_frame(root, **rules)


@pytest.mark.parametrize(
    ("images", "boxes"),
    [
        (range(20, 51), range(20, 31)),  # frames are the images' own numbers
        ([n for n in range(1, 31) if n != 10], [n for n in range(1, 31) if n != 10]),
        (range(1, 40, 2), range(1, 20, 2)),  # every second image kept
        (range(1, 40, 2), range(1, 40, 2)),
        (range(0, 20), range(0, 20)),  # both from 0
        (range(1, 21), range(1, 21)),  # as MOTChallenge has it
    ],
)
def test_frames_that_are_numbers_of_images_get_these_images(root, images, boxes):
    shown, findings = numbered(root, images, boxes)
    assert shown == {frame: frame for frame in boxes}
    assert set(kinds(findings)) <= {"picture_numbers"}


def test_where_both_fit_it_is_said(root):
    _, (finding,) = numbered(root, range(1, 40, 2), range(1, 20, 2))
    assert finding.kind == "picture_numbers"
    assert finding.reason.endswith("frame 3 being another image then: dataset.video.frames: place")


@pytest.mark.parametrize(
    ("images", "boxes", "named"),
    [
        (range(41, 61), range(1, 21), True),
        (range(0, 20), range(1, 21), False),  # frame 20 is no number
        (range(4, 80, 4), range(1, 20), True),
    ],
)
def test_frames_that_are_no_numbers_are_places(root, images, boxes, named):
    shown, findings = numbered(root, images, boxes)
    assert shown == dict(zip(boxes, images, strict=True))
    assert kinds(findings) == ["picture_numbers"] * named


def test_an_image_that_is_gone_is_missing_and_shifts_nothing(root):
    """Boxes of frame 10 stay; as places they would lead behind the last image."""
    shown, findings = numbered(root, [n for n in range(1, 31) if n != 10], range(1, 31))
    assert shown == {frame: frame for frame in range(1, 31) if frame != 10}
    (finding,) = findings
    assert (finding.kind, finding.source) == ("missing", "a")
    assert finding.reason == "no image has the number of frame 10; 1 boxes are in 1 such frames"


def test_what_nothing_decides_stops(root):
    """Neither are all frames numbers, nor are they all places."""
    with pytest.raises(DataError, match=r"(?s)images are numbered 5 to 14.*dataset\.video\.frames: number"):
        numbered(root, range(5, 15), range(3, 13))


@pytest.mark.parametrize(("reading", "shift"), [("number", 0), ("place", 4)])
def test_the_configuration_decides(root, reading, shift):
    shown, _ = numbered(root, range(5, 15), range(5, 11), frames=reading)
    assert shown == {frame: frame + shift for frame in range(5, 11)}


def test_boxes_from_0_are_recognised(root):
    """On images from 1, and on a video; with the setting every box is on its picture."""
    write_images(root / "a", range(1, 21))
    write_boxes(root / "a.txt", range(0, 20))
    write_video(root / "b.mkv", 20)
    write_boxes(root / "b.txt", range(0, 20))
    with pytest.raises(DataError, match=r"a: got boxes in frame 0, .* dataset\.video\.first_frame: 0"):
        pictures_by_frame(root)
    shown, findings = pictures_by_frame(root, first_frame=0)
    assert shown == {frame: frame + 1 for frame in range(20)}
    assert findings == []
    for path in (root / "a").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"b\.mkv: got boxes in frame 0"):
        pictures_by_frame(root)


def test_frames_before_the_first_stop(root):
    with pytest.raises(
        DataError, match=r"frame 3, wanted frames from dataset\.video\.first_frame, which is 5"
    ):
        numbered(root, range(1, 11), range(3, 9), first_frame=5)


def test_a_cut_that_keeps_the_numbers_of_the_whole(root):
    """Frames 500 to 519 of a long video, cut out of it: the first picture is number 500."""
    write_video(root / "b.mkv", 20)
    write_boxes(root / "b.txt", range(500, 520))
    shown, findings = pictures_by_frame(root, first_frame=500)
    assert shown == {500 + place: place + 1 for place in range(20)}
    assert findings == []


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["000010.png", "10.jpg"], None),  # twice the same
        (["cam1_000020.png", "cam1_000021.png"], [20, 21]),
        (["20_v2.png", "21_v2.png"], [20, 21]),  # what all share tells nothing
        (["f1.png", "f10.png", "f2.png"], [1, 10, 2]),
        (["a.png", "b.png"], None),
        (["im.jpg", "im2.jpg"], None),
        (["2026-11-26_1.png", "x7.png"], [1, 7]),
        (["99999999999.png", "99999999998.png"], None),  # time stamps, no frames
        ([], None),
    ],
)
def test_image_numbers(names, numbers):
    found = image_numbers(names)
    assert (None if found is None else found.tolist()) == numbers


def test_numbers_that_occur_twice_are_worth_a_look(root):
    """000010.png and 10.png: neither is the image of frame 10."""
    write_images(root / "a", {1: "000001.png", 2: "000002.png", 3: "2.png"})
    write_boxes(root / "a.txt", [1, 2, 3])
    shown, findings = pictures_by_frame(root)
    assert set(shown) == {1, 2, 3}
    assert kinds(findings) == ["picture_numbers"]


def test_numbers_that_are_asked_for_must_be_there(root):
    write_images(root / "a", {1: "a.png", 2: "b.png"})
    write_boxes(root / "a.txt", [1, 2])
    assert pictures_by_frame(root)[0] == {1: 1, 2: 2}
    with pytest.raises(DataError, match=r"images without numbers .* such as a\.png"):
        pictures_by_frame(root, frames="number")


def test_places_against_a_loop():
    random = np.random.default_rng(0)
    for _ in range(50):
        numbers = random.permutation(60)[:20]
        names = [f"{number:06d}.png" for number in numbers]
        frames = np.unique(random.integers(0, 70, 30))
        places = find_places("a", frames, names, "number", None).of(frames)
        assert places.tolist() == [
            numbers.tolist().index(frame) if frame in numbers else -1 for frame in frames.tolist()
        ]
