"""The files between the stages of localisation: `regions.h5` (features) and `hidden.h5` (detectors).

Both hold one row a frame of a store, whose digest they name: a file of another data set has other frames, and
nothing that is computed from it would look wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import h5py

from stcnet_lib import REGIONS
from stcnet_lib.common.hdf5 import Hdf5Error, check_form, open_hdf5
from stcnet_lib.data.store.tracklets import TrackletStore


class Form(NamedTuple):
    """What tells files of one kind from others, and the data set of their values."""

    format: str
    version: int
    values: str

    def attributes(self, store: TrackletStore) -> dict[str, str | int]:
        """To be written into a file of the store's frames."""
        return {"digest": store.digest, "format": self.format, "version": self.version}


REGION_FEATURES = Form("stcnet-regions", 1, "features")  # float16 (F, K, D)
HIDDEN_LOGITS = Form("stcnet-hidden", 1, "logits")  # float32 (F, K)


@contextmanager
def open_regions(path: Path, form: Form, store: TrackletStore) -> Iterator[h5py.Dataset]:
    """The values of a file, which are read from disk where they are asked for.

    Raises:
        Hdf5Error: a file of another form or version, or of another store.
    """
    with open_hdf5(path) as file:
        check_form(file, form.format, form.version)
        if file.attrs.get("digest") != store.digest:
            raise Hdf5Error(
                f"{path}: got the frames of another data set, wanted those of {store.path}: delete it, and "
                "it is made again"
            )
        values = file[form.values]
        if values.shape[:2] != (store.num_frames, len(REGIONS)):
            raise Hdf5Error(
                f"{path}: got values of shape {values.shape}, wanted ({store.num_frames}, {len(REGIONS)}, …)"
            )
        yield values
