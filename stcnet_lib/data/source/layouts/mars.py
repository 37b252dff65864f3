"""MARS: `bbox_train/0001/0001C1T0001F001.jpg`, `bbox_test/…`, and the lists in `info/`.

A name holds person, camera, tracklet and frame. With all five files of `info/`, they say which images make
a tracklet and which are queries: the name lists (a file name a line), N×4 matrices with first and last line
(1-based, inclusive), person and camera, and `query_IDX`, 1-based rows of the test matrix. In `bbox_test`
person -1 (`00-1` in names) is junk, person 0 a distractor.

Without `info/`, as in a subset that somebody cut, names alone say what belongs together, the same two
people are junk and distractor, and queries are chosen by `dataset.queries` (`queries.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from stcnet_lib.config import DatasetConfig, QueryRule
from stcnet_lib.data.source.layouts.base import DataError, Layout, SourceTracklet
from stcnet_lib.data.source.layouts.mars_readers import NAME, SPLITS, ByNames, ByTables
from stcnet_lib.data.source.layouts.matlab import write_matrix
from stcnet_lib.data.source.layouts.nearby import no_folders
from stcnet_lib.data.store.tracklets import Role

_TABLES = (
    "info/train_name.txt",
    "info/tracks_train_info.mat",
    "info/test_name.txt",
    "info/tracks_test_info.mat",
    "info/query_IDX.mat",
)
_COPY = re.compile(r"(?P<head>[^/]*C\d+T)(?P<tracklet>\d+)(?P<tail>F\d+\.\w+)")


class MarsLayout(Layout):
    """See the module."""

    licence = "not stated by the data set's files; the terms of its authors hold (research)"
    citation = (
        "L. Zheng, Z. Bie, Y. Sun, J. Wang, C. Su, S. Wang, Q. Tian: "
        "MARS: A Video Benchmark for Large-Scale Person Re-Identification. ECCV 2016"
    )
    suffix = ".jpg"
    reads = ("bbox_train", "bbox_test", "info")

    def __init__(self, root: Path, queries: QueryRule = "spare") -> None:
        super().__init__(root)
        if not any((self.root / f"bbox_{split}").is_dir() for split in SPLITS):
            raise no_folders(self.root, self.reads[:2], "<pid>/0001C1T0001F001.jpg")
        missing = [table for table in _TABLES if not (self.root / table).is_file()]
        if missing and (self.root / "info").exists():
            raise DataError(
                f"{self.root}/info: got no {', '.join(Path(table).name for table in missing)}, wanted all "
                "five files of MARS, or no folder info at all: then names alone decide"
            )
        self._reader = ByNames(self.root, queries) if missing else ByTables(self.root)
        self._findings = self._reader.findings
        self._copy_offset: int | None = None

    @classmethod
    def open(cls, config: DatasetConfig) -> MarsLayout:
        return cls(Path(config.root), config.queries)

    def __len__(self) -> int:
        return len(self._reader)

    def tracklets(self) -> Iterator[SourceTracklet]:
        return self._reader.tracklets()

    def tables(self) -> list[str]:
        return list(_TABLES) if isinstance(self._reader, ByTables) else []

    def write_tables(self, folder: Path, tracklets: Iterable[SourceTracklet]) -> None:
        if not self.tables():
            return
        (folder / "info").mkdir()
        rows: dict[str, list[tuple[int, int, int, int]]] = {split: [] for split in SPLITS}
        lines = dict.fromkeys(SPLITS, 0)
        queries = []
        with (
            open(folder / "info/train_name.txt", "w", encoding="ascii") as train,
            open(folder / "info/test_name.txt", "w", encoding="ascii") as test,
        ):
            for tracklet in tracklets:
                split, file = ("train", train) if Role.TRAIN in tracklet.roles else ("test", test)
                file.writelines(Path(frame.source).name + "\n" for frame in tracklet.frames)
                first, lines[split] = lines[split] + 1, lines[split] + len(tracklet.frames)
                rows[split].append((first, lines[split], tracklet.pid, tracklet.camera))
                if tracklet.roles[0] == Role.QUERY:
                    queries.append(len(rows["test"]))
        for split in SPLITS:
            table = np.array(rows[split], np.int64).reshape(-1, 4)
            write_matrix(folder / f"info/tracks_{split}_info.mat", f"track_{split}_info", table)
        write_matrix(folder / "info/query_IDX.mat", "query_IDX", np.array([queries], np.int64))

    def copy_path(self, source: str) -> str:
        """The tracklet number is raised above all others of the data set."""
        if self._copy_offset is None:
            names = (NAME.fullmatch(Path(t.frames[0].source).name) for t in self.tracklets() if t.frames)
            self._copy_offset = max(int(name["tracklet"]) for name in names)
        folder, _, name = source.rpartition("/")
        found = _COPY.fullmatch(name)
        number = int(found["tracklet"]) + self._copy_offset
        return f"{folder}/{found['head']}{number:04d}{found['tail']}"
