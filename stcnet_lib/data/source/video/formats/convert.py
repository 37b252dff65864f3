"""Any box file that is known here becomes MOTChallenge's text."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.video.formats.boxes import Box, write_mot
from stcnet_lib.data.source.video.formats.coco import read_coco
from stcnet_lib.data.source.video.formats.cvat import read_cvat
from stcnet_lib.data.source.video.formats.ultralytics import read_ultralytics
from stcnet_lib.data.source.video.frames import video_frames


def to_mot(boxes: Path, video: Path, path: Path) -> None:
    """Write the boxes of a video as MOTChallenge's text; a text is copied as it is.

    Args:
        boxes: a file, or a folder of texts, see the package.

    Raises:
        DataError: boxes that cannot be read.
    """
    read = _read(boxes, video)
    if read is None:
        shutil.copyfile(boxes, path)
    else:
        write_mot(path, read)


def _read(boxes: Path, video: Path) -> list[Box] | None:
    if boxes.is_dir():
        return read_ultralytics(boxes, picture_size(video))
    reader = {".json": read_coco, ".xml": read_cvat}.get(boxes.suffix.lower())
    return reader(boxes) if reader else None


def picture_size(video: Path) -> tuple[int, int]:
    """(H, W) of the first picture that can be decoded.

    Raises:
        DataError: there is none.
    """
    for _, picture in video_frames(video):
        if isinstance(picture, np.ndarray):
            return picture.shape[:2]
    raise DataError(f"{video}: got no picture that can be decoded, wanted one")
