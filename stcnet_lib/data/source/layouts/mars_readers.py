"""The two ways to list the tracklets of MARS (`mars.py`): by the tables in `info/`, or by names alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stcnet_lib.config import QueryRule
from stcnet_lib.data.source.layouts.base import DataError, Finding, SourceTracklet, images_in, subfolders
from stcnet_lib.data.source.layouts.lines import TextLines
from stcnet_lib.data.source.layouts.matlab import read_matrix
from stcnet_lib.data.source.layouts.names import NamedFrame, in_order, of_one_person, whole_number
from stcnet_lib.data.source.layouts.queries import choose_queries
from stcnet_lib.data.store.tracklets import Role

SPLITS = ("train", "test")
NAME = re.compile(r"(?P<person>\d*-?\d+)C(?P<camera>\d+)T(?P<tracklet>\d+)F(?P<frame>\d+)\.\w+", re.ASCII)
_JUNK, _DISTRACTOR = -1, 0


class ByTables:
    """The data set with `info/`."""

    def __init__(self, root: Path) -> None:
        self.findings: list[Finding] = []
        self._names = {split: TextLines(root / f"info/{split}_name.txt") for split in SPLITS}
        self._rows = {split: self._read_rows(root, split) for split in SPLITS}
        self._roles = self._test_roles(root / "info/query_IDX.mat")

    def _read_rows(self, root: Path, split: str) -> np.ndarray:
        """int64 (N, 4): first and last line, person, camera."""
        path = root / f"info/tracks_{split}_info.mat"
        rows = read_matrix(path, f"track_{split}_info")
        if rows.shape[1:] != (4,):
            raise DataError(f"{path}: got a matrix of {rows.shape}, wanted N×4")
        first, last, lines = rows[:, 0], rows[:, 1], len(self._names[split])
        bad = np.flatnonzero((first < 1) | (last < first) | (last > lines))
        if len(bad):
            row = bad[0]
            raise DataError(
                f"{path}: row {row + 1} names lines {first[row]} to {last[row]}, "
                f"wanted a range within the {lines} lines of info/{split}_name.txt"
            )
        return rows

    def _test_roles(self, path: Path) -> list[Role]:
        roles = [_test_role(int(person)) for person in self._rows["test"][:, 2]]
        for row in read_matrix(path, "query_IDX").ravel():
            if not 1 <= row <= len(roles) or roles[row - 1] in (Role.JUNK, Role.DISTRACTOR):
                raise DataError(f"{path}: got row {row}, wanted rows of people in the test table")
            roles[row - 1] = Role.QUERY
        return roles

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def tracklets(self) -> Iterator[SourceTracklet]:
        for split in SPLITS:
            for row, (first, last, person, camera) in enumerate(self._rows[split].tolist()):
                name = f"bbox_{split}/row {row + 1}"
                frames = self._named(split, self._names[split][first - 1 : last])
                # Nobody says that a junk tracklet shows one person, and nothing counts it.
                if person != _JUNK:
                    frames = of_one_person(frames, name, self.findings)
                if frames:
                    name = _tracklet_name(frames[0].source)
                    told = whole_number(frames[0].person), frames[0].camera
                    if told != (person, camera):
                        reason = f"row {row + 1} says person {person} and camera {camera}, names say {told}"
                        self.findings.append(Finding("label_disagrees", frames[0].source, reason))
                role = Role.TRAIN if split == "train" else self._roles[row]
                yield SourceTracklet(person, camera, name, (role,), in_order(frames))

    def _named(self, split: str, names: list[str]) -> list[NamedFrame]:
        frames = []
        for name in names:
            found = NAME.fullmatch(name)
            if found is None:
                reason = f"listed in info/{split}_name.txt, wanted a name such as 0001C1T0001F001.jpg"
                self.findings.append(Finding("odd_name", name, reason))
            else:
                frames.append(_named_frame(found, f"bbox_{split}/{found['person']}/{name}"))
        return frames


class ByNames:
    """The data set without `info/`."""

    def __init__(self, root: Path, queries: QueryRule) -> None:
        self.findings: list[Finding] = []
        self._root = root
        # One entry a tracklet: folder of the person, (camera, tracklet).
        self._keys = [
            (folder, key)
            for split in SPLITS
            for folder in self._people(f"bbox_{split}")
            for key in self._tracklets_of(folder)
        ]
        people = [
            (place, folder, key[0])
            for place, (folder, key) in enumerate(self._keys)
            if self._role(folder) == Role.GALLERY
        ]
        chosen = choose_queries([(folder, camera) for _, folder, camera in people], queries)
        self._queries = {people[i][0] for i in chosen}

    def _people(self, folder: str) -> list[str]:
        """Folders of people, in order of their numbers."""
        found = []
        for name in subfolders(self._root / folder):
            if re.fullmatch(r"\d*-?\d+", name):
                found.append((whole_number(name), f"{folder}/{name}"))
            else:
                self.findings.append(Finding("odd_name", f"{folder}/{name}", "a folder without a number"))
        return [path for _, path in sorted(found)]

    def _tracklets_of(self, folder: str) -> dict[tuple[int, int], list[NamedFrame]]:
        """Frames by (camera, tracklet), in that order."""
        person = folder.rpartition("/")[2]
        groups: dict[tuple[int, int], list[NamedFrame]] = defaultdict(list)
        for name in images_in(self._root / folder):
            found, path = NAME.fullmatch(name), f"{folder}/{name}"
            if found is None:
                reason = "wanted a name such as 0001C1T0001F001.jpg"
                self.findings.append(Finding("odd_name", path, reason))
            elif whole_number(found["person"]) != whole_number(person):
                reason = f"names person {found['person']} and lies in the folder of {person}"
                self.findings.append(Finding("mixed_tracklet", path, reason))
            else:
                frame = _named_frame(found, path)
                groups[frame.camera, int(found["tracklet"])].append(frame)
        return dict(sorted(groups.items()))

    def _role(self, folder: str) -> Role:
        split, person = folder.split("/")
        return Role.TRAIN if split == "bbox_train" else _test_role(whole_number(person))

    def __len__(self) -> int:
        return len(self._keys)

    def tracklets(self) -> Iterator[SourceTracklet]:
        open_folder, groups = "", {}
        for place, (folder, key) in enumerate(self._keys):
            if folder != open_folder:
                open_folder, groups = folder, self._tracklets_of(folder)
            frames = in_order(groups.get(key, []))
            role = Role.QUERY if place in self._queries else self._role(folder)
            name = _tracklet_name(frames[0].source) if frames else f"{folder}/C{key[0]}T{key[1]:04d}"
            yield SourceTracklet(whole_number(folder.rpartition("/")[2]), key[0], name, (role,), frames)


def _named_frame(found: re.Match[str], source: str) -> NamedFrame:
    return NamedFrame(found["person"], int(found["camera"]), int(found["frame"]), source)


def _tracklet_name(source: str) -> str:
    """The path of a frame without the frame: bbox_train/0001/0001C1T0001."""
    return source[: source.rindex("F")]


def _test_role(person: int) -> Role:
    return {_JUNK: Role.JUNK, _DISTRACTOR: Role.DISTRACTOR}.get(person, Role.GALLERY)
