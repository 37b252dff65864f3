"""The lines of a text file, kept as bytes: a list of a million file names costs its size and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stcnet_lib.data.source.layouts.base import DataError


class TextLines:
    """Lines without their ends; empty lines at the end of the file do not count."""

    def __init__(self, path: Path) -> None:
        try:
            self._bytes = path.read_bytes().rstrip()
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        breaks = np.flatnonzero(np.frombuffer(self._bytes, np.uint8) == ord("\n"))
        self._starts = np.concatenate([[0], breaks + 1, [len(self._bytes) + 1]])

    def __len__(self) -> int:
        return len(self._starts) - 1 if self._bytes else 0

    def __getitem__(self, lines: slice) -> list[str]:
        """Consecutive lines, without blanks around them."""
        first, last, _ = lines.indices(len(self))
        if last <= first:
            return []
        text = self._bytes[self._starts[first] : self._starts[last] - 1]
        return [line.strip() for line in text.decode("utf-8", "surrogateescape").split("\n")]
