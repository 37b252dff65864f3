"""Matrices in `.mat` files: the older format through SciPy, the newer one, which is HDF5, through h5py."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import scipy.io

from stcnet_lib.common.hdf5 import Hdf5Error, open_hdf5
from stcnet_lib.data.source.layouts.base import DataError

_HEADER = 116  # bytes of free text, in which SciPy writes the time
_USER_BLOCK = 512


def read_matrix(path: Path, name: str) -> np.ndarray:
    """An int64 matrix.

    Raises:
        DataError: the file is missing or damaged, or holds no whole numbers of that name.
    """
    try:
        values = _read(path, name)
    except KeyError:
        raise DataError(f"{path}: got no variable '{name}', wanted one") from None
    except Hdf5Error as error:
        raise DataError(str(error)) from None
    except Exception as error:  # SciPy raises what its parser stumbles over: TypeError, struct.error, …
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read as a .mat file ({reason})") from None
    values = np.atleast_2d(values)
    if values.dtype.kind not in "iuf" or values.ndim != 2 or (values != np.floor(values)).any():
        raise DataError(f"{path}: got '{name}' of {values.dtype} {values.shape}, wanted whole numbers")
    return values.astype(np.int64)


def _read(path: Path, name: str) -> np.ndarray:
    if path.is_file() and h5py.is_hdf5(path):
        with open_hdf5(path) as file:
            return file[name][()].T  # MATLAB stores columns first
    return scipy.io.loadmat(path, variable_names=[name], mat_dtype=True)[name]


def write_matrix(path: Path, name: str, values: np.ndarray, hdf5: bool = False) -> None:
    """A `.mat` file with one matrix; equal values give equal bytes."""
    if not hdf5:
        # Whole numbers, because readers in Python use them as places in lists without converting them.
        scipy.io.savemat(path, {name: values.astype(np.int32)}, appendmat=False)
        with open(path, "r+b") as file:
            file.write(b"MATLAB 5.0 MAT-file, written by stcnet".ljust(_HEADER))
        return
    with open_hdf5(path, "w", userblock_size=_USER_BLOCK) as file:
        file[name] = values.T.astype(np.float64)  # what MATLAB itself writes
        file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with open(path, "r+b") as file:  # without this block MATLAB does not take the file for one of its own
        file.write(b"MATLAB 7.3 MAT-file, written by stcnet".ljust(_HEADER) + bytes(8) + b"\x00\x02IM")
