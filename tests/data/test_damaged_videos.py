"""Videos with damage and with covers: what can be had is had, and every frame keeps its number."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from videos import HEIGHT, RULES, WIDTH, grey, level, pictures_by_frame, write_boxes, write_video

from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.video import VideoLayout
from stcnet_lib.data.source.video.frames import video_frames
from stcnet_lib.data.store.images import ImageError


def shown(path: Path) -> dict[int, int | str]:
    """Number of a frame -> number of the picture in it, or what is wrong."""
    return {n: str(p) if isinstance(p, ImageError) else level(p) for n, p in video_frames(path)}


def spoil(source: Path, target: Path, damaged: set[int], container: str | None = None) -> None:
    """Copy a video packet by packet, those of some pictures (from 1) with other bytes."""
    with av.open(str(source)) as old, av.open(str(target), "w", format=container) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for number, packet in enumerate(old.demux(video=0), 1):
            if not packet.size:
                continue
            if number in damaged:
                broken = av.Packet(b"\xff" * packet.size)
                broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
                packet = broken
            packet.stream = stream
            new.mux(packet)


@pytest.mark.parametrize("damaged", [{8, 13}, {1, 2}, {19, 20}, {5, 6}, {1, 20}])
def test_two_damaged_packets_of_twenty_lose_two_frames(tmp_path, damaged):
    write_video(tmp_path / "whole.mkv", 20, "mjpeg", "yuvj420p")
    spoil(tmp_path / "whole.mkv", tmp_path / "door.mkv", damaged)
    found = shown(tmp_path / "door.mkv")
    assert list(found) == list(range(1, 21))
    assert {n: p for n, p in found.items() if not isinstance(p, str)} == {
        n: n for n in range(1, 21) if n not in damaged
    }
    assert all("numbered by time stamps" in p for p in found.values() if isinstance(p, str))


def test_the_gap_is_reported_with_its_boxes(tmp_path):
    write_video(tmp_path / "whole.mkv", 20, "mjpeg", "yuvj420p")
    root = tmp_path / "videos"
    root.mkdir()
    spoil(tmp_path / "whole.mkv", root / "door.mkv", {8, 13})
    write_boxes(root / "door.txt", range(1, 11))
    pictures, findings = pictures_by_frame(root)
    assert pictures == {n: n for n in range(1, 11) if n != 8}
    assert [(f.kind, f.source) for f in findings] == [("undecodable", "door.mkv/frame 8")]
    assert findings[0].reason.endswith("frames behind it are numbered by time stamps; 1 boxes are lost")
    write_boxes(root / "door.txt", range(9, 21))  # nobody is in frame 8
    pictures, findings = pictures_by_frame(root)
    assert pictures == {n: n for n in range(9, 21) if n != 13}
    assert [f.kind for f in findings] == ["damaged_frame", "undecodable"]


def test_without_time_stamps_a_damaged_packet_counts_as_one_frame(tmp_path):
    """A raw stream of JPEGs, as cheap cameras write it."""
    write_video(tmp_path / "whole.mkv", 20, "mjpeg", "yuvj420p")
    spoil(tmp_path / "whole.mkv", tmp_path / "door.avi", {8, 13})
    found = shown(tmp_path / "door.avi")
    assert {n: p for n, p in found.items() if not isinstance(p, str)} == {
        n: n for n in range(1, 21) if n not in (8, 13)
    }
    assert isinstance(found[8], str)
    assert isinstance(found[13], str)


def test_frames_that_depend_on_others_keep_their_numbers(tmp_path):
    """MPEG-4 with two B-frames between others: packets are not in the order of the pictures."""
    write_video(tmp_path / "door.mp4", 20, "mpeg4", "yuv420p", bf="2", g="5", qmin="1", qmax="1")
    assert shown(tmp_path / "door.mp4") == {n: n for n in range(1, 21)}


def with_cover(path: Path, first: bool, attached: bool) -> None:
    """A video of twenty small pictures and a large still one."""
    with av.open(str(path), "w") as container:

        def cover():
            stream = container.add_stream("mjpeg", rate=Fraction(25))
            stream.height, stream.width, stream.pix_fmt = 2 * HEIGHT, 2 * WIDTH, "yuvj420p"
            if attached:
                stream.disposition = av.stream.Disposition.attached_pic
            return stream

        def video():
            stream = container.add_stream("ffv1", rate=Fraction(25))
            stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "bgr0"
            return stream

        streams = {"cover": cover(), "video": video()} if first else {"video": video(), "cover": cover()}
        large = np.full((2 * HEIGHT, 2 * WIDTH, 3), 250, np.uint8)
        still = av.VideoFrame.from_ndarray(large, format="rgb24").reformat(format="yuvj420p")
        container.mux(streams["cover"].encode(still))
        for number in range(1, 21):
            frame = av.VideoFrame.from_ndarray(grey(number), format="rgb24")
            container.mux(streams["video"].encode(frame))
        for stream in streams.values():
            container.mux(stream.encode())


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("attached", [True, False])
def test_a_cover_is_not_the_video(tmp_path, first, attached):
    with_cover(tmp_path / "door.mkv", first, attached)
    assert shown(tmp_path / "door.mkv") == {n: n for n in range(1, 21)}


def test_a_file_of_sound_is_no_video(tmp_path):
    with av.open(str(tmp_path / "door.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    write_boxes(tmp_path / "door.txt", range(1, 5))
    with pytest.raises(DataError, match=r"door\.mkv: got a file without moving pictures, wanted a video"):
        len(VideoLayout(tmp_path, RULES))
