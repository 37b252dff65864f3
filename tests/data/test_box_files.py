"""Box files of trackers and spreadsheets: read right, or refused with what was found."""

from __future__ import annotations

import pytest
from videos import ALL, HEIGHT, RULES, WIDTH, kinds, pictures_by_frame, write_boxes, write_video

from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.video import VideoLayout
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.source.video.mot import read_table

ROWS = [[1, 1, 100.5, 60.75, 60.5, 120.75], [2, 1, 101.5, 61.25, 60.5, 120.75]]


def read(path, content, **rules):
    """Rows as lists, and findings."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = []
    table = read_table(path, ALL._replace(**rules), found.append)
    return table.boxes.to_numpy().tolist(), found


def lines(separator: str, decimal: str = ".") -> str:
    return "".join(separator.join(str(value).replace(".", decimal) for value in row) + "\n" for row in ROWS)


SPELLINGS = {
    "commas": lines(","),
    "commas and blanks": lines(", "),
    "blanks": lines(" "),
    "aligned": lines("    "),
    "tabs": lines("\t"),
    "semicolons": lines(";"),
    "bars": lines(" | "),
    "decimal commas, semicolons": lines(";", ","),
    "decimal commas, tabs": lines("\t", ","),
    "decimal commas, blanks": lines(" ", ","),
    "quotes": lines(",").replace(",", '","').replace("\n", '"\n"').join(['"', ""])[:-1],
    "savetxt": "# frame id x y w h\n" + lines(" "),
    "a head of words": "frame,id,bb_left,bb_top,bb_width,bb_height\n" + lines(","),
    "comments": "% made by a tracker\n" + lines(",") + "# the end\n",
    "UTF-16": lines(",").encode("utf-16"),
    "UTF-16 without its mark": lines(",").encode("utf-16-le"),
    "UTF-16, the other way": lines(";").encode("utf-16-be"),
    "UTF-8 with a mark": lines(",").encode("utf-8-sig"),
    "UTF-32": lines(",").encode("utf-32"),
    "Windows": lines(",").replace("\n", "\r\n"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_the_same_boxes(tmp_path, spelling):
    rows, found = read(tmp_path / "b.txt", SPELLINGS[spelling])
    assert rows == ROWS
    assert found == []


@pytest.mark.parametrize("text", ["1:1:100:60:60:120\n", "1/1/100/60/60/120\n", "{'frame': 1}\n"])
def test_other_separators_say_what_was_found(tmp_path, text):
    rows, (finding,) = read(tmp_path / "b.txt", text)
    assert rows == []
    assert (finding.kind, finding.source) == ("odd_row", "b.txt:1")
    assert text.strip() in finding.reason


def test_a_file_without_boxes_is_named(tmp_path):
    for text in ("", "\n\n", "# frame id x y w h\n", "frame,id,x,y,w,h\n"):
        rows, (finding,) = read(tmp_path / "b.txt", text)
        assert rows == []
        assert (finding.kind, finding.reason) == ("nothing_left", "holds no line but comments, wanted boxes")


def test_one_separator_holds_for_the_file(tmp_path):
    """A line that another one would read otherwise is no box."""
    rows, (finding,) = read(tmp_path / "b.txt", lines(",") + "3;1;100,5;60,75;60,5;120,75\n")
    assert rows == ROWS
    assert (finding.kind, finding.source) == ("odd_row", "b.txt:3")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("id,frame,x,y,w,h", "stand the other way round"),
        ("# track_id frame_number x y w h", "stand the other way round"),
        ("frame,id,x1,y1,x2,y2", "written by two corners"),
        ("frame;track;left;top;right;bottom", "written by two corners"),
    ],
)
def test_a_head_that_tells_other_columns_stops(tmp_path, head, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path / "b.txt", f"{head}\n{lines(',')}")


VISDRONE = "1,1,20,60,60,120,1,4,0,0\n1,2,20,60,60,120,1,1,0,2\n2,1,20,60,60,120,1,4,1,1\n"
BOXMOT = "1,1,20,60,60,120,0.9,2,-1,-1\n1,2,20,60,60,120,0.8,0,-1,-1\n"
MOT10 = "1,1,20,60,60,120,0.9,-1,-1,-1\n1,2,20,60,60,120,0.8,-1,-1,-1\n"
PLACES10 = "1,1,20,60,60,120,0.9,3.5,7.25,0\n1,2,20,60,60,120,0.8,3,8,0\n"
SEVEN = "1,1,20,60,60,120,0.9\n1,2,20,60,60,120,0.8\n"
EIGHT = "1,1,20,60,60,120,0.9,1\n1,2,20,60,60,120,0.8,2\n"
NINE = "1,1,20,60,60,120,1,1,0.9\n1,2,20,60,60,120,1,1,0.1\n"
SIX = "1,1,20,60,60,120\n1,2,20,60,60,120\n"


@pytest.mark.parametrize(
    ("text", "rules", "tracks"),
    [
        (VISDRONE, {"classes": (4,)}, [1, 1]),
        (VISDRONE, {"classes": (1,)}, [2]),
        (BOXMOT, {"classes": (0,)}, [2]),
        (BOXMOT, {"classes": (2,)}, [1]),
        (EIGHT, {"classes": (1,)}, [1]),
        (NINE, {"least_visibility": 0.5}, [1]),
        (SEVEN, {"least_confidence": 0.85}, [1]),
        (MOT10, {"least_confidence": 0.85}, [1]),
    ],
)
def test_filters_read_the_column_that_the_format_has(tmp_path, text, rules, tracks):
    rows, found = read(tmp_path / "b.txt", text, **rules)
    assert [row[1] for row in rows] == tracks
    assert "left_out" in kinds(found)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (MOT10, {"classes": (1,)}),
        (PLACES10, {"classes": (3,)}),
        (SIX, {"classes": (1,)}),
        (SEVEN, {"classes": (1,)}),
        (SIX, {"least_visibility": 0.5}),
        (SEVEN, {"least_visibility": 0.5}),
        (EIGHT, {"least_visibility": 0.5}),
        (VISDRONE, {"least_visibility": 0.5}),
        ("1,1,20,60,60,120,0.9,1,-1\n", {"least_visibility": 0.5}),
        (SIX, {"least_confidence": 0.5}),
        ("1,1,20,60,60,120,-1\n", {"least_confidence": 0.5}),
    ],
)
def test_a_filter_that_nothing_can_be_held_against_stops(tmp_path, text, rules):
    (key,) = rules
    with pytest.raises(DataError, match=rf"without a known \w+, while dataset\.video\.{key} is"):
        read(tmp_path / "b.txt", text, **rules)


def test_ids_that_repeat_for_each_class_are_tracks_of_their_own(tmp_path):
    """Person 1 and car 1, at the same time in other places: one tracklet would mix them."""
    text = "".join(
        f"{f},1,20,60,60,120,0.9,0\n{f},1,300,60,90,60,0.9,2\n{f},3,5,5,60,120,0.9,0\n" for f in (1, 2)
    )
    rows, (finding,) = read(tmp_path / "b.txt", text)
    assert {(row[1], row[2]) for row in rows} == {(11, 20), (31, 300), (13, 5)}
    assert finding.kind == "ids_of_classes"
    assert finding.reason == (
        "1 ids occur with several classes, for example 1: class and id together are the track, "
        "numbered (class + 1) · 10 + id"
    )
    rows, _ = read(
        tmp_path / "b.txt", text, classes=(0,)
    )  # one class is left, and the ids are those of the file
    assert {(row[1], row[2]) for row in rows} == {(1, 20), (3, 5)}


def test_normalised_boxes_are_named(tmp_path):
    with pytest.raises(DataError, match=r"2 of 2 boxes lie within 0…1, as normalised ones do \(YOLO\)"):
        read(tmp_path / "b.txt", "1,1,0.5,0.4,0.1,0.3\n2,1,0.51,0.4,0.1,0.3\n")
    _, (finding,) = read(tmp_path / "b.txt", "0 0.5 0.4 0.1 0.3\n")
    assert "YOLO's text of one image" in finding.reason


def test_decimal_commas_between_commas_are_named(tmp_path):
    with pytest.raises(
        DataError, match=r"ten columns of whole numbers.*decimal commas, wanted another separator"
    ):
        read(tmp_path / "b.txt", lines(",", ","))


def test_boxes_of_two_corners_are_named(tmp_path):
    write_video(tmp_path / "a.mkv", 4)
    corners = "".join(f"{f},1,{90 + f},20,{130 + f},110\n{f},2,10,15,40,80\n" for f in range(1, 5))
    (tmp_path / "a.txt").write_text(corners)
    with pytest.raises(DataError, match=r"most of track 1, reach far beyond .* look like x1, y1, x2, y2"):
        len(VideoLayout(tmp_path, RULES))


def test_people_at_the_border_are_no_corners(tmp_path):
    """Close to the camera: boxes that reach a little over the lower border, alone in their file."""
    write_video(tmp_path / "a.mkv", 4)
    (tmp_path / "a.txt").write_text("".join(f"{f},1,20,30,60,{HEIGHT - 25}\n" for f in range(1, 5)))
    shown, findings = pictures_by_frame(tmp_path)
    assert shown == {f: f for f in range(1, 5)}
    assert findings == []


def test_boxes_of_a_larger_picture_are_worth_a_look(tmp_path):
    write_video(tmp_path / "a.mkv", 4)
    rows = "".join(f"{f},1,{WIDTH - 10},60,40,100\n{f},2,500,10,40,90\n" for f in range(1, 5))
    (tmp_path / "a.txt").write_text(rows)
    layout = VideoLayout(tmp_path, RULES)
    assert len(layout) == 1
    assert "beyond_picture" in kinds(layout.findings())


def emptied(root, out, **video) -> tuple[str, dict]:
    """The error of a preparation that has nothing left, and its report."""
    config = DatasetConfig(name="v", layout="video", root=str(root), video=video)
    with pytest.raises(DataError) as caught:
        prepare(config, out / "tracklets.h5", out / "integrity.json", 1000)
    return str(caught.value), read_json(out / "integrity.json")


@pytest.mark.parametrize(
    ("rest", "video", "setting", "count"),
    [
        (",0,0,-1", {}, "dataset.video.least_confidence", "10"),
        (",1,7,1", {"classes": [1]}, "dataset.video.classes", "10"),
        (",1,1,0.2", {"least_visibility": 0.5}, "dataset.video.least_visibility", "10"),
        ("", {"least_height": 500}, "dataset.video.least_height 500", "10"),
        ("", {"least_frames": 50}, "dataset.video.least_frames", "1 of 1"),
    ],
)
def test_what_left_nothing_over_is_said(tmp_path, rest, video, setting, count):
    root = tmp_path / "videos"
    root.mkdir()
    write_video(root / "a.mkv", 10)
    write_boxes(root / "a.txt", range(1, 11), rest=rest)
    message, report = emptied(
        root, tmp_path, **{"least_height": 8, "least_width": 4, "least_frames": 1} | video
    )
    assert setting in message
    assert any(count in line for line in message.splitlines() if setting in line)
    assert report["findings"] + report["notes"]


def test_confidences_of_0_can_be_kept(tmp_path):
    rows, _ = read(tmp_path / "b.txt", "1,1,20,60,60,120,0,0,-1\n", least_confidence=-1)
    assert len(rows) == 1


def test_one_camera_that_is_emptied_beside_another(tmp_path):
    """The others go on; that nothing is left of this one is no small note."""
    for name, rest in (("a", ""), ("b", ",0")):
        write_video(tmp_path / f"{name}.mkv", 5)
        write_boxes(tmp_path / f"{name}.txt", range(1, 6), rest=rest)
    layout = VideoLayout(tmp_path, RULES)
    assert len(layout) == 1
    (finding,) = [finding for finding in layout.findings() if finding.kind == "nothing_left"]
    assert finding.source == "b.txt"
    assert finding.reason.startswith(
        "none of 5 boxes is left: 5 by a confidence not above dataset.video.least"
    )
