"""The plain layout: `<split>/<pid>/<camera>/<tracklet>/*.jpg`, for data of one's own.

`<split>` is `train`, `query`, `gallery`, `distractor` (in the gallery, matches nobody), or `test`, which is
divided by the rule `dataset.queries` (`queries.py`).

Folder names need not be numbers: see `label_numbers`. Names and frames are in natural order (2 before 10).
What else lies there is listed (`leftovers.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stcnet_lib.config import DatasetConfig, QueryRule
from stcnet_lib.data.source.layouts.base import (
    Finding,
    Frame,
    Layout,
    SourceTracklet,
    frame_numbers,
    images_in,
    label_numbers,
    restored_folder,
    subfolders,
)
from stcnet_lib.data.source.layouts.labels import check_labels
from stcnet_lib.data.source.layouts.nearby import no_folders
from stcnet_lib.data.source.layouts.queries import choose_queries
from stcnet_lib.data.store.tracklets import Role

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

    reads = _SPLITS

    def __init__(self, root: Path, queries: QueryRule = "spare") -> None:
        super().__init__(root)
        if not any((self.root / split).is_dir() for split in _SPLITS):
            raise no_folders(self.root, _SPLITS, "<split>/<pid>/<camera>/<tracklet>/*.jpg")
        self._folders = list(self._walk())
        check_labels((folder.pid for folder in self._folders), "people", self.root)
        check_labels((folder.camera for folder in self._folders), "cameras", self.root)
        self._pids = label_numbers(folder.pid for folder in self._folders)
        self._cameras = label_numbers(folder.camera for folder in self._folders)
        test = [folder for folder in self._folders if folder.split == "test"]
        chosen = choose_queries([(folder.pid, folder.camera) for folder in test], queries)
        self._queries = {test[place] for place in chosen}

    @classmethod
    def open(cls, config: DatasetConfig) -> FolderLayout:
        return cls(Path(config.root), config.queries)

    def __len__(self) -> int:
        return len(self._folders)

    def tracklets(self) -> Iterator[SourceTracklet]:
        for folder in self._folders:
            images = images_in(self.root / folder.path)
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

    def copy_path(self, source: str) -> str:
        return restored_folder(source)

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
        names = subfolders(self.root / path)
        if not names:
            self._findings.append(Finding("empty_folder", path, "holds no folder"))
        return names
