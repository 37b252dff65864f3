"""A disk that fills up, simulated by a limit on the size of files, in a process of its own."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from stcnet_lib.common.hdf5 import Hdf5Writer

WRITER = """
import errno, os, resource, signal, sys
from pathlib import Path
from stcnet_lib.data.store.tracklets import StoreWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # write() fails with EFBIG instead
folder = Path(sys.argv[1])
for limit in (0, 500, 3_000, 70_000, 300_000, 9_000_000, 12_000_000, 12_400_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        writer = StoreWriter(folder / "s.h5", dataset="", layout="", licence="", citation="", config="")
        with writer:
            for n in range(40):
                frames = ((t, f"{n}/{t}", bytes([n]) * 3000) for t in range(100))
                writer.add_tracklet(n, 0, "t", frames)
    except OSError as error:
        assert error.errno == errno.EFBIG and error.filename == str(folder / "s.h5"), error
        print("refused", limit)
    assert os.listdir(folder) == [], limit
"""


def test_full_disk_gives_one_error_and_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    # A clean end matters: with HDF5 in charge of the file, the process crashes when it exits.
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("refused") == 8


def test_hdf5_writer(tmp_path):
    values = np.arange(100_000)
    with Hdf5Writer(tmp_path / "f.h5") as writer:
        writer.file.create_dataset("x", data=values, chunks=(1000,))
    with h5py.File(tmp_path / "f.h5") as file:
        np.testing.assert_array_equal(file["x"][:], values)
    with pytest.raises(KeyError, match="mine"), Hdf5Writer(tmp_path / "g.h5"):
        raise KeyError("mine")
