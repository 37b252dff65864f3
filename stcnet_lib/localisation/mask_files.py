"""`masks.h5`: hidden pixels of a store, bit-packed as the masks of a truth, each in the size of its frame.

Beside them, at the size at which frames were looked at, how likely every pixel is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from stcnet_lib.common.files import replacing
from stcnet_lib.common.forms import Form, FormError
from stcnet_lib.common.hdf5 import Hdf5Writer, open_hdf5
from stcnet_lib.data.store.tracklets import TrackletStore

MASKS = Form("stcnet-masks", 1)
_CHUNK = 1 << 16  # bytes


class MaskWriter:
    """Takes the masks of a store's frames in their order."""

    def __init__(self, writer: Hdf5Writer, num_frames: int) -> None:
        self._writer, self._written, self._num_frames = writer, 0, num_frames
        file = writer.file
        file.create_dataset("size", (num_frames, 2), np.int32, track_times=False)
        file.create_dataset(
            "packed",
            (0,),
            np.uint8,
            chunks=(_CHUNK,),
            maxshape=(None,),
            compression="gzip",
            compression_opts=1,
            track_times=False,
        )

    def append(self, masks: Sequence[np.ndarray], chances: np.ndarray) -> None:
        """Write the masks of the next n frames, bool (H, W) each, and chances (n, h, w) in [0, 1].

        Raises:
            OSError: the disk does not take them.
        """
        packed = np.concatenate([np.packbits(mask, axis=1).reshape(-1) for mask in masks])
        file, end = self._writer.file, self._written + len(masks)
        if not self._written:
            shape = chances.shape[1:]
            file.create_dataset(
                "chances",
                (self._num_frames, *shape),
                np.uint8,
                chunks=(min(16, self._num_frames), *shape),
                compression="gzip",
                compression_opts=1,
                track_times=False,
            )
        file["chances"][self._written : end] = np.round(255 * chances)
        file["size"][self._written : end] = [mask.shape for mask in masks]
        start = len(file["packed"])
        file["packed"].resize((start + len(packed),))
        file["packed"][start:] = packed
        self._writer.check()
        self._written = end


class Masks:
    """The masks of a store, read from disk where they are asked for."""

    def __init__(self, file: h5py.File) -> None:
        self._packed, self._sizes = file["packed"], file["size"][:].astype(np.int64)
        self._chances = file["chances"]
        self._ends = np.cumsum(self._sizes[:, 0] * -(-self._sizes[:, 1] // 8))

    def chances(self, frames: range) -> np.ndarray:
        """float32 (n, h, w) in [0, 1], in steps of 1/255: how likely pixels of the frames are hidden."""
        return self._chances[frames.start : frames.stop].astype(np.float32) / 255

    def read(self, frames: range) -> list[np.ndarray]:
        """bool (H, W) of consecutive frames."""
        first = int(self._ends[frames.start - 1]) if frames.start else 0
        packed = self._packed[first : int(self._ends[frames.stop - 1])]
        parts = np.split(packed, self._ends[frames.start : frames.stop - 1] - first)
        sizes = self._sizes[frames.start : frames.stop]
        return [
            np.unpackbits(part.reshape(height, -1), axis=1, count=int(width)).astype(bool)
            for part, (height, width) in zip(parts, sizes, strict=True)
        ]


@contextmanager
def writing_masks(path: Path, store: TrackletStore, **attributes: str) -> Iterator[MaskWriter]:
    """A new file, which takes its place when the block ends; `attributes` say how its masks were made."""
    with replacing(path) as partial, Hdf5Writer(partial, path) as writer:
        writer.file.attrs.update(MASKS.stamp(store.digest), **attributes)
        yield MaskWriter(writer, store.num_frames)


@contextmanager
def open_masks(path: str | Path, store: TrackletStore) -> Iterator[Masks]:
    """What `writing_masks` wrote of this store.

    Raises:
        FormError: a file of another form or version, or of another store.
    """
    with open_hdf5(path) as file:
        MASKS.check(path, file.attrs, store.digest)
        if len(file["size"]) != store.num_frames:
            raise FormError(f"{path}: got masks of {len(file['size'])} frames, wanted {store.num_frames}")
        yield Masks(file)
