"""PRID2011: `multi_shot/cam_{a,b}/person_NNNN/*.png`; the first 200 people are before both cameras.

Above 200 equal numbers before the two cameras are different people: those of camera b are counted from
10,000 here. They are in no split. The half splits come from the only JSON file in the root, a list of
`{"train": [...], "test": [...]}` with names of person folders. Without one, ten are drawn with
`dataset.split_seed` from the people who have at least `dataset.split_frames` frames before both cameras
(27 is what the literature uses), and an export carries them along.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import (
    DataError,
    Finding,
    SourceTracklet,
    images_in,
    subfolders,
)
from stcnet_lib.data.source.layouts.camera_pair import CameraPairLayout

SHARED = 200  # people up to this number are before both cameras
_OTHERS = 10_000  # added to the number of people whom only camera b saw
_GENERATED = 10
_SPLITS = "splits_prid2011.json"  # written where the source has none


class Prid2011Layout(CameraPairLayout):
    """See the module."""

    licence = "not stated by the data set's files; the terms of its authors hold (research)"
    citation = (
        "M. Hirzer, C. Beleznai, P. M. Roth, H. Bischof: Person Re-Identification by Descriptive and "
        "Discriminative Classification. SCIA 2011"
    )
    folders = ("multi_shot/cam_a", "multi_shot/cam_b")
    reads = folders
    ignores = ("single_shot",)

    def __init__(self, root: Path, seed: int = 0, least_frames: int = 27) -> None:
        super().__init__(root)
        for camera, folder in enumerate(self.folders, 1):
            for name in subfolders(self.root / folder):
                number = _number(name)
                if number is None:
                    reason = "wanted a name such as person_0001"
                    self._findings.append(Finding("odd_name", f"{folder}/{name}", reason))
                    continue
                person = number + (_OTHERS if camera == 2 and number > SHARED else 0)
                self._sequences.append((person, camera, f"{folder}/{name}"))
        if not self._sequences:
            raise DataError(
                f"{self.root}: got no folders of people, wanted multi_shot/cam_{{a,b}}/person_NNNN; "
                "see dataset.root in config.yaml"
            )
        self._table = self._find_table()
        self._splits = (
            _read_splits(self.root / self._table) if self._table else self._draw(seed, least_frames)
        )
        self._check_pairs()

    @classmethod
    def open(cls, config: DatasetConfig) -> Prid2011Layout:
        return cls(Path(config.root), config.split_seed, config.split_frames)

    def _find_table(self) -> str | None:
        with os.scandir(self.root) as entries:
            found = sorted(entry.name for entry in entries if entry.name.endswith(".json"))
        # An export's own record is no table of splits.
        found = [name for name in found if name != "export.json" and not name.startswith(".")]
        if len(found) > 1:
            raise DataError(f"{self.root}: got {', '.join(found)}, wanted one JSON file with the splits")
        return found[0] if found else None

    def _draw(self, seed: int, least_frames: int) -> list[tuple[set[int], set[int]]]:
        """Ten halves of the people with enough frames, each a function of seed and number of the split."""
        counts: dict[int, list[int]] = {}
        for person, _, path in self._sequences:
            if person <= SHARED:
                counts.setdefault(person, []).append(len(images_in(self.root / path)))
        people = sorted(p for p, found in counts.items() if len(found) == 2 and min(found) >= least_frames)
        if len(people) < 2:
            raise DataError(
                f"{self.root}: got {len(people)} people with {least_frames} frames or more before both "
                "cameras, wanted two at least; see dataset.split_frames in config.yaml"
            )
        splits = []
        for split in range(_GENERATED):
            order = np.random.default_rng([seed, split]).permutation(people).tolist()
            half = len(order) // 2
            splits.append((set(order[:half]), set(order[half:])))
        return splits

    def tables(self) -> list[str]:
        return [self._table or _SPLITS]

    def copy_tables(self, folder: Path) -> None:
        if self._table:
            super().copy_tables(folder)
            return
        splits = [
            {
                name: [f"person_{person:04d}" for person in sorted(people)]
                for name, people in zip(("train", "test"), split, strict=True)
            }
            for split in self._splits
        ]
        (folder / _SPLITS).write_text(json.dumps(splits) + "\n", encoding="utf-8")

    def write_tables(self, folder: Path, tracklets: Iterable[SourceTracklet]) -> None:
        self.copy_tables(folder)


def _number(name: str) -> int | None:
    found = re.fullmatch(r"person_(\d+)", name)
    return int(found[1]) if found else None


def _read_splits(path: Path) -> list[tuple[set[int], set[int]]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        splits = [(_people(row["train"]), _people(row["test"])) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f'{path}: wanted a list of {{"train": [...], "test": [...]}} with names such as person_0001 '
            f"({type(error).__name__}: {error})"
        ) from None
    if not splits:
        raise DataError(f"{path}: got an empty list, wanted one split at least")
    for split, (train, test) in enumerate(splits):
        if train & test:
            raise DataError(
                f"{path}: split {split} has person_{min(train & test):04d} in train and in test, wanted one"
            )
    return splits


def _people(names: list[Any]) -> set[int]:
    numbers = [_number(name) for name in names]
    if None in numbers:
        raise ValueError(f"got {names[numbers.index(None)]!r}")
    return set(numbers)
