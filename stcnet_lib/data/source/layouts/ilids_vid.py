"""iLIDS-VID: `i-LIDS-VID/sequences/cam{1,2}/personNNN/*.png`, and ten half splits in a `.mat` file.

Each row of `ls_set` is a permutation of 1-based places in the sorted list of person folders; the people of
its first half are for test, the others for training.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stcnet_lib.data.source.layouts.base import (
    DataError,
    SourceTracklet,
    label_numbers,
    natural_order,
    subfolders,
)
from stcnet_lib.data.source.layouts.camera_pair import CameraPairLayout
from stcnet_lib.data.source.layouts.labels import check_labels
from stcnet_lib.data.source.layouts.matlab import read_matrix

_SPLITS = "train-test people splits/train_test_splits_ilidsvid.mat"


class IlidsVidLayout(CameraPairLayout):
    """See the module."""

    licence = "not stated by the data set's files; the terms of its authors hold (research)"
    citation = "T. Wang, S. Gong, X. Zhu, S. Wang: Person Re-Identification by Video Ranking. ECCV 2014"
    folders = ("i-LIDS-VID/sequences/cam1", "i-LIDS-VID/sequences/cam2")
    reads = (*folders, str(Path(_SPLITS).parent))
    ignores = ("i-LIDS-VID/images",)  # one picture a person and camera

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        names = {folder: subfolders(self.root / folder) for folder in self.folders}
        self._people = natural_order(set().union(*names.values()))
        if not self._people:
            raise DataError(
                f"{self.root}: got no folders of people in {self.folders[0]} and cam2, wanted "
                "i-LIDS-VID/sequences/cam{1,2}/personNNN; see dataset.root in config.yaml"
            )
        check_labels(self._people, "people", self.root)
        self._numbers = label_numbers(self._people)
        self._sequences = [
            (self._numbers[name], camera, f"{folder}/{name}")
            for camera, folder in enumerate(self.folders, 1)
            for name in names[folder]
        ]
        self._splits = self._read_splits()
        self._check_pairs()

    def _read_splits(self) -> list[tuple[set[int], set[int]]]:
        rows = read_matrix(self.root / _SPLITS, "ls_set")
        people = len(self._people)
        splits = []
        for split, row in enumerate(rows.tolist()):
            if sorted(row) != list(range(1, people + 1)):
                raise DataError(
                    f"{self.root / _SPLITS}: split {split} numbers {len(set(row))} people up to {max(row)}, "
                    f"wanted each of the {people} folders once: splits mean places in the full list of people"
                )
            numbers = [self._numbers[self._people[place - 1]] for place in row]
            half = people // 2
            splits.append((set(numbers[half:]), set(numbers[:half])))
        return splits

    def tables(self) -> list[str]:
        return [_SPLITS]

    def write_tables(self, folder: Path, tracklets: Iterable[SourceTracklet]) -> None:
        self.copy_tables(folder)
        for name in self._people:  # the splits count folders, so one that lost all its frames has to stay
            for camera in self.folders:
                (folder / camera / name).mkdir(parents=True, exist_ok=True)
