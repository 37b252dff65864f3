"""The pictures of a video, or of a folder of images in natural order, one after the other and upright.

Frames count from 1. A packet that cannot be decoded loses its own frame and no later one: where the packets
have time stamps, these say which frame is which; otherwise every damaged packet counts as one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stcnet_lib.data.source.layouts.base import DataError, images_in
from stcnet_lib.data.store.images import ImageError, decode

if TYPE_CHECKING:
    import av

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".wmv"})
# What libav opens and nobody means by a video: texts, and single images.
_NO_VIDEOS = frozenset({"tty", "image2", "srt", "webvtt", "ass", "lrc", "concat", "hls", "ffmetadata", "sdp"})

Picture = tuple[int, np.ndarray | ImageError]


class BrokenVideo(ValueError):
    """A video that cannot be read any further."""


class _Survey(NamedTuple):
    """What a look at the packets of a video tells."""

    stream: int  # index of the one that is the video
    times: (
        np.ndarray | None
    )  # int64 (F,) sorted time stamps of its frames; None without, or where some are equal


def is_video(path: Path) -> bool:
    """Whether a file counts as a video: by its name, or else because libav finds moving pictures in it."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return True
    import av

    try:
        with av.open(str(path)) as container:
            names = set(container.format.name.split(","))
            still = names & _NO_VIDEOS or any(name.endswith("_pipe") for name in names)
            return not still and bool(_candidates(container))
    except (av.FFmpegError, OSError, ValueError):
        return False


def video_frames(path: Path) -> Iterator[Picture]:
    """Number from 1, and uint8 (H, W, 3) RGB or why this picture cannot be decoded.

    Raises:
        BrokenVideo: after the last good frame.
        DataError: no video can be read.
    """
    return _images(path) if path.is_dir() else _decoded(path)


def _images(folder: Path) -> Iterator[Picture]:
    for number, name in enumerate(images_in(folder), 1):
        try:
            yield number, decode((folder / name).read_bytes(), name)
        except ImageError as error:
            yield number, error
        except OSError as error:
            yield number, ImageError(f"{name}: cannot be read ({error.strerror})")


def _decoded(path: Path) -> Iterator[Picture]:
    import av  # here: whoever has no videos needs none of its libraries

    survey = _survey(path)
    with av.open(str(path)) as container:
        stream = container.streams[survey.stream]
        stream.thread_type = "AUTO"
        counter = _Counter(survey.times)
        try:
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    yield from counter.damaged(str(error))
                    continue
                for frame in frames:
                    yield from counter.before(frame.pts)
                    if frame.is_corrupt:
                        yield counter.number, counter.lost(counter.number, "its data are damaged")
                    else:
                        # Telephones store pictures lying on their side; boxes are made on upright ones.
                        yield counter.number, np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
        except av.FFmpegError as error:
            raise BrokenVideo(f"cannot be read after frame {counter.number} ({error})") from None
        yield from counter.after()


def _survey(path: Path) -> _Survey:
    """Reads the packets once, without decoding them."""
    import av

    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise DataError(f"{path}: cannot be opened as a video ({error})") from None
    with container:
        streams = _candidates(container)
        if not streams:
            raise DataError(f"{path}: got a file without moving pictures, wanted a video")
        times = {stream.index: array("q") for stream in streams}
        unstamped = set()
        try:
            for packet in container.demux(streams):
                if packet.size and not packet.is_discard:
                    unstamped |= {packet.stream_index} if packet.pts is None else set()
                    times[packet.stream_index].append(-1 if packet.pts is None else packet.pts)
        except av.FFmpegError:
            pass  # the decoding pass meets it too, and says so
        # A cover or a preview may come first; the video is what has most pictures, and of these the largest.
        best = max(streams, key=lambda s: (len(times[s.index]), s.width * s.height, -s.index)).index
    stamps = np.unique(np.array(times[best], np.int64))
    usable = best not in unstamped and len(stamps) == len(times[best])
    return _Survey(best, stamps if usable else None)


def _candidates(container: av.container.InputContainer) -> list[av.VideoStream]:
    """Video streams that are no cover pictures."""
    from av.stream import Disposition

    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


class _Counter:
    """Numbers of frames, from 1: by time stamps where these agree with counting, else by counting."""

    def __init__(self, times: np.ndarray | None) -> None:
        self._times = times
        self._damaged = 0  # packets before the first frame
        self.number = 0  # of the newest frame

    def damaged(self, why: str) -> Iterator[Picture]:
        """A packet could not be decoded."""
        if self._times is None:
            self.number += 1
            yield self.number, self.lost(self.number, why)
        elif self.number == 0:
            self._damaged += 1

    def before(self, time: int | None) -> Iterator[Picture]:
        """A frame comes: count it, and name those that are missing before it."""
        place = self._place(time)
        if place is None or place < self.number or (self.number == 0 and place > 0 and not self._damaged):
            # Other frames than packets (open groups, edit lists): trackers have counted frames.
            self._times = None
            place = self.number
        for number in range(self.number + 1, place + 1):
            yield number, self.lost(number, "its packet is damaged or gone")
        self.number = place + 1

    def after(self) -> Iterator[Picture]:
        """The video has ended: name the frames that are missing behind the last one."""
        last = self.number if self._times is None else len(self._times)
        for number in range(self.number + 1, last + 1):
            yield number, self.lost(number, "its packet is damaged or gone")

    def lost(self, number: int, why: str) -> ImageError:
        """The error of a frame that is not to be had."""
        counted = "time stamps" if self._times is not None else "counting a damaged packet as one frame"
        return ImageError(
            f"frame {number}: cannot be decoded ({why}); frames behind it are numbered by {counted}"
        )

    def _place(self, time: int | None) -> int | None:
        if self._times is None or time is None:
            return None
        place = int(np.searchsorted(self._times, time))
        return place if place < len(self._times) and self._times[place] == time else None
