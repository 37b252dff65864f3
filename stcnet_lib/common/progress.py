"""Rate, loss and time left: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from tqdm import tqdm


class Progress:
    """Counts `total` units of work and shows how it goes on `stream` (standard error).

    On a terminal it is tqdm's bar; elsewhere one plain line every `seconds`, and one at the end.
    """

    def __init__(
        self,
        title: str,
        total: int,
        unit: str,
        *,
        done: int = 0,
        seconds: float = 10,
        stream: TextIO | None = None,
    ) -> None:
        stream = stream or sys.stderr
        quiet = int(os.environ.get("RANK", 0)) > 0  # of several processes the first one speaks
        terminal = stream.isatty()
        self._bar = tqdm(
            desc=title,
            disable=quiet,
            total=total,
            initial=done,
            unit=f" {unit}",
            file=stream if terminal else _Lines(stream),
            mininterval=0.1 if terminal else seconds,
            miniters=1,
            maxinterval=float("inf"),
            dynamic_ncols=terminal,
            ncols=None if terminal else 0,  # 0: counts, rate and time left without the bar's picture
        )

    def advance(self, count: int = 1, **values: float) -> None:
        """`count` more units are done; `values` (loss=…) are shown with the rate."""
        if values:
            shown = {
                name: f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
                for name, value in values.items()
            }
            self._bar.set_postfix(shown, refresh=False)
        self._bar.update(count)

    def close(self) -> None:
        """Show the final state."""
        self._bar.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Lines:
    """Turns the carriage returns of a bar into lines, and drops what would be empty or repeated."""

    encoding = "utf-8"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = ""

    def write(self, text: str) -> None:
        line = text.strip("\r\n \x1b[A")
        if line and line != self._last:
            self._last = line
            self._stream.write(line + "\n")

    def flush(self) -> None:
        self._stream.flush()
