"""What lies below the root and was not read: images that no tracklet has, folders that no layout knows.

Every layout states what it reads, and a file beside that would be gone without a word. So when all tracklets
have been listed, the tree is walked once and what nobody claimed is a finding: of a folder the number of
images and the first, of other files the number by ending. A frame is remembered as eight bytes.

Passed over in silence are only hidden files, the records of our own exports, and what the published data set
has beside what is needed.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from stcnet_lib.data.source.layouts.base import Finding, Layout, natural_order, subfolders
from stcnet_lib.data.source.layouts.nearby import meant
from stcnet_lib.data.source.layouts.others import other_files
from stcnet_lib.data.store.images import is_image

_OWN = frozenset({"export.json", "manifest.parquet"})  # of an export, in its root
_WHOLE = ("odd_name", "misnamed_folder", "unknown_folder", "other_folder")  # kinds that name a folder


class Claimed:
    """The files that a layout reads, or has findings about."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, sources: Iterable[str]) -> None:
        """Paths relative to the root."""
        self._digests.extend(map(_digest, sources))

    def finish(self) -> np.ndarray:
        """Sorted uint64."""
        return np.sort(np.frombuffer(self._digests, np.uint64))


def _digest(source: str) -> int:
    data = source.encode("utf-8", "surrogateescape")  # a file's name may be any bytes
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())


class _Folder(NamedTuple):
    """A folder and the files in it that nobody claimed."""

    path: str  # relative to the root; empty for the root itself
    files: list[str]

    def paths(self) -> Iterator[str]:
        """Of the files, relative to the root."""
        return (f"{self.path}/{name}" if self.path else name for name in self.files)


def leftovers(layout: Layout, claimed: Claimed) -> Iterator[Finding]:
    """Findings about all that was passed over, in a fixed order.

    Args:
        claimed: every frame of the layout; what it has findings about and its tables are added here.
    """
    if not layout.frames_are_files:
        return
    found = layout.findings()
    claimed.add(finding.source for finding in found)
    claimed.add(layout.tables())
    unknown = list(_unknown_folders(layout))
    yield from unknown
    # What lies below these is told of as a whole.
    known = {finding.source for finding in (*unknown, *found) if finding.kind in _WHOLE} | {*layout.ignores}
    others = []
    for folder in _walk(layout.root, claimed.finish(), known):
        images = []
        for path in folder.paths():
            if is_image(layout.root / path):
                images.append(path)
            elif path not in _OWN:
                others.append(path)
        if images:
            where = folder.path or "the root"
            if len(images) == 1:
                reason = f"1 image in {where} belongs to no tracklet and is not read"
            else:
                reason = f"{len(images)} images in {where} belong to no tracklet and are not read"
            yield Finding("unread_image", images[0], reason)
    yield from other_files(others, "Pillow")


def _walk(root: Path, claimed: np.ndarray, known: set[str]) -> Iterator[_Folder]:
    """Every folder from the root on that has unclaimed files, but hidden and known ones."""
    pending, seen = [""], {os.path.realpath(root)}
    while pending:
        at = pending.pop()
        folder, inner = _Folder(at, []), []
        try:
            with os.scandir(root / at) as entries:
                for entry in entries:
                    path = f"{at}/{entry.name}" if at else entry.name
                    if entry.name.startswith(".") or path in known:
                        continue
                    if not entry.is_dir():
                        folder.files.append(entry.name)
                    elif not entry.is_symlink():
                        inner.append(path)
                    elif (real := os.path.realpath(entry.path)) not in seen:  # a link may lead in a circle
                        seen.add(real)
                        inner.append(path)
        except OSError:  # not to be listed: what is in it was not read either
            continue
        pending += reversed(natural_order(inner))
        read = _among(np.array([_digest(path) for path in folder.paths()], np.uint64), claimed)
        left = natural_order(name for name, hit in zip(folder.files, read, strict=True) if not hit)
        if left:
            yield _Folder(at, left)


def _among(digests: np.ndarray, claimed: np.ndarray) -> np.ndarray:
    """Which of some digests are in a long sorted list (np.isin would sort it anew for every folder)."""
    places = np.searchsorted(claimed, digests)
    hit = places < len(claimed)
    hit[hit] = claimed[places[hit]] == digests[hit]
    return hit


def _unknown_folders(layout: Layout) -> Iterator[Finding]:
    """Folders beside those that are read: near misses of their names, and others."""
    above = {"/".join(PurePosixPath(read).parts[:-depth]) for read in layout.reads for depth in (1, 2, 3)}
    for parent in sorted(above):
        known, ignored = _children(parent, layout.reads), _children(parent, layout.ignores)
        for name in subfolders(layout.root / parent):
            if name in known or name in ignored:
                continue
            path = f"{parent}/{name}" if parent else name
            guess, (images, first) = meant(name, known), _count_images(layout.root / path)
            if not images:
                yield Finding("other_folder", path, "holds no image and is not read")
                continue
            holds = f"holds {images} image{'s' if images > 1 else ''}, the first {first}, and is not read"
            if guess is None:
                yield Finding("unknown_folder", path, f"{holds}; wanted {', '.join(sorted(known))}")
            else:
                yield Finding("misnamed_folder", path, f"{holds}; did you mean '{guess}'?")


def _children(parent: str, paths: Iterable[str]) -> set[str]:
    """Names that stand directly below a folder on the way to some paths."""
    head = f"{parent}/" if parent else ""
    return {path[len(head) :].split("/")[0] for path in paths if path.startswith(head)}


def _count_images(path: Path) -> tuple[int, str]:
    """How many images lie below a folder, and the first."""
    nothing = np.zeros(0, np.uint64)
    images = [
        inner for folder in _walk(path, nothing, set()) for inner in folder.paths() if is_image(path / inner)
    ]
    return len(images), images[0] if images else ""
