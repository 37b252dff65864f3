"""The files between the stages of localisation: `regions.h5` (features) and `hidden.h5` (detectors).

Both hold one row a frame of a store, and are written and read piece by piece: features of a large data set do
not fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.common.files import replacing
from stcnet_lib.common.forms import Form, FormError
from stcnet_lib.common.hdf5 import Hdf5Writer, open_hdf5
from stcnet_lib.data.store.tracklets import TrackletStore


class RegionForm(NamedTuple):
    """A form of such files, and the data set of their values."""

    form: Form
    values: str
    dtype: str


REGION_FEATURES = RegionForm(Form("stcnet-regions", 1), "features", "float16")  # (F, K, D)
HIDDEN_LOGITS = RegionForm(Form("stcnet-hidden", 1), "logits", "float32")  # (F, K)


class RegionWriter:
    """Takes the values of a store's frames in their order."""

    def __init__(self, writer: Hdf5Writer, kind: RegionForm, num_frames: int) -> None:
        self._writer, self._kind, self._num_frames = writer, kind, num_frames
        self._written = 0

    def append(self, values: np.ndarray) -> None:
        """Write the values (n, K, …) of the next n frames.

        Raises:
            OSError: the disk does not take them.
        """
        if not self._written:
            shape, chunks = ((n, *values.shape[1:]) for n in (self._num_frames, min(64, self._num_frames)))
            self._writer.file.create_dataset(
                self._kind.values, shape, self._kind.dtype, chunks=chunks, track_times=False
            )
        end = self._written + len(values)
        self._writer.file[self._kind.values][self._written : end] = values
        self._writer.check()
        self._written = end


@contextmanager
def writing_regions(
    path: Path, kind: RegionForm, store: TrackletStore, **attributes: str
) -> Iterator[RegionWriter]:
    """A new file, which takes its place when the block ends; `attributes` say how its values were made."""
    with replacing(path) as partial, Hdf5Writer(partial, path) as writer:
        writer.file.attrs.update(kind.form.stamp(store.digest), **attributes)
        yield RegionWriter(writer, kind, store.num_frames)


@contextmanager
def open_regions(path: Path, kind: RegionForm, store: TrackletStore) -> Iterator[h5py.Dataset]:
    """The values of a file, which are read from disk where they are asked for.

    Raises:
        FormError: a file of another form or version, or of another store.
    """
    with open_hdf5(path) as file:
        kind.form.check(path, file.attrs, store.digest)
        values = file[kind.values]
        if values.shape[:2] != (store.num_frames, len(REGIONS)):
            raise FormError(
                f"{path}: got values of shape {values.shape}, wanted ({store.num_frames}, {len(REGIONS)}, …)"
            )
        yield values
