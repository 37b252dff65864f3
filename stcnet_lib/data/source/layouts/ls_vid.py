"""LS-VID: `list_sequence/list_seq_{train,test}.txt` and `test/data/info_test.mat`.

A line of a list is `<path prefix> <id>`: the tracklet is of person `<id>`, its frames are the files
`<prefix>*` (of two prefixes that fit a file the longer one: `…_1` is not `…_10…`), and the third `_`-field
of their names is the camera. `query` in the .mat file holds 1-based lines of the test list. The data set is
given out under a signed agreement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from stcnet_lib.data.source.layouts.base import (
    DataError,
    Finding,
    Frame,
    Layout,
    SourceTracklet,
    frame_numbers,
    images_in,
)
from stcnet_lib.data.source.layouts.matlab import read_matrix, write_matrix
from stcnet_lib.data.source.layouts.names import NamedFrame, of_one_person
from stcnet_lib.data.store.tracklets import Role

_LISTS = {split: f"list_sequence/list_seq_{split}.txt" for split in ("train", "test")}
_QUERIES = "test/data/info_test.mat"
_COPIES = "restored"  # folder beside the frames that mixed exports double


class LsVidLayout(Layout):
    """See the module."""

    licence = "under a signed agreement with its authors, which binds what is derived from it as well"
    citation = (
        "J. Li, J. Wang, Q. Tian, W. Gao, S. Zhang: Global-Local Temporal Representations for Video Person "
        "Re-Identification. ICCV 2019"
    )
    suffix = ".jpg"

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._lines = [
            (split, *line) for split, path in _LISTS.items() for line in _read_list(self.root / path)
        ]
        path = self.root / _QUERIES
        tests = sum(split == "test" for split, *_ in self._lines)
        self._queries = set(read_matrix(path, "query").ravel().tolist())
        wrong = sorted(line for line in self._queries if not 1 <= line <= tests)
        if wrong:
            raise DataError(f"{path}: got line {wrong[0]}, wanted lines 1 to {tests} of {_LISTS['test']}")
        self._longer = _longer_prefixes({prefix for _, prefix, _ in self._lines})
        self._images = lru_cache(maxsize=4)(lambda folder: images_in(self.root / folder))

    def __len__(self) -> int:
        return len(self._lines)

    def tracklets(self) -> Iterator[SourceTracklet]:
        tests = 0
        for split, prefix, person in self._lines:
            tests += split == "test"
            role = Role.TRAIN
            if split == "test":
                role = Role.QUERY if tests in self._queries else Role.GALLERY
            frames = of_one_person(self._named(prefix, person), prefix, self._findings)
            camera = frames[0].camera if frames else 0
            numbers = frame_numbers([frame.source for frame in frames])
            yield SourceTracklet(
                person,
                camera,
                prefix,
                (role,),
                tuple(Frame(number, f.source) for number, f in zip(numbers, frames, strict=True)),
            )

    def _named(self, prefix: str, person: int) -> list[NamedFrame]:
        folder, _, start = prefix.rpartition("/")
        frames = []
        for name in self._images(folder):
            source = f"{folder}/{name}" if folder else name
            if not name.startswith(start) or source.startswith(self._longer.get(prefix, ())):
                continue
            fields = Path(name).stem.split("_")
            camera = re.search(r"\d+", fields[2]) if len(fields) > 2 else None
            if camera is None:
                reason = "wanted a camera as the third field between underscores"
                self._findings.append(Finding("odd_name", source, reason))
            else:
                frames.append(NamedFrame(str(person), int(camera[0]), 0, source))
        return frames

    def tables(self) -> list[str]:
        return [*_LISTS.values(), _QUERIES]

    def write_tables(self, folder: Path, tracklets: Iterable[SourceTracklet]) -> None:
        for table in self.tables():
            (folder / table).parent.mkdir(parents=True, exist_ok=True)
        tests, queries = 0, []
        with (
            open(folder / _LISTS["train"], "w", encoding="utf-8") as train,
            open(folder / _LISTS["test"], "w", encoding="utf-8") as test,
        ):
            for tracklet in tracklets:
                is_test = tracklet.roles[0] != Role.TRAIN
                tests += is_test
                if tracklet.roles[0] == Role.QUERY:
                    queries.append(tests)
                (test if is_test else train).write(f"{tracklet.name} {tracklet.pid}\n")
        write_matrix(folder / _QUERIES, "query", np.array([queries]), hdf5=True)

    def copy_path(self, source: str) -> str:
        folder, _, name = source.rpartition("/")
        return f"{folder}/{_COPIES}/{name}" if folder else f"{_COPIES}/{name}"

    def copy_name(self, name: str) -> str:
        return self.copy_path(name)  # a name is the prefix of the frames' paths


def _longer_prefixes(prefixes: set[str]) -> dict[str, tuple[str, ...]]:
    """Of every prefix that begins others these others."""
    longer: dict[str, list[str]] = {}
    above: list[str] = []  # each begins the next one
    for prefix in sorted(prefixes):
        while above and not prefix.startswith(above[-1]):
            above.pop()
        for shorter in above:
            longer.setdefault(shorter, []).append(prefix)
        above.append(prefix)
    return {prefix: tuple(found) for prefix, found in longer.items()}


def _read_list(path: Path) -> list[tuple[str, int]]:
    """(prefix, id) of every line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); see dataset.root in config.yaml"
        ) from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            prefix, _, person = line.strip().rpartition(" ")
            if not prefix or not person.isdecimal():
                raise DataError(f"{path}: line {number} is '{line.strip()}', wanted '<path prefix> <id>'")
            found.append((prefix.strip(), int(person)))
    return found
