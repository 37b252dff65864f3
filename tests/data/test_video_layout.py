"""Videos and box files: crops against slices of the pictures, rules against small tables done by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.video import TrackRules, VideoLayout
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.source.video.mot import BoxRules, read_boxes, split_tracks
from stcnet_lib.data.store.images import decode
from stcnet_lib.data.store.tracklets import Role, TrackletStore

HEIGHT, WIDTH, FRAMES = 48, 64, 12
ALL = BoxRules(least_confidence=0, least_visibility=0, classes=())
RULES = TrackRules(longest_gap=2, least_frames=2, least_height=8, least_width=4, boxes=ALL)


def scene(seed: int = 0) -> np.ndarray:
    """uint8 (T, H, W, 3): noise, so that a shift by one pixel or frame shows."""
    return np.random.default_rng(seed).integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3), np.uint8)


def write_video(path: Path, images: np.ndarray, codec: str = "ffv1", pixels: str = "bgr0") -> None:
    """FFV1 is lossless."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt = pixels
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def write_boxes(path: Path, rows: list[tuple]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


# Track 7 in frames 1-4; track 9 in frames 3-5 and 9-12 (three missing) at the left border; rows in no order.
BOXES = [
    *((frame, 9, -5.4, 20.2, 16, 40) for frame in (12, 11, 10, 9)),
    *((frame, 7, 10 + frame, 4, 8, 20) for frame in (1, 2, 3, 4)),
    *((frame, 9, -5.4, 20.2, 16, 40) for frame in (3, 4, 5)),
]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "cam2.mkv", scene())
    write_boxes(folder / "cam2.txt", BOXES)
    return folder


def crops(layout: VideoLayout) -> dict[str, np.ndarray]:
    return {
        frame.source: decode(layout.read(frame), frame.source)
        for tracklet in layout.tracklets()
        for frame in tracklet.frames
    }


def test_crops_are_the_pixels_in_the_boxes(root):
    layout, images = VideoLayout(root, RULES), scene()
    tracklets = list(layout.tracklets())
    assert len(layout) == len(tracklets) == 3
    assert [(t.pid, t.camera, t.name, t.roles, [frame.number for frame in t.frames]) for t in tracklets] == [
        (1, 2, "000001/cam2/track000007-1", (Role.TRAIN,), [1, 2, 3, 4]),
        (2, 2, "000002/cam2/track000009-1", (Role.TRAIN,), [3, 4, 5]),
        (2, 2, "000002/cam2/track000009-2", (Role.TRAIN,), [9, 10, 11, 12]),
    ]
    found = crops(layout)
    for frame in (1, 2, 3, 4):
        expected = images[frame - 1, 4:24, 10 + frame : 18 + frame]
        np.testing.assert_array_equal(found[f"000001/cam2/track000007-1/{frame:06d}.png"], expected)
    # From -5.4 to 10.6 and from 20.2 to 60.2: cut at the left and lower border.
    for frame, part in ((4, 1), (12, 2)):
        expected = images[frame - 1, 20:48, 0:11]
        np.testing.assert_array_equal(found[f"000002/cam2/track000009-{part}/{frame:06d}.png"], expected)
    assert layout.findings() == []


def test_an_image_sequence_gives_the_same(root, tmp_path):
    other = tmp_path / "images"
    (other / "cam2").mkdir(parents=True)
    for number, image in enumerate(scene()):
        Image.fromarray(image).save(other / f"cam2/{number}.png")  # 10 after 9, not after 1
    write_boxes(other / "cam2.txt", BOXES)
    first, second = (crops(VideoLayout(folder, RULES)) for folder in (root, other))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize(
    ("first", "step", "odd"), [(0, 1, False), (1, 1, False), (101, 1, True), (0, 2, True)]
)
def test_images_that_count_otherwise_than_boxes_are_named(tmp_path, first, step, odd):
    (tmp_path / "cam2").mkdir()
    for place, image in enumerate(scene()):
        Image.fromarray(image).save(tmp_path / f"cam2/{first + step * place:06d}.png")
    write_boxes(tmp_path / "cam2.txt", BOXES)
    layout = VideoLayout(tmp_path, RULES)
    assert len(layout) == 3
    assert [finding.kind for finding in layout.findings()] == ["picture_numbers"] * odd


@pytest.mark.parametrize("boxes", ["gt/gt.txt", "det/det.txt"])
def test_motchallenge_folders(tmp_path, boxes):
    sequence = tmp_path / "MOT16-02"
    (sequence / "img1").mkdir(parents=True)
    for number, image in enumerate(scene(), 1):
        Image.fromarray(image).save(sequence / f"img1/{number:06d}.png")
    write_boxes(sequence / boxes, BOXES)
    layout = VideoLayout(tmp_path, RULES)
    assert next(layout.tracklets()).name == "000001/MOT16-02/track000007-1"
    assert len(layout) == 3


@pytest.mark.parametrize(
    ("change", "lengths"),
    [
        ({}, [4, 3, 4]),
        ({"longest_gap": 3}, [4, 7]),
        ({"least_frames": 4}, [4, 4]),
        ({"least_frames": 4, "longest_gap": 3}, [4, 7]),
        ({"least_width": 9}, [3, 4]),  # track 7 is 8 pixels wide
        ({"least_width": 8, "least_height": 21}, [3, 4]),
        ({"least_height": 20}, [4, 3, 4]),
        ({"least_width": 12}, []),
    ],
)
def test_gaps_sizes_and_lengths(root, change, lengths):
    layout = VideoLayout(root, RULES._replace(**change))
    assert [len(t.frames) for t in layout.tracklets()] == lengths


def test_people_left_out_are_listed(root):
    layout = VideoLayout(root, RULES._replace(least_frames=4, least_width=9))
    assert len(layout) == 1
    found = [(finding.kind, finding.source, finding.reason) for finding in layout.findings()]
    assert found == [
        (
            "small_box",
            "cam2.mkv, track 7",
            "4 boxes are left out: too small (dataset.video.least_height 8, least_width 9)",
        ),
        (
            "short_track",
            "cam2, track 9",
            "1 of 2 parts have fewer than 4 frames (dataset.video.least_frames) and are left out",
        ),
    ]


def test_split_tracks_against_a_loop():
    random = np.random.default_rng(5)
    for _ in range(50):
        frames = np.unique(random.integers(1, 60, 20))
        gap = int(random.integers(0, 6))
        expected = [[int(frames[0])]]
        for before, frame in zip(frames[:-1].tolist(), frames[1:].tolist(), strict=True):
            if frame - before - 1 > gap:
                expected.append([])
            expected[-1].append(frame)
        assert [frames[part].tolist() for part in split_tracks(frames, gap)] == expected


def parsed(path, text, **rules):
    path.write_text(text)
    found = []
    table = read_boxes(path, ALL._replace(**rules), found.append)
    return table.to_numpy().tolist(), [(finding.kind, finding.source, finding.reason) for finding in found]


def test_variants_of_the_format(tmp_path):
    """6 to 10 columns, a header, a byte order mark, empty lines."""
    text = (
        "\ufeffframe,id,bb_left,bb_top,bb_width,bb_height\n"
        "1,1,2,3,4,5\n"
        "2, 1, 2, 3, 4, 5, 0.9\n"
        "\n"
        "3,1,2,3,4,5,0.9,1\n"
        "4,1,2,3,4,5,1,1,0.25\n"
        "5,1,2,3,4,5,-1,-1,-1,-1\n"
        "6.0,1.0,2,3,4,5.5,0.9,1,-1,-1,\n"
    )
    rows, found = parsed(tmp_path / "b.txt", text)
    assert rows == [[frame, 1, 2, 3, 4, 5.5 if frame == 6 else 5] for frame in range(1, 7)]
    assert found == []


def test_which_boxes_count(tmp_path):
    text = (
        "1,1,2,3,4,5,0,1,1\n"  # the benchmark ignores it
        "2,1,2,3,4,5,0.3\n"
        "3,1,2,3,4,5,0.9,12,1\n"  # of another class
        "4,1,2,3,4,5,1,1,0.2\n"  # hidden
        "5,1,2,3,4,5,-1,-1,-1,-1\n"  # all unknown
        "6,1,2,3,4,5,0.9,12,0.1,3\n"  # ten columns: a place in space, no class
        "7,1,2,3,4,5\n"
    )
    path = tmp_path / "b.txt"

    def frames(**rules):
        return [row[0] for row in parsed(path, text, **rules)[0]]

    assert frames() == [2, 3, 4, 5, 6, 7]
    assert frames(least_confidence=0.5) == [3, 4, 5, 6, 7]
    assert frames(classes=(1, 2)) == [2, 4, 5, 6, 7]
    assert frames(least_visibility=0.25) == [2, 3, 5, 6, 7]


def test_bad_rows_are_named(tmp_path):
    text = (
        "1,1,2,3,4,5\n1,2,3\nx,1,2,3,4,5\n-2,1,2,3,4,5\n1.5,1,2,3,4,5\n2,1,nan,3,4,5\n3,1,2,3,0,5\n"
        "4,1,2,3,4,5,6,7,8,9,10\n1,1,9,9,9,9\n9,-1,2,3,4,5\n99999999999,1,2,3,4,5\n"
    )
    rows, found = parsed(tmp_path / "b.txt", text)
    assert rows == [[1, 1, 2, 3, 4, 5]]
    assert [source for kind, source, _ in found if kind == "odd_row"] == [
        f"b.txt:{line}" for line in (2, 3, 4, 5, 6, 7, 8, 11)
    ]
    others = {kind: reason for kind, _, reason in found if kind != "odd_row"}
    assert others["no_track"].startswith("1 boxes")
    assert others["repeated_box"].endswith("frame 1, id 1")
    assert set(others) == {"no_track", "repeated_box"}


def test_several_videos_are_several_cameras(root):
    write_video(root / "cam10.mkv", scene(1))
    write_boxes(root / "cam10.txt", [(frame, 7, 0, 0, 8, 16) for frame in (1, 2, 3)])
    write_video(root / "unwatched.mkv", scene(2))
    layout = VideoLayout(root, RULES)
    assert [(t.pid, t.camera, t.name.split("/")[1]) for t in layout.tracklets()] == [
        (1, 2, "cam2"),
        (2, 2, "cam2"),
        (2, 2, "cam2"),
        (3, 10, "cam10"),  # the same number in another box file is another person
    ]
    np.testing.assert_array_equal(
        crops(layout)["000003/cam10/track000007-1/000002.png"], scene(1)[1, :16, :8]
    )
    assert [(finding.kind, finding.source) for finding in layout.findings()] == [
        ("no_boxes", "unwatched.mkv")
    ]


def test_boxes_without_pixels(root):
    write_boxes(
        root / "cam2.txt",
        [*BOXES, (2, 5, 70, 0, 10, 20), (3, 5, 70, 0, 10, 20), (14, 7, 0, 0, 8, 20), (20, 7, 0, 0, 8, 20)],
    )
    layout = VideoLayout(root, RULES)
    assert len(layout) == 3
    assert [(finding.kind, finding.source) for finding in layout.findings()] == [
        ("missing", "cam2.mkv"),
        ("outside_box", "cam2.mkv, track 5"),
    ]
    assert layout.findings()[0].reason == "has no more frames; 2 boxes are in frames 14 to 20"


def test_a_bad_image_of_a_sequence(tmp_path):
    (tmp_path / "a").mkdir()
    for number, image in enumerate(scene(), 1):
        Image.fromarray(image).save(tmp_path / f"a/{number:02d}.png")
    (tmp_path / "a/02.png").write_bytes(b"")
    write_boxes(tmp_path / "a.txt", BOXES)
    layout = VideoLayout(tmp_path, RULES)
    assert [frame.number for frame in next(layout.tracklets()).frames] == [1, 3, 4]
    (finding,) = layout.findings()
    assert (finding.kind, finding.source) == ("empty", "a/02.png")
    assert finding.reason.endswith("1 boxes are lost")


def test_no_video(tmp_path, root):
    with pytest.raises(DataError, match="got no video with boxes"):
        VideoLayout(tmp_path / "videos" / "..", RULES)
    (root / "cam2.mkv").write_bytes(b"no video at all")
    with pytest.raises(DataError, match=r"cam2\.mkv: cannot be opened as a video"):
        len(VideoLayout(root, RULES))


def test_a_cut_video_gives_what_it_has(root):
    data = (root / "cam2.mkv").read_bytes()
    (root / "cam2.mkv").write_bytes(data[: len(data) * 2 // 3])
    layout = VideoLayout(root, RULES)
    first = next(layout.tracklets())
    np.testing.assert_array_equal(
        decode(layout.read(first.frames[0]), "x"), crops(VideoLayout(root, RULES))[first.frames[0].source]
    )
    assert [finding.kind for finding in layout.findings() if finding.kind == "missing"] == ["missing"]


def test_a_video_that_lies_on_its_side_is_read_upright(tmp_path):
    """As telephones write it: the track header says by which matrix the picture is to be shown."""
    upright = np.zeros((FRAMES, 64, 32, 3), np.uint8)
    upright[:, :16] = 255  # the sky
    upright[:, :, :8, 1:] //= 4  # left half reddish: no mirroring
    path = tmp_path / "phone.mp4"
    write_video(path, np.rot90(upright, 1, (1, 2)), "mpeg4", "yuv420p")
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 44
    quarter_clockwise = (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    data[at : at + 36] = b"".join(value.to_bytes(4, signed=True) for value in quarter_clockwise)
    path.write_bytes(bytes(data))
    write_boxes(tmp_path / "phone.txt", [(frame, 1, 0, 0, 32, 64) for frame in (1, 2, 3)])
    layout = VideoLayout(tmp_path, RULES)
    image = decode(layout.read(next(layout.tracklets()).frames[1]), "x").astype(int)
    assert image.shape == (64, 32, 3)
    assert np.abs(image - upright[0]).mean() < 10  # MPEG-4 at its default quality


def test_prepared_by_one_process_and_by_three(root, tmp_path):
    """The same store; and it reads the same crops as the layout."""
    config = DatasetConfig(
        name="door",
        layout="video",
        root=str(root),
        video={"longest_gap": 2, "least_frames": 2, "least_height": 8, "least_width": 4},
    )
    for processes in (1, 3):
        out = tmp_path / str(processes)
        prepare(config, out / "tracklets.h5", out / "integrity.json", 1000, processes)
    assert (tmp_path / "1/tracklets.h5").read_bytes() == (tmp_path / "3/tracklets.h5").read_bytes()
    expected = crops(VideoLayout(root, RULES))
    with TrackletStore(tmp_path / "1/tracklets.h5") as store:
        assert store.roles.tolist() == [[Role.TRAIN] * 3]
        for place, source in enumerate(store.sources(range(store.num_frames))):
            np.testing.assert_array_equal(store.read_image(place), expected[source])
    report = read_json(tmp_path / "1/integrity.json")
    assert report["findings"] == []
    assert report["splits"][0]["train"]["frames"] == 11


def test_why_nothing_is_left_is_said(root, tmp_path):
    """A file of detections, which no tracker has followed."""
    write_boxes(root / "cam2.txt", [(frame, -1, 0, 0, 8, 20) for frame in (1, 2, 3)])
    config = DatasetConfig(name="door", layout="video", root=str(root))
    with pytest.raises(DataError, match=r"(?s)got no tracklets.*3 boxes have a negative id"):
        prepare(config, tmp_path / "tracklets.h5", tmp_path / "integrity.json", 1000)
    assert read_json(tmp_path / "integrity.json")["found"] == {"no_track": 1, "nothing_left": 1}
    assert not (tmp_path / "tracklets.h5").exists()
