"""The packed tracklet store: one HDF5 file for millions of small images (`docs/architecture.md`).

The encoded images stay byte for byte what they were. A reader holds the tables (some 20 bytes a frame)
and fetches pixels one frame at a time; it may be pickled, and survives a fork, because every process
opens its own handle.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import pandas as pd

from stcnet_lib import REGIONS
from stcnet_lib.common.hdf5 import Hdf5Error, open_hdf5
from stcnet_lib.data.store.images import decode
from stcnet_lib.data.store.writer import FORMAT, VERSION, StoreWriter

__all__ = ["Role", "StoreError", "StoreWriter", "TrackletStore"]

_DATASETS = (
    "frames/bytes",
    "frames/end",
    "frames/number",
    "frames/source",
    "tracklets/pid",
    "tracklets/camera",
    "tracklets/name",
    "tracklets/end",
    "roles",
)


class Role(IntEnum):
    """What a tracklet is for in one split."""

    UNUSED = 0
    TRAIN = 1
    QUERY = 2
    GALLERY = 3
    DISTRACTOR = 4  # in the gallery, matches nobody
    JUNK = 5  # in the gallery list, never counted


class StoreError(ValueError):
    """A file that is no usable tracklet store; the message names it."""


class TrackletStore:
    """Read-only view of a `tracklets.h5`.

    Raises:
        StoreError: the file is missing, foreign, truncated, unfinished, or of a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._pid = -1
        self._handle()  # so that an unusable file is reported where it is named

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None, "_pid": -1}  # tables are read again: cheaper than pickling

    def __enter__(self) -> TrackletStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the next access opens it again."""
        if self._file is not None and self._pid == os.getpid():
            self._file.close()
        self._file = None

    def _handle(self) -> h5py.File:
        # A handle inherited through fork would share HDF5's caches with another process.
        if self._file is None or self._pid != os.getpid():
            self._file, self._pid = _open(self.path), os.getpid()
            self._bytes = self._file["frames/bytes"]
        return self._file

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """format, version, dataset, layout, licence, citation, config, digest; width of truth masks."""
        return {
            key: value.item() if isinstance(value, np.generic) else value
            for key, value in self._handle().attrs.items()
        }

    @property
    def digest(self) -> str:
        """sha256 over frames and tables."""
        return self.attributes["digest"]

    @property
    def config(self) -> str:
        """Canonical JSON of the section that made the store."""
        return self.attributes["config"]

    @cached_property
    def tracklets(self) -> pd.DataFrame:
        """One row a tracklet: pid, camera, name, start (first frame), length; the index is its number."""
        group = self._handle()["tracklets"]
        end = group["end"][:]
        start = np.concatenate([[0], end[:-1]])
        return pd.DataFrame(
            {
                "pid": group["pid"][:],
                "camera": group["camera"][:],
                "name": group["name"].asstr()[:],
                "start": start,
                "length": end - start,
            },
            index=pd.RangeIndex(len(end), name="tracklet"),
        )

    @cached_property
    def roles(self) -> np.ndarray:
        """int8 (S, N): the `Role` of every tracklet in every split."""
        return self._handle()["roles"][:]

    @cached_property
    def frame_number(self) -> np.ndarray:
        """int32 (F,): the number a frame has in the source."""
        return self._handle()["frames/number"][:]

    @cached_property
    def frame_tracklet(self) -> np.ndarray:
        """int32 (F,): the tracklet a frame belongs to."""
        return np.repeat(np.arange(len(self.tracklets), dtype=np.int32), self.tracklets["length"])

    @cached_property
    def _frame_end(self) -> np.ndarray:
        return self._handle()["frames/end"][:]

    @cached_property
    def _tracklet_end(self) -> np.ndarray:
        return self._handle()["tracklets/end"][:]

    @property
    def num_frames(self) -> int:
        """F."""
        return len(self._frame_end)

    @property
    def num_tracklets(self) -> int:
        """N."""
        return len(self._tracklet_end)

    def __len__(self) -> int:
        return self.num_tracklets

    def frames_of(self, tracklet: int) -> range:
        """The frames of a tracklet, in order of their numbers."""
        end = self._tracklet_end
        if not 0 <= tracklet < len(end):
            raise IndexError(f"{self.path}: got tracklet {tracklet}, wanted one in 0…{len(end) - 1}")
        return range(int(end[tracklet - 1]) if tracklet > 0 else 0, int(end[tracklet]))

    def tracklets_with(self, split: int, *roles: Role) -> np.ndarray:
        """int64 (n,): the tracklets, ascending, that have one of `roles` in row `split` of `roles`."""
        if not 0 <= split < len(self.roles):
            raise ValueError(f"{self.path}: got split {split}, wanted one in 0…{len(self.roles) - 1}")
        return np.flatnonzero(np.isin(self.roles[split], [int(role) for role in roles]))

    def read_bytes(self, frame: int) -> bytes:
        """The encoded image of a frame, as it was in the source."""
        end = self._frame_end
        if not 0 <= frame < len(end):
            raise IndexError(f"{self.path}: got frame {frame}, wanted one in 0…{len(end) - 1}")
        start = int(end[frame - 1]) if frame > 0 else 0
        try:
            self._handle()
            return self._bytes[start : int(end[frame])].tobytes()
        except OSError as error:
            raise StoreError(f"{self.path}: frame {frame} cannot be read ({error})") from None

    def read_image(self, frame: int) -> np.ndarray:
        """uint8 (H, W, 3): a frame, decoded.

        Raises:
            ImageError: naming store, frame and source.
        """
        data = self.read_bytes(frame)
        try:
            return decode(data, "")
        except ValueError as error:
            source = self.sources(range(frame, frame + 1))[0]
            raise type(error)(f"{self.path}: frame {frame} ({source}){error}") from None

    def sources(self, frames: range) -> list[str]:
        """Paths of consecutive frames relative to the source's root."""
        dataset = self._handle()["frames/source"].asstr()
        return list(dataset[frames.start : frames.stop : frames.step])

    @property
    def has_truth(self) -> bool:
        """Whether the store holds the masks of a `truth.h5`."""
        return "truth" in self._handle()

    @cached_property
    def overlapped(self) -> np.ndarray | None:
        """bool (F, K): thirds that the box of somebody else reaches into; None where no boxes are known."""
        return self._handle()["frames/overlapped"][:] if "overlapped" in self._handle()["frames"] else None

    @property
    def planted(self) -> str | None:
        """Canonical JSON of the settings by which occluders were pasted into these frames, if they were."""
        return self.attributes.get("planted")

    @cached_property
    def _truth_sizes(self) -> np.ndarray | None:
        """int32 (F, 2): height and width of every mask, where they differ; None where all are alike."""
        group = self._handle()["truth"]
        return group["size"][:] if "size" in group else None

    @cached_property
    def _truth_ends(self) -> np.ndarray:
        """int64 (F,): where the packed mask of a frame ends."""
        return np.cumsum(self._truth_sizes[:, 0].astype(np.int64) * -(-self._truth_sizes[:, 1] // 8))

    @cached_property
    def doubtful(self) -> np.ndarray:
        """bool (F, K): thirds of which nobody can say whether something hides them: they count as neither."""
        if self.has_truth and self._truth_sizes is not None:
            return self._handle()["truth/doubtful"][:]
        return np.zeros((self.num_frames, len(REGIONS)), dtype=bool)

    def truth_runs(self, frames: range, most: int = 512) -> Iterator[range]:
        """Consecutive runs of at most `most` frames whose masks have one size, so that they can be read at
        once."""
        sizes = self._truth_sizes if self.has_truth else None
        start = frames.start
        while start < frames.stop:
            stop = min(start + most, frames.stop)
            if sizes is not None:
                other = np.flatnonzero((sizes[start:stop] != sizes[start]).any(axis=1))
                stop = start + int(other[0]) if len(other) else stop
            yield range(start, stop)
            start = stop

    def read_truth(self, frames: range) -> tuple[np.ndarray, np.ndarray]:
        """Masks of consecutive frames: covered by the occluder; of the clean person. Both bool (n, H, W).

        Raises:
            ValueError: no masks, or masks of several sizes, see `truth_runs`.
        """
        if not self.has_truth:
            raise ValueError(f"{self.path}: got a store without masks, wanted a truth.h5")
        group = self._handle()["truth"]
        if self._truth_sizes is not None:
            return self._read_sized_truth(frames)
        width = int(self.attributes["width"])
        occluder, person = (
            np.unpackbits(group[name][frames.start : frames.stop], axis=2, count=width).astype(bool)
            for name in ("occluder", "person")
        )
        return occluder, person

    def _read_sized_truth(self, frames: range) -> tuple[np.ndarray, np.ndarray]:
        sizes = self._truth_sizes[frames.start : frames.stop]
        if (sizes != sizes[:1]).any():
            raise ValueError(f"{self.path}: got masks of several sizes in frames {frames}, wanted of one")
        height, width = (int(side) for side in sizes[0])
        first = int(self._truth_ends[frames.start - 1]) if frames.start else 0
        last = int(self._truth_ends[frames.stop - 1])
        occluder, person = (
            np.unpackbits(
                self._handle()[f"truth/{name}"][first:last].reshape(len(sizes), height, -1),
                axis=2,
                count=width,
            ).astype(bool)
            for name in ("occluder", "person")
        )
        return occluder, person


def _open(path: Path) -> h5py.File:
    """Open and check a store."""
    if not path.is_file():
        raise StoreError(f"{path}: no such file, wanted a tracklet store")
    try:
        # No cache: uncompressed chunks are then read in part, just the bytes of the wanted frame.
        file = open_hdf5(path, rdcc_nbytes=0)
    except Hdf5Error as error:
        raise StoreError(str(error)) from None
    problem = _problem(file)
    if problem:
        file.close()
        raise StoreError(f"{path}: {problem}")
    return file


def _problem(file: h5py.File) -> str | None:
    """What keeps an HDF5 file from being a usable store."""
    kind = file.attrs.get("format")
    if kind != FORMAT:
        return f"got format {kind!r}, wanted '{FORMAT}': not a tracklet store"
    version = int(file.attrs.get("version", 0))
    if version != VERSION:
        advice = "update the software" if version > VERSION else "make it again"
        return f"got version {version} of the format, wanted {VERSION}: {advice}"
    missing = [name for name in _DATASETS if name not in file]
    if missing or "digest" not in file.attrs:
        return f"unfinished, lacks {', '.join(missing) or 'its digest'}: make it again"
    frames, tracklets = len(file["frames/end"]), len(file["tracklets/end"])
    consistent = (
        all(len(file[f"frames/{name}"]) == frames for name in ("number", "source"))
        and all(len(file[f"tracklets/{name}"]) == tracklets for name in ("pid", "camera", "name"))
        and file["roles"].shape[1:] == (tracklets,)
        and frames > 0
        and tracklets > 0
        and file["frames/end"][-1] == len(file["frames/bytes"])
        and file["tracklets/end"][-1] == frames
    )
    return None if consistent else "its tables disagree in length: make it again"
