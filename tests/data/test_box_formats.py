"""Box files of other tools, written by hand, whose boxes are known; and through to the crops of a video."""

import json

import numpy as np
import pytest
from videos import ALL, HEIGHT, WIDTH, level, write_boxes, write_images, write_video

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.given import given_dataset
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.video.formats.boxes import Box, write_mot
from stcnet_lib.data.source.video.formats.coco import read_coco
from stcnet_lib.data.source.video.formats.convert import picture_size
from stcnet_lib.data.source.video.formats.cvat import read_cvat
from stcnet_lib.data.source.video.formats.ultralytics import read_ultralytics
from stcnet_lib.data.source.video.mot import read_table
from stcnet_lib.data.store.images import decode

# Of a picture of 120 rows and 160 columns: frame, track, left, top, width, height
WANTED = [(1, 1, 20, 30, 40, 60), (1, 2, 80, 30, 40, 60), (2, 1, 24, 30, 40, 60), (3, 1, 28, 30, 40, 60)]

ONE_IMAGE = '{"images": [{"id": 1, "frame_id": 1}], "annotations": '


def plain(boxes) -> list[tuple]:
    return [tuple(float(value) for value in box[:6]) for box in sorted(boxes)]


def labels(folder, rest="{track}"):
    """Ultralytics' texts: class, middle and size as shares."""
    folder.mkdir()
    for frame, track, left, top, width, height in WANTED:
        x, y = (left + width / 2) / WIDTH, (top + height / 2) / HEIGHT
        end = rest.format(track=track)
        with open(folder / f"my_door_{frame}.txt", "a") as file:
            file.write(f"0 {x:g} {y:g} {width / WIDTH:g} {height / HEIGHT:g} {end}\n")
    return folder


def coco(path, **changes):
    """COCO's JSON; images in no order."""
    values = {
        "images": [{"id": 70 + n, "file_name": f"door/{n:06d}.jpg"} for n in (3, 1, 2)],
        "annotations": [
            {"id": n, "image_id": 70 + row[0], "track_id": row[1], "bbox": list(row[2:]), "category_id": 4}
            for n, row in enumerate(WANTED)
        ],
        "categories": [{"id": 4, "name": "person"}],
    }
    path.write_text(json.dumps(values | changes))
    return path


def cvat(path):
    """CVAT for video: frames from 0; track 2 leaves the picture in frame 1."""
    boxes = {1: [], 2: ['<box frame="1" outside="1" xtl="80" ytl="30" xbr="120" ybr="90"/>']}
    for frame, track, left, top, width, height in WANTED:
        corners = f'xtl="{left}" ytl="{top}" xbr="{left + width}" ybr="{top + height}"'
        boxes[track].append(f'<box frame="{frame - 1}" keyframe="1" outside="0" occluded="0" {corners}/>')
    tracks = "".join(f'<track id="{n}" label="person">{"".join(own)}</track>' for n, own in boxes.items())
    path.write_text(f"<?xml version='1.0'?><annotations><version>1.1</version>{tracks}</annotations>")
    return path


def test_ultralytics(tmp_path):
    boxes = read_ultralytics(labels(tmp_path / "a"), (HEIGHT, WIDTH))
    np.testing.assert_allclose(plain(boxes), WANTED, atol=1e-3)  # written with six digits
    confident = read_ultralytics(labels(tmp_path / "b", "0.75 {track}"), (HEIGHT, WIDTH))
    np.testing.assert_allclose(plain(confident), WANTED, atol=1e-3)
    assert {(box.confidence, box.category) for box in confident} == {(0.75, 0)}


def test_ultralytics_of_a_box_that_nobody_followed(tmp_path):
    folder = labels(tmp_path / "labels")
    with open(folder / "my_door_2.txt", "a") as file:
        file.write("0 0.5 0.5 0.1 0.2\n0 0.5 0.5 0.1 0.2 0.31\n")
    extra = [box for box in read_ultralytics(folder, (HEIGHT, WIDTH)) if box.track == -1]
    assert [(box.frame, box.confidence) for box in extra] == [(2, -1), (2, 0.31)]


def test_coco(tmp_path):
    boxes = read_coco(coco(tmp_path / "door.json"))
    assert plain(boxes) == WANTED
    assert {box.category for box in boxes} == {4}


def test_coco_of_frames_from_0_and_other_names_of_tracks(tmp_path):
    images = [{"id": n, "frame_id": n - 1, "file_name": "x.jpg"} for n in (1, 2, 3)]
    rows = [
        {"id": n, "image_id": row[0], "bbox": list(row[2:]), "score": 0.5} for n, row in enumerate(WANTED)
    ]
    for track in ("instance_id", "attributes"):
        for row, (_, number, *_) in zip(rows, WANTED, strict=True):
            row[track] = number if track == "instance_id" else {"track_id": str(number)}
        boxes = read_coco(coco(tmp_path / "door.json", images=images, annotations=rows))
        assert plain(boxes) == WANTED
        assert {box.confidence for box in boxes} == {0.5}
        for row in rows:
            del row[track]


def test_cvat(tmp_path):
    assert plain(read_cvat(cvat(tmp_path / "door.xml"))) == WANTED


def test_what_is_written_is_read_as_it_was(tmp_path):
    boxes = [Box(*row, confidence=0.5, category=7) for row in WANTED]
    write_mot(tmp_path / "door.txt", reversed(boxes))
    found = []
    table = read_table(tmp_path / "door.txt", ALL, found.append).boxes
    assert [tuple(row) for row in table.itertuples(index=False)] == WANTED
    assert found == []


@pytest.mark.parametrize("kind", ["ultralytics", "coco", "cvat", "text"])
def test_crops_of_a_video_are_those_of_the_boxes(tmp_path, kind):
    """Every picture tells its number by its grey, so a box of the wrong frame would show."""
    boxes = {
        "ultralytics": lambda: labels(tmp_path / "labels"),
        "coco": lambda: coco(tmp_path / "boxes.json"),
        "cvat": lambda: cvat(tmp_path / "boxes.xml"),
        "text": lambda: tmp_path / "boxes.txt",
    }[kind]()
    if kind == "text":
        boxes.write_text("".join(",".join(map(str, row)) + "\n" for row in WANTED))
    source = tmp_path / "door.mkv"
    write_video(source, 4)
    settings = {"video": {"least_frames": 1, "least_height": 8, "least_width": 4}}
    with given_dataset(source, boxes=boxes, settings=settings) as config:
        assert config.layout == "video"
        layout = open_layout(config)
        found = {
            (frame.number, tracklet.name[-3]): decode(layout.read(frame), "")
            for tracklet in layout.tracklets()
            for frame in tracklet.frames
        }
    assert set(found) == {(row[0], str(row[1])) for row in WANTED}
    for (number, _), crop in found.items():
        assert crop.shape == (60, 40, 3)
        assert level(crop) == number


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "{", "not readable as JSON"),
        ("a.json", "[]", "got no lists images and annotations"),
        ("a.json", '{"images": [{"id": 1}], "annotations": []}', "image 1: got no frame_id and no number"),
        (
            "a.json",
            '{"images": [{"id": 1, "frame_id": 1}, {"id": 2, "frame_id": 1}], "annotations": []}',
            "got images with one number or one id",
        ),
        (
            "a.json",
            ONE_IMAGE + '[{"id": 5, "image_id": 1, "bbox": [1, 2, 3, 4]}]}',
            "annotation 5: got no track_id, instance_id or attributes.track_id",
        ),
        (
            "a.json",
            ONE_IMAGE + '[{"id": 5, "image_id": 1, "bbox": [1, 2]}]}',
            r"annotation 5: got bbox \[1, 2\]",
        ),
        (
            "a.json",
            ONE_IMAGE + '[{"id": 5, "image_id": 9}]}',
            "annotation 5: got image_id 9",
        ),
        (
            "a.json",
            '{"images": [{"id": 1, "video_id": 1}, {"id": 2, "video_id": 2}], "annotations": []}',
            "got images of 2 videos",
        ),
        ("a.xml", "<annotations>", "not readable as XML"),
        (
            "a.xml",
            "<annotations><image id='0'/></annotations>",
            "got 1 images, as 'CVAT for images' has them",
        ),
        ("a.xml", "<annotation/>", "got <annotation> and no track"),
        ("a.xml", "<a><track id='1'><box frame='0'/></track></a>", "track 1: got a box without 'xtl'"),
        ("labels/notes.txt", "", "got the file notes.txt, wanted ultralytics' labels"),
        ("labels/a_1.txt", "0 0.5 0.5 0.1 0.1 0.9", "got 1 boxes without an id"),
        ("labels/a_1.txt", "0 50 50 10 10 1", "as shares"),
        ("labels/a_1.txt", "person 0.5 0.5 0.1 0.1 1", "a_1.txt:1: got 'person"),
        ("labels/a_1.csv", "", "got no .txt"),
    ],
)
def test_what_is_refused(tmp_path, name, text, told):
    write_video(tmp_path / "door.mkv", 2)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    boxes = path.parent if "/" in name else path
    with pytest.raises(DataError, match=told), given_dataset(tmp_path / "door.mkv", boxes=boxes):
        pass


def test_labels_of_two_videos_are_refused(tmp_path):
    folder = labels(tmp_path / "labels")
    (folder / "hall_1.txt").write_text("0 0.5 0.5 0.1 0.1 1\n")
    with pytest.raises(DataError, match="got labels of hall, my_door, wanted those of one video"):
        read_ultralytics(folder, (HEIGHT, WIDTH))


def test_the_size_of_pictures(tmp_path):
    write_video(tmp_path / "door.mkv", 2)
    write_images(tmp_path / "images", range(2))
    assert picture_size(tmp_path / "door.mkv") == picture_size(tmp_path / "images") == (HEIGHT, WIDTH)


def test_a_folder_has_its_boxes_in_it(tmp_path):
    write_images(tmp_path / "door", range(1, 4))
    write_boxes(tmp_path / "door.txt", range(1, 4))
    with given_dataset(tmp_path) as config:
        assert isinstance(config, DatasetConfig)
        assert config.layout == "video"
    with (
        pytest.raises(ValueError, match="wanted them with a single video"),
        given_dataset(tmp_path, boxes=tmp_path / "door.txt"),
    ):
        pass
