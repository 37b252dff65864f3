"""A table that names every image: `manifest.csv` or `manifest.parquet` in the root, paths relative to it.

| column | |
|---|---|
| path | of the image, relative to the root (or absolute and below it), with forward slashes |
| pid, camera, tracklet | numbers or any labels, in one spelling each; images with equal ones are a tracklet |
| frame | whole number, different within a tracklet |
| role, or split | train, query, gallery, distractor, junk, unused, or test: see `dataset.queries` |

A data set with several splits has `role_0`, `role_1`, … instead. Other columns are passed over, and the
order of rows does not matter. Every export holds such a table (`manifest.parquet`), so any of them can be
read in this way too. With both files, the CSV counts. `manifest_table.py` says how files may be spelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.config import DatasetConfig, QueryRule
from stcnet_lib.data.source.layouts.base import (
    DataError,
    Finding,
    Layout,
    SourceTracklet,
    label_numbers,
    natural_key,
    numbered,
)
from stcnet_lib.data.source.layouts.manifest_table import LABELS, read_table
from stcnet_lib.data.source.layouts.queries import choose_queries
from stcnet_lib.data.store.tracklets import Role

TABLES = ("manifest.csv", "manifest.parquet")
_TEST = "test"
_MOST_NAMED = 6
_ROLES = {role.name.lower(): role for role in Role}


class ManifestLayout(Layout):
    """See the module."""

    numbered_by_names = False

    def __init__(self, root: Path, queries: QueryRule = "spare") -> None:
        super().__init__(root)
        found = [name for name in TABLES if (self.root / name).is_file()]
        if not found:
            files = sorted(path.name for path in self.root.iterdir() if path.is_file())
            others = ", ".join(files[:_MOST_NAMED]) or "no file at all"
            raise DataError(
                f"{self.root}: got neither {' nor '.join(TABLES)}, but {others}; "
                "wanted one of these two; see dataset.root in config.yaml"
            )
        self._name = found[0]
        if len(found) > 1:
            self._findings.append(Finding("other_table", found[1], f"is not read: {found[0]} counts"))
        table = read_table(self.root / self._name)
        self._paths_changed = table.attrs["paths_changed"]
        self._role_columns = _role_columns(table, self.root / self._name)
        groups = table.groupby(LABELS, sort=False)
        self._rows = dict(groups.indices)
        self._numbers = [_numbers(key[i] for key in self._rows) for i in range(2)]
        pids, cameras = self._numbers
        self._keys = sorted(self._rows, key=lambda key: (pids[key[0]], cameras[key[1]], natural_key(key[2])))
        self._paths = table["path"].to_numpy(object)
        self._frames = table["frame"].to_numpy(np.int64)
        self._short_names = len({key[2] for key in self._keys}) == len(self._keys)
        self._roles = [self._column_roles(table, column, queries) for column in self._role_columns]

    @classmethod
    def open(cls, config: DatasetConfig) -> ManifestLayout:
        return cls(Path(config.root), config.queries)

    @property
    def splits(self) -> int:
        return len(self._role_columns)

    def _column_roles(self, table: pd.DataFrame, column: str, queries: QueryRule) -> list[Role]:
        """The role of every tracklet in one split."""
        words = table[column].to_numpy(object)
        told = []
        for key in self._keys:
            found = sorted(set(words[self._rows[key]]))
            if len(found) > 1 or found[0] not in {*_ROLES, _TEST}:
                raise DataError(
                    f"{self.root / self._name}: {column} of tracklet {self._tracklet_name(key)} is "
                    f"{' and '.join(found)}, wanted one of {', '.join(_ROLES)} or {_TEST}"
                )
            told.append(found[0])
        test = [place for place, word in enumerate(told) if word == _TEST]
        chosen = choose_queries([self._keys[place][:2] for place in test], queries)
        asked = {test[i] for i in chosen}
        return [
            (Role.QUERY if place in asked else Role.GALLERY) if word == _TEST else _ROLES[word]
            for place, word in enumerate(told)
        ]

    def _tracklet_name(self, key: tuple[str, str, str]) -> str:
        return key[2] if self._short_names else "/".join(key)

    def __len__(self) -> int:
        return len(self._keys)

    def tracklets(self) -> Iterator[SourceTracklet]:
        for place, key in enumerate(self._keys):
            rows = self._rows[key]
            name = self._tracklet_name(key)
            repeated = len(rows) - len(np.unique(self._frames[rows]))
            if repeated:
                reason = f"{repeated} frame numbers occur more than once in tracklet {name}"
                self._findings.append(Finding("repeated_number", str(self._paths[rows[0]]), reason))
            frames = numbered((int(self._frames[row]), str(self._paths[row])) for row in rows)
            pid, camera = self._numbers[0][key[0]], self._numbers[1][key[1]]
            yield SourceTracklet(pid, camera, name, tuple(roles[place] for roles in self._roles), frames)

    def tables(self) -> list[str]:
        # An export writes manifest.parquet in any case.
        return [self._name] if self._name.endswith(".csv") else []

    def copy_tables(self, folder: Path) -> None:
        # Absolute paths would lead from the export back to the source.
        if self._paths_changed:
            self.write_tables(folder, self.tracklets())
        else:
            super().copy_tables(folder)

    def write_tables(self, folder: Path, tracklets: Iterable[SourceTracklet]) -> None:
        if not self.tables():
            return
        header = True
        for tracklet in tracklets:
            rows = pd.DataFrame(
                {
                    "path": [frame.source for frame in tracklet.frames],
                    "pid": tracklet.pid,
                    "camera": tracklet.camera,
                    "tracklet": tracklet.name,
                    "frame": [frame.number for frame in tracklet.frames],
                    **role_columns(tracklet.roles),
                }
            )
            rows.to_csv(folder / self._name, mode="a", header=header, index=False, lineterminator="\n")
            header = False

    def copy_path(self, source: str) -> str:
        return f"restored/{source}"


def role_columns(roles: tuple[Role, ...]) -> dict[str, str]:
    """The columns that tell a tracklet's roles."""
    words = [role.name.lower() for role in roles]
    return {"role": words[0]} if len(words) == 1 else {f"role_{i}": word for i, word in enumerate(words)}


def _role_columns(table: pd.DataFrame, path: Path) -> list[str]:
    several = sorted((name for name in table if name.startswith("role_")), key=natural_key)
    columns = [name for name in ("role", "split") if name in table][:1] or several
    if columns == several and several != [f"role_{i}" for i in range(len(several))]:
        raise DataError(f"{path}: got {', '.join(several)}, wanted role_0, role_1, … without gaps")
    if not columns or not len(table):
        raise DataError(f"{path}: got {len(table)} rows and no column role or split, wanted both")
    return columns


def _numbers(labels: Iterable[str]) -> dict[str, int]:
    """Numbers that are numbers already stay, -1 as well."""
    distinct = set(labels)
    if all(re.fullmatch(r"-?\d{1,9}", label) for label in distinct):
        numbers = {label: int(label) for label in distinct}
        if len(set(numbers.values())) == len(numbers):
            return numbers
    return label_numbers(distinct)
