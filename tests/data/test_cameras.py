"""Which box file belongs to which pictures, and what is not used: every file is read or named."""

from __future__ import annotations

import pytest
from videos import RULES, kinds, pictures_by_frame, write_boxes, write_images, write_video

from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.cameras import find_cameras
from stcnet_lib.data.source.layouts.video import VideoLayout


def cameras(root):
    findings = []
    found = find_cameras(root, findings)
    return {c.name: c.boxes.relative_to(root).as_posix() for c in found}, findings


def sequence(root, name="SEQ", images="img1"):
    write_images(root / name / images, range(1, 11))
    return root / name


@pytest.mark.parametrize(
    ("files", "used", "rest"),
    [
        (["SEQ.txt", "SEQ/gt/gt.txt"], "SEQ.txt", "SEQ/gt/gt.txt"),
        (["SEQ.txt", "SEQ/det/det.txt"], "SEQ.txt", "SEQ/det/det.txt"),
        (["SEQ/gt/gt.txt", "SEQ/det/det.txt"], "SEQ/gt/gt.txt", "SEQ/det/det.txt"),
        (["SEQ.txt", "SEQ/gt/gt.txt", "SEQ/det/det.txt"], "SEQ.txt", "SEQ/gt/gt.txt, SEQ/det/det.txt"),
    ],
)
def test_the_users_own_file_comes_first_and_the_used_one_is_named(tmp_path, files, used, rest):
    sequence(tmp_path)
    for place, name in enumerate(files):
        write_boxes(tmp_path / name, range(1, 11), track=-1 if "det" in name else place + 1)
    found, (finding,) = cameras(tmp_path)
    assert found == {"SEQ": used}
    assert (finding.kind, finding.source) == ("box_file", "SEQ")
    assert finding.reason == f"boxes are those of {used}; not read: {rest}"


def test_detections_without_ids_are_no_tracks(tmp_path):
    folder = sequence(tmp_path)
    write_boxes(folder / "det/det.txt", range(1, 11), track=-1)
    found, (finding,) = cameras(tmp_path)
    assert found == {}
    assert (finding.kind, finding.source) == ("no_boxes", "SEQ")
    assert finding.reason.startswith("SEQ/det/det.txt holds detections without ids, wanted tracks in SEQ.txt")
    write_boxes(folder / "det/det.txt", range(1, 11), track=4)
    assert cameras(tmp_path) == ({"SEQ": "SEQ/det/det.txt"}, [])


def test_seqinfo_is_followed(tmp_path):
    folder = sequence(tmp_path, images="frames")
    write_images(folder / "img1", [50])  # another folder, which it does not name
    (folder / "seqinfo.ini").write_text("[Sequence]\nname=SEQ\nimDir=frames\nframeRate=30\nseqLength=10\n")
    write_boxes(folder / "gt/gt.txt", range(1, 11))
    shown, findings = pictures_by_frame(tmp_path)
    assert shown == {frame: frame for frame in range(1, 11)}
    assert [(f.kind, f.source) for f in findings] == [("unread_image", "SEQ/img1/000050.png")]
    (folder / "img1/000050.png").unlink()
    (folder / "seqinfo.ini").write_text("[Sequence]\nimDir=frames\nseqLength=600\n")
    assert kinds(cameras(tmp_path)[1]) == ["sequence_length"]
    (folder / "seqinfo.ini").write_text("[Sequence]\nimDir=images\n")
    with pytest.raises(DataError, match="got imDir=images, wanted a folder in"):
        cameras(tmp_path)


def test_a_video_is_what_can_be_opened_as_one(tmp_path):
    """hall.mts beside door.mp4: no camera is missing."""
    write_video(tmp_path / "door.mp4", 6, "mpeg4", "yuv420p")
    write_video(tmp_path / "hall.ts", 6, "mpeg2video", "yuv420p")
    (tmp_path / "hall.ts").rename(tmp_path / "hall.mts")
    write_video(tmp_path / "yard.flv", 6, "flv1", "yuv420p")
    (tmp_path / "yard.flv").rename(tmp_path / "yard.dat")
    for name in ("door", "hall", "yard"):
        write_boxes(tmp_path / f"{name}.txt", range(1, 7))
    found, findings = cameras(tmp_path)
    assert list(found) == ["door", "hall", "yard"]
    assert findings == []
    assert len(VideoLayout(tmp_path, RULES)) == 3


def test_boxes_without_pictures_are_a_fault(tmp_path):
    write_video(tmp_path / "door.mkv", 4)
    write_boxes(tmp_path / "door.txt", range(1, 5))
    write_boxes(tmp_path / "hall.txt", range(1, 5))
    (tmp_path / "empty").mkdir()
    write_boxes(tmp_path / "empty.txt", range(1, 5))
    (tmp_path / "notes.txt").write_text("Person image, as the guard knows her: on the left.\n")
    found, findings = cameras(tmp_path)
    assert list(found) == ["door"]
    assert [(finding.kind, finding.source) for finding in findings] == [
        ("no_pictures", "empty"),
        ("no_pictures", "hall.txt"),
        ("other_file", "notes.txt"),
    ]


def test_box_files_with_another_ending(tmp_path):
    write_video(tmp_path / "door.mkv", 4)
    write_boxes(tmp_path / "door.TXT", range(1, 5))
    write_video(tmp_path / "hall.mkv", 4)
    write_boxes(tmp_path / "hall.csv", range(1, 5))
    found, findings = cameras(tmp_path)
    assert found == {"door": "door.TXT"}
    assert [(f.kind, f.source, f.reason) for f in findings] == [
        ("no_boxes", "hall.mkv", "no boxes for this video, wanted hall.txt beside it: passed over"),
        ("no_pictures", "hall.csv", "holds boxes and is not read: wanted the name hall.txt"),
    ]


def test_what_is_passed_over_is_counted(tmp_path):
    write_video(tmp_path / "door.mkv", 4)
    write_boxes(tmp_path / "door.txt", range(1, 5))
    write_video(tmp_path / "yard.mkv", 4)  # no boxes
    for name in ("a.zip", "b.zip", "door.csv"):
        (tmp_path / name).write_bytes(b"PK\3\4")
    write_images(tmp_path / "hall", range(1, 4))  # no boxes either
    _, findings = cameras(tmp_path)
    assert {(f.kind, f.source): f.reason.split(":")[0] for f in findings} == {
        ("no_boxes", "hall"): "no boxes for these 3 images, wanted hall.txt beside the folder",
        ("no_boxes", "yard.mkv"): "no boxes for this video, wanted yard.txt beside it",
        ("other_file", "door.csv"): "holds no boxes, not read",
        ("passed_over", "a.zip"): "2 files .zip",
    }


def test_names_of_every_script_stay_apart(tmp_path):
    for name in ("\u95e8\u53e3", "\u5927\u5385", "T\u00fcr 1"):
        write_video(tmp_path / f"{name}.mkv", 4)
        write_boxes(tmp_path / f"{name}.txt", range(1, 5))
    found, _ = cameras(tmp_path)
    assert set(found) == {"\u95e8\u53e3", "\u5927\u5385", "T\u00fcr_1"}
    layout = VideoLayout(tmp_path, RULES)
    assert {t.camera for t in layout.tracklets()} == {1, 2, 3}
    write_video(tmp_path / "T\u00fcr_1.mkv", 4)
    write_boxes(tmp_path / "T\u00fcr_1.txt", range(1, 5))
    with pytest.raises(DataError, match="which would both be camera 'T\u00fcr_1', wanted other names"):
        cameras(tmp_path)


def test_no_camera_at_all_says_what_is_there(tmp_path):
    write_video(tmp_path / "door.mkv", 4)
    with pytest.raises(DataError, match=r"(?s)got no video with boxes.*door\.mkv: no boxes for this video"):
        VideoLayout(tmp_path, RULES)


def test_cameras_that_lie_a_level_too_deep_are_named(tmp_path):
    write_video(tmp_path / "door.mkv", 4)
    write_boxes(tmp_path / "door.txt", range(1, 5))
    (tmp_path / "floor2").mkdir()
    write_video(tmp_path / "floor2/hall.mkv", 4)
    write_boxes(tmp_path / "floor2/hall.txt", range(1, 5))
    (tmp_path / "papers").mkdir()
    found, findings = cameras(tmp_path)
    assert list(found) == ["door"]
    assert [(f.kind, f.source) for f in findings] == [
        ("unknown_folder", "floor2"),
        ("other_folder", "papers"),
    ]
    assert findings[0].reason.endswith("the first is hall.mkv")
