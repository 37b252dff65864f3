"""Crops of tracked people, cut out of a video in one pass and kept, encoded, in a temporary file."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.common.progress import Progress
from stcnet_lib.data.source.layouts.base import DataError, Finding
from stcnet_lib.data.source.video.frames import BrokenVideo, video_frames
from stcnet_lib.data.source.video.picture_numbers import Places
from stcnet_lib.data.store.images import ImageError, encode_png

_FAR = 1.15  # times the size of the picture: boxes at its border reach a little over it
_CORNERS = 0.99  # share of boxes whose second pair of numbers lies behind the first


class Crops:
    """Encoded crops of one camera, by track and frame."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  without a name: it goes with this object
        self._end = 0
        self._columns = {name: array("q") for name in ("track", "frame", "start", "size")}

    def add(self, track: int, frame: int, data: bytes) -> None:
        """One more, in any order."""
        self._file.write(data)
        for name, value in (("track", track), ("frame", frame), ("start", self._end), ("size", len(data))):
            self._columns[name].append(value)
        self._end += len(data)

    def finish(self) -> None:
        """From now on crops can be read, by forked processes too; rows are sorted by track and frame."""
        self._file.flush()
        table = {name: np.array(column, np.int64) for name, column in self._columns.items()}
        order = np.lexsort((table["frame"], table["track"]))
        self.track, self.frame, self._start, self._size = (
            table[name][order] for name in ("track", "frame", "start", "size")
        )
        self._columns = {}

    def read(self, row: int) -> bytes:
        """The PNG of a row."""
        # pread: processes that share the file do not share its position.
        return os.pread(self._file.fileno(), int(self._size[row]), int(self._start[row]))


class SizeRules(NamedTuple):
    """Which crops are large enough, in pixels."""

    least_height: int
    least_width: int


def cut_crops(
    pictures: Path, boxes: pd.DataFrame, places: Places, rules: SizeRules, found: Callable[[Finding], None]
) -> Crops:
    """All boxes of a video or a folder of images.

    Args:
        boxes: as `read_boxes` gives them, by frame.
        places: which picture a frame is.
        found: is told of boxes that give no crop.

    Raises:
        DataError: the boxes look like another format on pictures of this size.
    """
    place = places.of(boxes["frame"].to_numpy())  # (B,) from 0
    crops, left_out = Crops(), _LeftOut(pictures.name, rules)
    left_out.without_image(boxes["frame"].to_numpy()[place < 0])
    boxes = boxes.assign(place=place)[place >= 0].sort_values("place", kind="stable")
    place, frames, tracks = (boxes[name].to_numpy() for name in ("place", "frame", "track"))
    corners = boxes[["left", "top", "width", "height"]].to_numpy()
    last = int(place[-1]) + 1 if len(place) else 0
    seen, why, checked = 0, "has no more frames", False
    with (
        ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool,
        Progress(f"cutting {pictures.name}", last, "frames") as progress,
    ):
        try:
            for number, image in video_frames(pictures):
                if number > last:
                    break
                seen = number
                progress.advance()
                rows = slice(*np.searchsorted(place, [number - 1, number]))
                if isinstance(image, ImageError):
                    left_out.image(image, rows.stop - rows.start)
                    continue
                if not checked:
                    checked = True
                    check_boxes(pictures.name, boxes, *image.shape[:2], found)
                cut = {}
                for track, frame, box in zip(
                    tracks[rows].tolist(), frames[rows].tolist(), corners[rows].tolist(), strict=True
                ):
                    crop = clipped(image, *box)
                    if not left_out.takes(track, frame, crop):
                        cut[track, frame] = crop
                for (track, frame), data in zip(cut, pool.map(encode_png, cut.values()), strict=True):
                    crops.add(track, frame, data)
        except BrokenVideo as error:
            why = str(error)
    beyond = frames[place >= seen]
    if len(beyond):
        reason = f"{why}; {len(beyond)} boxes are in frames {beyond.min()} to {beyond.max()}"
        found(Finding("missing", pictures.name, reason))
    for finding in left_out.findings():
        found(finding)
    crops.finish()
    return crops


def check_boxes(
    name: str, boxes: pd.DataFrame, height: int, width: int, found: Callable[[Finding], None]
) -> None:
    """Boxes that reach far beyond the picture are of another size, or written by two corners.

    Raises:
        DataError: every box has its second pair of numbers behind the first, as corners have, and most boxes
            of a track reach beyond the picture if they are taken for sizes.
    """
    left, top, across, down = boxes[["left", "top", "width", "height"]].to_numpy().T
    size = f"its pictures of {width}×{height}"
    far = (left + across > _FAR * width) | (top + down > _FAR * height)
    ordered = (across > left) & (down > top) & (across <= _FAR * width) & (down <= _FAR * height)
    of_track = pd.Series(far).groupby(boxes["track"].to_numpy()).mean()
    tracks = of_track.index[of_track >= 0.5].tolist()
    if tracks and ordered.mean() >= _CORNERS:
        raise DataError(
            f"{name}: {int(far.sum())} of {len(boxes)} boxes, and most of track {tracks[0]}, reach far "
            f"beyond {size}; they look like x1, y1, x2, y2, wanted x, y, width, height"
        )
    outside = (left + across / 2 > width) | (top + down / 2 > height)
    if outside.mean() >= 0.5:
        reason = (
            f"{int(outside.sum())} of {len(boxes)} boxes have their middle outside of {size}: were they made "
            "on pictures of another size?"
        )
        found(Finding("beyond_picture", name, reason))


def clipped(image: np.ndarray, left: float, top: float, width: float, height: float) -> np.ndarray:
    """The part of a picture (H, W, 3) in a box, whose edges are rounded to pixels; it may be empty."""
    rows = slice(max(0, round(top)), max(0, round(top + height)))
    columns = slice(max(0, round(left)), max(0, round(left + width)))
    return image[rows, columns]


class _LeftOut:
    """Boxes that give no crop."""

    def __init__(self, name: str, rules: SizeRules) -> None:
        self._name, self._rules = name, rules
        self._images: list[Finding] = []
        self._outside: defaultdict[int, list[int]] = defaultdict(list)  # frames of a track
        self._small: Counter[int] = Counter()  # boxes of a track

    def without_image(self, frames: np.ndarray) -> None:
        """Boxes in frames that are the number of no image."""
        if len(frames):
            reason = (
                f"no image has the number of frame {frames.min()}; {len(frames)} boxes are in "
                f"{len(np.unique(frames))} such frames"
            )
            self._images.append(Finding("missing", self._name, reason))

    def image(self, error: ImageError, boxes: int) -> None:
        """A picture that cannot be decoded: a fault if somebody is in it."""
        name, _, reason = str(error).partition(": ")
        kind = error.fault if boxes else "damaged_frame"
        self._images.append(Finding(kind, f"{self._name}/{name}", f"{reason}; {boxes} boxes are lost"))

    def takes(self, track: int, frame: int, crop: np.ndarray) -> bool:
        """Whether a crop is none, or too small."""
        if 0 in crop.shape:
            self._outside[track].append(frame)
            return True
        if crop.shape[0] < self._rules.least_height or crop.shape[1] < self._rules.least_width:
            self._small[track] += 1
            return True
        return False

    def findings(self) -> Iterator[Finding]:
        yield from self._images
        for track, frames in sorted(self._outside.items()):
            reason = f"{len(frames)} boxes lie outside the picture; the first in frame {frames[0]}"
            yield Finding("outside_box", f"{self._name}, track {track}", reason)
        least = (
            f"dataset.video.least_height {self._rules.least_height}, least_width {self._rules.least_width}"
        )
        for track, count in sorted(self._small.items()):
            reason = f"{count} boxes are left out: too small ({least})"
            yield Finding("small_box", f"{self._name}, track {track}", reason)
