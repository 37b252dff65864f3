"""What all benchmarks share: a function timed in a process of its own, the machine, rows of a table."""

from __future__ import annotations

import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Unit = Literal["s", "MB", "frames/s"]
DIGITS = {"s": 2, "MB": 0, "frames/s": 0}


@dataclass(frozen=True)
class Timed:
    """What a function gave, and what it took in a process of its own."""

    result: Any
    seconds: float
    cpu_seconds: float
    megabytes: float  # peak, above what was in memory before


@dataclass(frozen=True)
class Row:
    """One comparison: ours beside a reference that ran in the same minutes."""

    what: str
    ours: float | None  # none: it was not measured, and `note` says why
    reference: float | None
    unit: Unit
    against: str  # what the reference is
    equality: str  # how equal the results are, or why there is nothing to compare
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better ours is: faster, or smaller."""
        if not self.ours or not self.reference:
            return None
        return self.ours / self.reference if self.unit == "frames/s" else self.reference / self.ours

    def cells(self) -> list[str]:
        """As a row of `table`."""
        ratio = "" if self.ratio is None else f"{self.ratio:.1f}"
        ours, reference = (shown(value, self.unit) for value in (self.ours, self.reference))
        return [self.what, ours, self.against, reference, ratio, self.equality, self.note]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the ratio."""
        return {**asdict(self), "ratio": self.ratio}


def shown(value: float | None, unit: Unit) -> str:
    """A figure for a table; empty where there is none."""
    if value is None:
        return ""
    if unit == "s" and value < 1:
        return f"{1000 * value:.0f} ms"
    return f"{value:,.{DIGITS[unit]}f} {unit}"


def table(rows: Iterable[Row]) -> list[str]:
    """The rows in Markdown."""
    head = ["what", "ours", "reference", "its figure", "ratio", "equality", "note"]
    lines = [head, [":--", "--:", ":--", "--:", "--:", ":--", ":--"], *(row.cells() for row in rows)]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def timed(function: Callable[..., Any], *values: Any, repeats: int = 1) -> Timed:
    """Run in a forked process, so that its peak of memory is its own.

    Args:
        function: its result must be one that can be pickled.
        repeats: of the function, the fastest of which counts; by the clock and in CPU time for itself.

    Raises:
        RuntimeError: the process ended without a result; its error is on standard error.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        before, took = _peak(), []
        for _ in range(repeats):
            cpu, start = time.process_time(), time.perf_counter()
            result = function(*values)
            took.append((time.perf_counter() - start, time.process_time() - cpu))
        seconds, cpu = map(min, zip(*took, strict=True))
        sender.send(Timed(result, seconds, cpu, (_peak() - before) / 2**20))

    process = context.Process(target=work)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise RuntimeError(f"{function.__name__}: the process that measured it ended early") from None
    finally:
        process.join()


def _peak() -> float:
    """Bytes; of a fork it starts with what its parent had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def machine() -> dict[str, Any]:
    """What was measured on, and how busy it was before."""
    information = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in (information.read_text().splitlines() if information.is_file() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }
