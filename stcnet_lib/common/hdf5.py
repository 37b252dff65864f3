"""Opening HDF5 without locks, and writing it to disks that may fill up.

Nothing here needs a lock: files are written beside their place and renamed into it, so a reader finds a whole
file or none. And network file systems without a lock daemon refuse one (ENOLCK), for which the HDF5 library
would call a sound file unreadable. HDF5_USE_FILE_LOCKING in the environment, if set, has the last word.

When a write fails, the HDF5 library cannot close the file any more: it prints pages of errors and often
crashes the process at its end. Here the library writes through a Python file that remembers the first
error and keeps what no longer fits in memory, so that the library goes on undisturbed, the file closes
well, and one ordinary OSError is raised.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py

_PAGE = 1 << 16  # bytes
_LOCKING = "HDF5_USE_FILE_LOCKING"  # in the environment: outdoes what a program asks for


class Hdf5Error(OSError):
    """A file that cannot be opened; the message names it and says why."""


def open_hdf5(path: str | Path, mode: str = "r", **options: Any) -> h5py.File:
    """`h5py.File` without a lock.

    Raises:
        Hdf5Error: the file is missing, truncated or foreign, or the system does not give it.
    """
    try:
        return h5py.File(path, mode, locking=False, **options)
    except OSError as error:
        raise Hdf5Error(f"{path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    if "locking flag" in str(error):
        return "is open in this process with a lock: close it there, or open it there with locking=False"
    if error.errno is None:  # found in the file itself, not told by the system
        return f"no complete HDF5 file ({error})"
    told = os.strerror(error.errno)
    if "lock file" in str(error):
        setting = f"{_LOCKING}={os.environ.get(_LOCKING)}"
        return (
            f"cannot be locked ({told}): got {setting} in the environment, wanted it unset or FALSE, since "
            "locks are not needed here"
        )
    return f"cannot be opened ({told})"


class Hdf5Writer:
    """A new HDF5 file, and whether the disk has taken everything so far.

    Leaving the `with` block raises OSError if it has not. Whoever writes much calls `check` now and then:
    after an error the rest of the file would pile up in memory.
    """

    def __init__(self, path: Path, name: Path | None = None) -> None:
        """
        Args:
            name: what an error calls the file, if not `path`.
        """
        self._disk = _Disk(path)
        self.file = h5py.File(self._disk, "w")
        self._name = name or path

    def check(self) -> None:
        """Raise the error that the disk has given, if it has."""
        error = self._disk.error
        if error is not None:
            raise OSError(error.errno, error.strerror, str(self._name))

    def close(self) -> None:
        """Close the file and raise the disk's error, if there is one."""
        try:
            self.file.close()
        finally:
            self._disk.close()
        self.check()

    def __enter__(self) -> Hdf5Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, RuntimeError) if error else contextlib.nullcontext():
            self.close()


class _Disk(io.RawIOBase):
    """A file on which, as far as HDF5 can tell, nothing ever fails."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._position = self._size = 0
        self._pages: dict[int, bytearray] = {}  # of the file, changed after the error
        self.error: OSError | None = None

    def write(self, data: memoryview) -> int:
        data = memoryview(data).cast("B")
        done = 0
        while done < len(data) and self.error is None:
            try:  # a disk that is almost full takes a part
                done += os.pwrite(self._descriptor, data[done:], self._position + done)
            except OSError as error:
                self.error = error
        while done < len(data):
            page, offset = self._page(self._position + done)
            count = min(_PAGE - offset, len(data) - done)
            page[offset : offset + count] = data[done : done + count]
            done += count
        self._position += len(data)
        self._size = max(self._size, self._position)
        return len(data)

    def readinto(self, buffer: memoryview) -> int:
        buffer = memoryview(buffer).cast("B")
        wanted = max(0, min(len(buffer), self._size - self._position))
        done = 0
        while done < wanted:
            page, offset = self._page(self._position + done)
            count = min(_PAGE - offset, wanted - done)
            buffer[done : done + count] = page[offset : offset + count]
            done += count
        self._position += wanted
        return wanted

    def _page(self, position: int) -> tuple[bytearray, int]:
        """The page with that position, and the place in it."""
        number, offset = divmod(position, _PAGE)
        page = self._pages.get(number)
        if page is None:
            page = bytearray(os.pread(self._descriptor, _PAGE, number * _PAGE).ljust(_PAGE, b"\0"))
            if self.error is not None:
                self._pages[number] = page
        return page, offset

    def truncate(self, size: int | None = None) -> int:
        self._size = self._position if size is None else size
        if self.error is None:
            try:
                os.ftruncate(self._descriptor, self._size)
            except OSError as error:
                self.error = error
        return self._size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = (
            offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        )
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            try:
                os.close(self._descriptor)
            except OSError as error:  # some network file systems report a full disk only now
                self.error = self.error or error
        super().close()
