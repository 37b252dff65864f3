"""What a source layout tells: tracklets with their people, cameras and roles, and how to read a frame.

A new data set is one new file with a subclass of `Layout`, and its row in `config/layouts.py`. The
same class says where an export puts frames, and writes the tables that an export cannot copy.
"""

from __future__ import annotations

import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.store.images import is_image
from stcnet_lib.data.store.tracklets import Role


class DataError(ValueError):
    """A source that cannot be used as it is; the message lists what is wrong with it."""


@dataclass(frozen=True)
class Finding:
    """Something noticed about the source."""

    kind: str  # e.g. "undecodable", "empty_folder"
    source: str  # path relative to the root, of a file or a folder
    reason: str


@dataclass(frozen=True)
class Frame:
    """One image of the source."""

    number: int  # rising within a tracklet
    source: str  # path relative to the root, with forward slashes


@dataclass(frozen=True)
class SourceTracklet:
    """One tracklet of the source, its frames listed but not read."""

    pid: int
    camera: int
    name: str
    roles: tuple[Role, ...]  # one a split
    frames: tuple[Frame, ...]


class Layout(ABC):
    """A source folder, read in one way. Every listing is sorted: nothing depends on the file system."""

    licence: str = "not stated by the source"
    citation: str = ""
    splits: int = 1
    suffix: str | None = None  # of image names, where readers of this layout insist on one
    # For `leftovers.py`, which lists what was passed over: folders of the root that are read (none: any may
    # be), folders that the published data set has and nothing here needs, and whether frames are files.
    reads: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    frames_are_files: bool = True
    numbered_by_names: bool = True  # names of images hold the frame numbers
    exported_as: str | None = None  # another layout, whose places this one's exports have

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._findings: list[Finding] = []

    @classmethod
    def open(cls, config: DatasetConfig) -> Layout:
        """The source that the configuration names; layouts with settings of their own take them here."""
        return cls(Path(config.root))

    @abstractmethod
    def __len__(self) -> int:
        """Tracklets."""

    @abstractmethod
    def tracklets(self) -> Iterator[SourceTracklet]:
        """All tracklets, always in the same order; one that has no frames as well."""

    def findings(self) -> list[Finding]:
        """Faults of the structure itself, such as empty folders; files that nobody reads are found by
        `leftovers.py`, whatever the layout.

        Complete once all tracklets have been listed; each fault once, however often they were.
        """
        return list(dict.fromkeys(self._findings))

    def read(self, frame: Frame) -> bytes:
        """The encoded image, as it is in the source."""
        return (self.root / frame.source).read_bytes()

    def overlapped(self, tracklet: SourceTracklet) -> np.ndarray | None:
        """bool (T, K): thirds that somebody else's box reaches into, where the source knows all boxes."""
        return None

    def tables(self) -> list[str]:
        """Files that say what the images are, relative to the root; an export carries copies of them."""
        return []

    def copy_tables(self, folder: Path) -> None:
        """Put what `tables` lists into an export, byte for byte."""
        for table in self.tables():
            (folder / table).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / table, folder / table)

    def write_tables(self, folder: Path, tracklets: Iterable[SourceTracklet]) -> None:
        """The same for an export whose frames are not those of the source: tables that name frames are
        written anew.

        Args:
            tracklets: of the export, in its order; a frame's `source` is its path in `folder`.
        """
        self.copy_tables(folder)

    def place(self, source: str, role: Role) -> str:
        """Where an export puts a frame: where the source has it."""
        return source

    def copy_path(self, source: str) -> str:
        """Where a second version of a frame stands, in a tracklet of its own beside the first.

        Raises:
            ValueError: the layout has room for one tracklet only.
        """
        raise ValueError(
            f"export.contents: got 'mixed', wanted another: {type(self).__name__} holds one tracklet "
            f"a person and camera, so {source} cannot stand there twice"
        )

    def copy_name(self, name: str) -> str:
        """What that other tracklet is called in tables."""
        return f"{name}_restored"


def restored_folder(source: str) -> str:
    """The same image in a tracklet folder of its own, beside the first."""
    tracklet, _, image = source.rpartition("/")
    return f"{tracklet}_restored/{image}"


def subfolders(path: Path) -> list[str]:
    """Names of the folders in a folder, in natural order, without hidden ones; none if it does not exist."""
    return _listed(path, os.DirEntry.is_dir)


def images_in(path: Path) -> list[str]:
    """Names of the images in a folder, in natural order, without hidden ones; none if it does not exist."""
    return _listed(path, is_image)


def _listed(path: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return natural_order(
                entry.name for entry in entries if not entry.name.startswith(".") and wanted(entry)
            )
    except (FileNotFoundError, NotADirectoryError):
        return []


def numbered(frames: Iterable[tuple[int, str]]) -> tuple[Frame, ...]:
    """Frames from (number, source), by number and then name; places from 0 where a number repeats."""
    ordered = sorted(frames, key=lambda frame: (frame[0], natural_key(frame[1])))
    rising = all(a[0] < b[0] < 2**31 for a, b in pairwise(ordered))
    return tuple(Frame(number if rising else place, source) for place, (number, source) in enumerate(ordered))


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]], str]:
    """Sorts "f2" before "f10", and "f.jpg" before "f2.jpg".

    Names that differ only in leading zeros keep a fixed order.
    """
    stem, ending = os.path.splitext(name)  # apart: "im" begins "im2", which "im.jpg" does not
    return _counted(stem), _counted(ending), name


def _counted(text: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", text)
    return [(0, int(part), "") if i % 2 else (1, 0, part) for i, part in enumerate(parts) if part]


def natural_order(names: Iterable[str]) -> list[str]:
    """Names as people count them."""
    return sorted(names, key=natural_key)


def frame_numbers(names: Sequence[str]) -> list[int]:
    """Numbers of naturally ordered image names: the last one in the name, if that rises from name to name
    and fits 32 bits; else the position, from 0."""
    found = [re.findall(r"\d+", Path(name).stem) for name in names]
    if all(found):
        numbers = [int(digits[-1]) for digits in found]
        rising = all(a < b for a, b in pairwise(numbers))
        if rising and (not numbers or numbers[-1] < 2**31):
            return numbers
    return list(range(len(names)))


def label_numbers(labels: Iterable[str]) -> dict[str, int]:
    """A number for every label: its only run of digits ("cam2" is 2), if that tells all labels apart;
    else its place in natural order, from 1."""
    ordered = natural_order(set(labels))
    digits = [re.findall(r"\d+", label) for label in ordered]
    if all(len(found) == 1 for found in digits):
        numbers = [int(found[0]) for found in digits]
        if len(set(numbers)) == len(numbers) and all(number < 2**31 for number in numbers):
            return dict(zip(ordered, numbers, strict=True))
    return {label: place for place, label in enumerate(ordered, start=1)}
