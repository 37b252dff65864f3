"""The file between `embed` and `evaluate`: one feature a test tracklet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet_lib.common.files import replacing
from stcnet_lib.common.forms import Form
from stcnet_lib.common.hdf5 import Hdf5Writer, open_hdf5

EMBEDDINGS = Form("stcnet-embeddings", 1)


@dataclass(frozen=True)
class Embeddings:
    """Features of the test tracklets of a split, L2-normalised; the form of `embeddings.h5`."""

    features: np.ndarray  # (N, D) float32
    tracklet: np.ndarray  # (N,)
    pid: np.ndarray  # (N,)
    camera: np.ndarray  # (N,)
    role: np.ndarray  # (N,) values of Role

    def write(self, path: Path, attributes: dict[str, str]) -> None:
        """Write `embeddings.h5`."""
        with replacing(path) as partial, Hdf5Writer(partial, path) as writer:
            writer.file.attrs.update(EMBEDDINGS.stamp(), **attributes)
            for name, values in vars(self).items():
                writer.file.create_dataset(name, data=values, track_times=False)

    @classmethod
    def read(cls, path: Path) -> Embeddings:
        """Read what `write` wrote.

        Raises:
            FormError: a file of another form or version.
        """
        with open_hdf5(path) as file:
            EMBEDDINGS.check(path, file.attrs)
            return cls(**{name: file[name][()] for name in cls.__dataclass_fields__})
