"""Crops of tracked people, cut out of a video in one pass and kept, encoded, in a temporary file."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.data.images import ImageError, encode_png
from stcnet_lib.data.layouts.base import Finding
from stcnet_lib.data.video_frames import BrokenVideo, video_frames
from stcnet_lib.progress import Progress


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


def cut_crops(
    pictures: Path,
    boxes: pd.DataFrame,
    least_height: int,
    least_width: int,
    found: Callable[[Finding], None],
) -> Crops:
    """All boxes of a video or a folder of images.

    Args:
        boxes: as `read_boxes` gives them, by frame.
        least_height, least_width: pixels of a crop.
        found: is told of boxes that give no crop.
    """
    frames, tracks = boxes["frame"].to_numpy(), boxes["track"].to_numpy()
    places = boxes[["left", "top", "width", "height"]].to_numpy()
    last = int(frames[-1]) if len(frames) else 0
    crops, left_out = Crops(), _LeftOut(pictures.name)
    seen, why = 0, "has no more frames"
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
                start, end = np.searchsorted(frames, [number, number + 1])
                if isinstance(image, ImageError):
                    left_out.image(image, int(end - start))
                    continue
                cut = {}
                for track, box in zip(tracks[start:end].tolist(), places[start:end].tolist(), strict=True):
                    crop = clipped(image, *box)
                    if not left_out.takes(track, number, crop, least_height, least_width):
                        cut[track] = crop
                for track, data in zip(cut, pool.map(encode_png, cut.values()), strict=True):
                    crops.add(track, number, data)
        except BrokenVideo as error:
            why = str(error)
    beyond = int((frames > seen).sum())
    if beyond:
        found(Finding("missing", pictures.name, f"{why}; {beyond} boxes are in frames {seen + 1} to {last}"))
    for finding in left_out.findings():
        found(finding)
    crops.finish()
    return crops


def clipped(image: np.ndarray, left: float, top: float, width: float, height: float) -> np.ndarray:
    """The part of a picture (H, W, 3) in a box, whose edges are rounded to pixels; it may be empty."""
    rows = slice(max(0, round(top)), max(0, round(top + height)))
    columns = slice(max(0, round(left)), max(0, round(left + width)))
    return image[rows, columns]


class _LeftOut:
    """Boxes that give no crop."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._images: list[Finding] = []
        self.outside: defaultdict[int, list[int]] = defaultdict(list)  # frames of a track
        self.small: Counter[int] = Counter()  # boxes of a track

    def image(self, error: ImageError, boxes: int) -> None:
        """A picture that cannot be decoded."""
        name, _, reason = str(error).partition(": ")
        self._images.append(Finding(error.fault, f"{self._name}/{name}", f"{reason}; {boxes} boxes are lost"))

    def takes(self, track: int, frame: int, crop: np.ndarray, least_height: int, least_width: int) -> bool:
        """Whether a crop is none, or too small."""
        if 0 in crop.shape:
            self.outside[track].append(frame)
            return True
        if crop.shape[0] < least_height or crop.shape[1] < least_width:
            self.small[track] += 1
            return True
        return False

    def findings(self) -> Iterator[Finding]:
        yield from self._images
        for track, frames in sorted(self.outside.items()):
            reason = f"{len(frames)} boxes lie outside the picture; the first in frame {frames[0]}"
            yield Finding("outside_box", f"{self._name}, track {track}", reason)
        for track, count in sorted(self.small.items()):
            yield Finding(
                "small_box", f"{self._name}, track {track}", f"{count} boxes are left out: too small"
            )
