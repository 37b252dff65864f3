"""Texts of ultralytics' `track(save_txt=True)`: a file a frame, `<video>_<frame>.txt`, frames from 1.

    class x y width height id                   5 to 7 columns: the id is last, and a confidence before it
    class x y width height confidence id        with save_conf=True

x and y are the middle of the box; all four are shares of the picture's width and height. Boxes that the
tracker has not followed have no id and are none of a track.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from stcnet_lib.data.source.layouts.base import DataError, natural_order
from stcnet_lib.data.source.video.formats.boxes import UNKNOWN, Box

_NAME = re.compile(r".*_(\d+)\.txt")
_WANTED = "wanted class, x, y, width, height, id (track with save_txt=True)"


def read_ultralytics(folder: Path, size: tuple[int, int]) -> list[Box]:
    """All boxes of a folder of labels.

    Args:
        size: (H, W) of the video in pixels.

    Raises:
        DataError: files of other names, lines that are no boxes, or none that has an id.
    """
    texts = natural_order(path.name for path in folder.glob("*.txt"))
    named = [(name, _NAME.fullmatch(name)) for name in texts]
    odd = [name for name, match in named if match is None]
    if odd or not named:
        got = f"the file {odd[0]}" if odd else "no .txt"
        raise DataError(f"{folder}: got {got}, wanted ultralytics' labels of one video, <video>_<frame>.txt")
    videos = {name.rpartition("_")[0] for name in texts}
    if len(videos) > 1:
        raise DataError(f"{folder}: got labels of {', '.join(sorted(videos))}, wanted those of one video")
    boxes = [box for name, match in named for box in _boxes(folder / name, int(match[1]), size)]
    if boxes and all(box.track == UNKNOWN for box in boxes):
        raise DataError(f"{folder}: got {len(boxes)} boxes without an id, {_WANTED}")
    return boxes


def _boxes(path: Path, frame: int, size: tuple[int, int]) -> Iterator[Box]:
    height, width = size
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            category, x, y, w, h, *rest = map(float, fields)
        except ValueError:
            raise DataError(f"{path}:{number}: got '{line[:60]}', {_WANTED}") from None
        if len(rest) > 2 or not all(0 <= value <= 1 for value in (x, y, w, h)):
            raise DataError(f"{path}:{number}: got '{line[:60]}', {_WANTED}, the middle four as shares")
        confidence, track = _rest(rest)
        left, top = (x - w / 2) * width, (y - h / 2) * height
        yield Box(frame, track, left, top, w * width, h * height, confidence, int(category))


def _rest(values: list[float]) -> tuple[float, int]:
    """Confidence and id, -1 where they are absent: a single number that is not whole is a confidence."""
    if not values:
        return UNKNOWN, UNKNOWN
    if len(values) == 2:
        return values[0], int(values[1])
    return (UNKNOWN, int(values[0])) if values[0] == int(values[0]) else (values[0], UNKNOWN)
