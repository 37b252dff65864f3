"""What iLIDS-VID and PRID2011 share: one folder a person and camera, several half splits, camera one asks.

In every split the sequences of test people are queries before the first camera and gallery before the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stcnet_lib.data.source.layouts.base import (
    Finding,
    Frame,
    Layout,
    SourceTracklet,
    frame_numbers,
    images_in,
)
from stcnet_lib.data.store.tracklets import Role


class CameraPairLayout(Layout):
    """Subclasses give the places of people, and the people of every split."""

    suffix = ".png"
    folders: tuple[str, str]  # of the two cameras, relative to the root

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._sequences: list[tuple[int, int, str]] = []  # person, camera (1 or 2), path of the folder
        self._splits: list[tuple[set[int], set[int]]] = []  # people of train, of test

    @property
    def splits(self) -> int:
        return len(self._splits)

    def __len__(self) -> int:
        return len(self._sequences)

    def _check_pairs(self) -> None:
        """Every person of a split must stand before both cameras."""
        present = {(person, camera) for person, camera, _ in self._sequences}
        for person in sorted(set().union(*(train | test for train, test in self._splits))):
            for camera, folder in enumerate(self.folders, 1):
                if (person, camera) not in present:
                    reason = f"no folder of person {person}, who is in a split"
                    self._findings.append(Finding("missing", folder, reason))

    def tracklets(self) -> Iterator[SourceTracklet]:
        for person, camera, path in self._sequences:
            images = images_in(self.root / path)
            frames = tuple(
                Frame(number, f"{path}/{image}")
                for number, image in zip(frame_numbers(images), images, strict=True)
            )
            roles = tuple(self._role(person, camera, *split) for split in self._splits)
            yield SourceTracklet(person, camera, path, roles, frames)

    @staticmethod
    def _role(person: int, camera: int, train: set[int], test: set[int]) -> Role:
        if person in train:
            return Role.TRAIN
        if person in test:
            return Role.QUERY if camera == 1 else Role.GALLERY
        return Role.UNUSED
