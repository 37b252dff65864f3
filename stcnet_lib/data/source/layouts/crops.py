"""Any folder of tracklets: `<tracklet>/*.jpg`, at any depth, for crops of which nobody knows who is who.

Every folder below the root that holds images is one tracklet, named by its path: `a/0001.jpg` is of the
tracklet `a`, `door/monday/7/f2.png` of `door/monday/7`. Frames are in natural order (2 before 10). As of
one's own videos (`video.py`), every tracklet is a person of its own before one camera, and all of them are
for training, so there are no queries and there is no re-ID score. Images in the root itself belong to no
tracklet.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stcnet_lib.data.source.layouts.base import (
    DataError,
    Frame,
    Layout,
    SourceTracklet,
    frame_numbers,
    images_in,
    restored_folder,
    subfolders,
)
from stcnet_lib.data.store.tracklets import Role

_CAMERA = 1


class CropsLayout(Layout):
    """See the module."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._folders = list(_folders_of_images(self.root))
        if not self._folders:
            raise DataError(_nothing(self.root))

    def __len__(self) -> int:
        return len(self._folders)

    def tracklets(self) -> Iterator[SourceTracklet]:
        for pid, folder in enumerate(self._folders, 1):
            images = images_in(self.root / folder)
            frames = tuple(
                Frame(number, f"{folder}/{image}")
                for number, image in zip(frame_numbers(images), images, strict=True)
            )
            yield SourceTracklet(pid, _CAMERA, folder, (Role.TRAIN,), frames)

    def copy_path(self, source: str) -> str:
        return restored_folder(source)


def _folders_of_images(root: Path, below: str = "") -> Iterator[str]:
    """Paths relative to the root, in natural order; a folder comes before what is in it."""
    for name in subfolders(root / below):
        path = f"{below}/{name}" if below else name
        if images_in(root / path):
            yield path
        if not (root / path).is_symlink():  # a link may lead in a circle
            yield from _folders_of_images(root, path)


def _nothing(root: Path) -> str:
    """Why there is no tracklet."""
    images = len(images_in(root))
    if images:
        return (
            f"{root}: got {images} images and no folder of images, wanted <tracklet>/*.jpg below it; of one "
            "tracklet give the folder above"
        )
    return f"{root}: got no image in it or below, wanted <tracklet>/*.jpg"
