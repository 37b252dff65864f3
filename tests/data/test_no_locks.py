"""File systems without locks: every file is written and read although `flock` fails, as on such an NFS."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from stcnet_lib.common.hdf5 import Hdf5Error, open_hdf5
from stcnet_lib.data.store.tracklets import StoreError, TrackletStore

REPOSITORY = Path(__file__).parents[2]
FLOCK = "#include <errno.h>\nint flock(int file, int what) { errno = %d; return -1; }\n"
STAGES = """
import sys
from pathlib import Path
import h5py, numpy as np
from stcnet_lib.config import DatasetConfig, WalkersConfig
from stcnet_lib.common.hdf5 import Hdf5Writer, open_hdf5
from stcnet_lib.data.source.layouts.matlab import read_matrix, write_matrix
from stcnet_lib.data.store.tracklets import StoreError, TrackletStore
from stcnet_lib.reid.embeddings import Embeddings
from stcnet_lib.walkers.dataset import read_events, write_walkers

folder = Path(sys.argv[1])
walkers = WalkersConfig(train_identities=2, test_identities=2, cameras=2, frames=4, height=32, width=16)
config = DatasetConfig(name="w", layout="walkers", walkers=walkers)
write_walkers(config, *(folder / name for name in ("tracklets.h5", "truth.h5", "integrity.json")))
read_events(folder / "truth.h5")
with TrackletStore(folder / "tracklets.h5") as store, TrackletStore(folder / "truth.h5") as truth:
    assert store.read_image(3).shape == truth.read_image(3).shape == (32, 16, 3)
numbers = np.arange(3)
Embeddings(np.eye(3, dtype=np.float32), numbers, numbers, numbers, numbers).write(folder / "e.h5", {})
assert Embeddings.read(folder / "e.h5").features.shape == (3, 3)
with Hdf5Writer(folder / "regions.h5") as writer:
    writer.file["features"] = numbers
with open_hdf5(folder / "regions.h5") as file:
    assert file["features"][:].tolist() == [0, 1, 2]
write_matrix(folder / "m.mat", "query", np.array([[1, 3]]), hdf5=True)
assert read_matrix(folder / "m.mat", "query").tolist() == [[1, 3]]

data = (folder / "tracklets.h5").read_bytes()
(folder / "cut.h5").write_bytes(data[: len(data) // 2])
try:
    TrackletStore(folder / "cut.h5")
except StoreError as error:
    assert "no complete HDF5 file" in str(error), error
else:
    raise AssertionError("half a store was opened")
try:  # the library itself, so that this test can fail
    h5py.File(folder / "e.h5", locking=True)
except OSError:
    print("locks are refused")
"""


def without_locks(folder: Path, code: int) -> dict[str, str]:
    """The environment of a process in which `flock` fails."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and LD_PRELOAD")
    (folder / "flock.c").write_text(FLOCK % code)
    library = folder / "flock.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "flock.c")]
    subprocess.run(command, check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(REPOSITORY)}
    environment.pop("HDF5_USE_FILE_LOCKING", None)
    return environment


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EACCES])
@pytest.mark.parametrize("read_only", [False, True])
def test_every_file_is_written_and_read_without_locks(tmp_path, code, read_only):
    environment = without_locks(tmp_path, code)
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", STAGES, str(out)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (0, "locks are refused\n"), done.stderr
    if read_only:  # nor does a reader want to write: archives are often mounted like that
        for path in out.iterdir():
            path.chmod(0o444)
        out.chmod(0o555)
        script = (
            "import sys; from stcnet_lib.data.store.tracklets import TrackletStore; "
            "TrackletStore(sys.argv[1])"
        )
        command = [sys.executable, "-c", script, str(out / "tracklets.h5")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        out.chmod(0o755)
        assert done.returncode == 0, done.stderr


def test_what_the_system_refuses_is_not_called_damage(tmp_path, store_path):
    with pytest.raises(Hdf5Error, match=re.escape(f"{tmp_path}: cannot be opened (Is a directory)")):
        open_hdf5(tmp_path)
    with pytest.raises(Hdf5Error, match=re.escape(f"{tmp_path}/no.h5: cannot be opened (No such file or")):
        open_hdf5(tmp_path / "no.h5")
    with h5py.File(store_path), pytest.raises(StoreError, match="is open in this process with a lock"):
        TrackletStore(store_path)
    store_path.write_bytes(store_path.read_bytes()[:-100])
    with pytest.raises(StoreError, match=r"no complete HDF5 file .*truncated"):
        TrackletStore(store_path)


def test_a_file_that_somebody_has_locked_is_read(store_path):
    with open(store_path, "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with TrackletStore(store_path) as store:
            assert len(store.read_bytes(0)) > 0


def test_a_lock_that_the_environment_insists_on_is_named(tmp_path, store_path):
    environment = without_locks(tmp_path, errno.ENOLCK) | {"HDF5_USE_FILE_LOCKING": "TRUE"}
    script = (
        "import sys; from stcnet_lib.data.store.tracklets import TrackletStore; TrackletStore(sys.argv[1])"
    )
    command = [sys.executable, "-c", script, str(store_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert (
        f"{store_path}: cannot be locked (No locks available): got HDF5_USE_FILE_LOCKING=TRUE in the "
        "environment, wanted it unset or FALSE"
    ) in done.stderr
    assert "no complete HDF5 file" not in done.stderr


def test_no_module_opens_hdf5_by_itself():
    """Each would have to think of locks again."""
    found = [
        path.relative_to(REPOSITORY).as_posix()
        for folder in ("stcnet_lib", "workflow", "benchmarks")
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
        if re.search(r"h5py\.File\(", path.read_text(encoding="utf-8"))
    ]
    assert found == ["stcnet_lib/common/hdf5.py"]
