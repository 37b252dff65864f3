"""A single video and its boxes as a source of the layout `video`, which wants both in one folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stcnet_lib.data.source.video.formats.convert import to_mot


@contextmanager
def folder_of(source: Path, boxes: Path | None) -> Iterator[Path]:
    """The folder of a source; of a video a temporary one with a link to it, and its boxes.

    Args:
        boxes: of a video, in MOTChallenge's text or another form (`video/formats`); None: the text of the
            same name beside it.

    Raises:
        ValueError: no such source, one file without the other, or boxes that cannot be read.
    """
    if source.is_dir():
        if boxes is not None:
            raise ValueError(f"--boxes: got {boxes} for the folder {source}, wanted them with a single video")
        yield source
        return
    if not source.is_file():
        raise ValueError(f"{source}: got no such folder or video, wanted one")
    boxes = boxes or source.with_suffix(".txt")
    if not boxes.exists():
        raise ValueError(f"{boxes}: got no such file, wanted the boxes of {source.name}; see --boxes")
    with tempfile.TemporaryDirectory(prefix="stcnet-") as folder:
        (Path(folder) / source.name).symlink_to(source.resolve())
        to_mot(boxes, source, Path(folder) / f"{source.stem}.txt")
        yield Path(folder)
