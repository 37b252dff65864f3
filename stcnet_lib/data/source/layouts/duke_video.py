"""DukeMTMC-VideoReID: `{train,query,gallery}/<pid>/<tracklet>/*.jpg`; Occluded-DukeMTMC-VideoReID likewise.

Image names are `0001_C6_F0099_X30823.jpg`, or `0001C6F0099X30823.jpg` in an older form: the camera comes
from them, the person from the folder. People of the gallery who are no query's are its distractors.

DukeMTMC was withdrawn in 2019 for privacy. Whoever has it can read it; nothing here fetches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from stcnet_lib.data.source.layouts.base import (
    Finding,
    Layout,
    SourceTracklet,
    images_in,
    restored_folder,
    subfolders,
)
from stcnet_lib.data.source.layouts.names import NamedFrame, in_order, of_one_person
from stcnet_lib.data.source.layouts.nearby import no_folders
from stcnet_lib.data.store.tracklets import Role

_SPLITS = ("train", "query", "gallery")
_NAME = re.compile(r"(?P<person>\d+)_?C(?P<camera>\d+)_?F(?P<frame>\d+)_?X\d+\.\w+")


class DukeVideoLayout(Layout):
    """See the module."""

    licence = (
        "withdrawn by its authors in 2019 for privacy: no new distribution; what is derived from it must not "
        "be passed on either"
    )
    citation = (
        "Y. Wu, Y. Lin, X. Dong, Y. Yan, W. Ouyang, Y. Yang: Exploit the Unknown Gradually: One-Shot "
        "Video-Based Person Re-Identification by Stepwise Learning. CVPR 2018; E. Ristani, F. Solera, "
        "R. Zou, R. Cucchiara, C. Tomasi: Performance Measures and a Data Set for Multi-Target, "
        "Multi-Camera Tracking. ECCV Workshops 2016"
    )
    suffix = ".jpg"
    reads = _SPLITS

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if not any((self.root / split).is_dir() for split in _SPLITS):
            raise no_folders(self.root, _SPLITS, "{train,query,gallery}/<pid>/<tracklet>/*.jpg")
        self._folders = [
            (split, pid, tracklet)
            for split in _SPLITS
            for pid in self._people(split)
            for tracklet in self._tracklets_of(f"{split}/{pid}")
        ]
        self._sought = {int(pid) for split, pid, _ in self._folders if split == "query"}

    def _people(self, split: str) -> list[str]:
        found = []
        for name in subfolders(self.root / split):
            if name.isdecimal():
                found.append(name)
            else:
                self._findings.append(Finding("odd_name", f"{split}/{name}", "a folder without a number"))
        return found

    def _tracklets_of(self, folder: str) -> list[str]:
        names = subfolders(self.root / folder)
        if not names:
            self._findings.append(Finding("empty_folder", folder, "holds no folder"))
        return names

    def __len__(self) -> int:
        return len(self._folders)

    def tracklets(self) -> Iterator[SourceTracklet]:
        for split, pid, tracklet in self._folders:
            name = f"{split}/{pid}/{tracklet}"
            frames = of_one_person(self._named(name), name, self._findings)
            camera = frames[0].camera if frames else 0
            yield SourceTracklet(int(pid), camera, name, (self._role(split, int(pid)),), in_order(frames))

    def _named(self, folder: str) -> list[NamedFrame]:
        frames = []
        for name in images_in(self.root / folder):
            found = _NAME.fullmatch(name)
            if found is None:
                reason = "wanted a name such as 0001_C6_F0099_X30823.jpg or 0001C6F0099X30823.jpg"
                self._findings.append(Finding("odd_name", f"{folder}/{name}", reason))
            else:
                frame = NamedFrame(
                    found["person"], int(found["camera"]), int(found["frame"]), f"{folder}/{name}"
                )
                frames.append(frame)
        return frames

    def _role(self, split: str, person: int) -> Role:
        if split == "gallery":
            return Role.GALLERY if person in self._sought else Role.DISTRACTOR
        return Role.TRAIN if split == "train" else Role.QUERY

    def copy_path(self, source: str) -> str:
        return restored_folder(source)
