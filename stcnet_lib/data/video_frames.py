"""The pictures of a video, or of a folder of images in natural order, one after the other and upright."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stcnet_lib.data.images import ImageError, decode
from stcnet_lib.data.layouts.base import DataError, images_in

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".wmv"})


class BrokenVideo(ValueError):
    """A video that cannot be read any further."""


def video_frames(path: Path) -> Iterator[tuple[int, np.ndarray | ImageError]]:
    """Number from 1, and uint8 (H, W, 3) RGB or why an image of a folder cannot be decoded.

    Raises:
        BrokenVideo: after the last good frame.
        DataError: no video can be read.
    """
    return _images(path) if path.is_dir() else _decoded(path)


def _images(folder: Path) -> Iterator[tuple[int, np.ndarray | ImageError]]:
    for number, name in enumerate(images_in(folder), 1):
        try:
            yield number, decode((folder / name).read_bytes(), name)
        except ImageError as error:
            yield number, error
        except OSError as error:
            yield number, ImageError(f"{name}: cannot be read ({error.strerror})")


def _decoded(path: Path) -> Iterator[tuple[int, np.ndarray | ImageError]]:
    import av  # here: whoever has no videos needs none of its libraries

    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise DataError(f"{path}: cannot be opened as a video ({error})") from None
    with container:
        if not container.streams.video:
            raise DataError(f"{path}: got a file without pictures, wanted a video")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        number = 0
        try:
            for number, frame in enumerate(container.decode(stream), 1):
                # Telephones store pictures lying on their side; boxes are made on upright ones.
                yield number, np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
        except av.FFmpegError as error:
            raise BrokenVideo(f"cannot be decoded after frame {number} ({error})") from None
