"""The plain layout: `<split>/<pid>/<camera>/<tracklet>/*.jpg`, for data of one's own.

`<split>` is `train`, `query`, `gallery`, `distractor` (in the gallery, matches nobody), or `test`, which is
divided like this: of every person and camera with two or more tracklets the first is a query and the
others are gallery. A person whom no camera saw twice gives the tracklet of the first camera as the query.
A person seen by one camera only is gallery, since nothing could match. So every query has a match before
another camera, and no tracklet is both.

Folder names need not be numbers: see `label_numbers`. Names and frames are in natural order (2 before 10).
Hidden files, and files that are no images, are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stcnet_lib.data.layouts.base import (
    IMAGE_SUFFIXES,
    DataError,
    Finding,
    Frame,
    Layout,
    SourceTracklet,
    frame_numbers,
    label_numbers,
    natural_order,
)
from stcnet_lib.data.store import Role

_ROLES = {
    "train": Role.TRAIN,
    "query": Role.QUERY,
    "gallery": Role.GALLERY,
    "distractor": Role.DISTRACTOR,
}
_SPLITS = (*_ROLES, "test")


@dataclass(frozen=True)
class _Folder:
    """A tracklet's place in the tree."""

    split: str
    pid: str
    camera: str
    name: str

    @property
    def path(self) -> str:
        return f"{self.split}/{self.pid}/{self.camera}/{self.name}"


class FolderLayout(Layout):
    """See the module."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._findings: list[Finding] = []
        if not any((self.root / split).is_dir() for split in _SPLITS):
            raise DataError(
                f"{self.root}: got no folder {', '.join(_SPLITS[:-1])} or {_SPLITS[-1]}, wanted "
                "<split>/<pid>/<camera>/<tracklet>/*.jpg below it; see dataset.root in config.yaml"
            )
        self._folders = list(self._walk())
        self._pids = label_numbers(folder.pid for folder in self._folders)
        self._cameras = label_numbers(folder.camera for folder in self._folders)
        self._queries = _queries([folder for folder in self._folders if folder.split == "test"])

    def __len__(self) -> int:
        return len(self._folders)

    def findings(self) -> list[Finding]:
        return self._findings

    def tracklets(self) -> Iterator[SourceTracklet]:
        for folder in self._folders:
            images = natural_order(
                entry.name
                for entry in (self.root / folder.path).iterdir()
                if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
            )
            yield SourceTracklet(
                self._pids[folder.pid],
                self._cameras[folder.camera],
                folder.path,
                (self._role(folder),),
                tuple(
                    Frame(number, f"{folder.path}/{image}")
                    for number, image in zip(frame_numbers(images), images, strict=True)
                ),
            )

    def _role(self, folder: _Folder) -> Role:
        if folder.split == "test":
            return Role.QUERY if folder in self._queries else Role.GALLERY
        return _ROLES[folder.split]

    def _walk(self) -> Iterator[_Folder]:
        for split in _SPLITS:
            if not (self.root / split).is_dir():
                continue
            for pid in self._subfolders(split):
                for camera in self._subfolders(f"{split}/{pid}"):
                    for name in self._subfolders(f"{split}/{pid}/{camera}"):
                        yield _Folder(split, pid, camera, name)

    def _subfolders(self, path: str) -> list[str]:
        names = natural_order(
            entry.name
            for entry in (self.root / path).iterdir()
            if entry.is_dir() and not entry.name.startswith(".")
        )
        if not names:
            self._findings.append(Finding("empty_folder", path, "holds no folder"))
        return names


def _queries(folders: list[_Folder]) -> set[_Folder]:
    """The queries among the tracklets of `test`, by the rule of the module; folders are in order."""
    people: dict[str, dict[str, list[_Folder]]] = defaultdict(lambda: defaultdict(list))
    for folder in folders:
        people[folder.pid][folder.camera].append(folder)
    queries = set()
    for cameras in people.values():
        if len(cameras) < 2:
            continue
        several = [tracklets[0] for tracklets in cameras.values() if len(tracklets) > 1]
        queries.update(several or [next(iter(cameras.values()))[0]])
    return queries
