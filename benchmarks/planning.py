"""How long Snakemake plans a configuration of a thousand variants: a dry run, all of it in one process.

Ten networks, trained on and tested on raw data and nine completions each.

    python -m benchmarks.planning
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import Row, machine, table

BAR = 10.0  # seconds that a thousand variants may take


def configuration(networks: int, completions: int) -> dict[str, Any]:
    """An overlay of config.yaml with networks × (completions + 1)² variants."""
    data = ["raw", *(f"copy{n}" for n in range(completions))]
    rows = [
        {"network": f"network{n}", "train": train, "test": test}
        for n in range(networks)
        for train in data
        for test in data
    ]
    return {
        "networks": {f"network{n}": {"non_local": False, "lr": 0.001 + 0.0001 * n} for n in range(networks)},
        "completions": {name: {"method": "copy"} for name in data[1:]},
        "variants": rows,
    }


def planned(values: dict[str, Any]) -> tuple[float, float, int]:
    """Seconds by the clock and of CPU of a dry run, and the number of jobs it would run.

    Raises:
        RuntimeError: the dry run failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        overlay = Path(folder) / "overlay.yaml"
        overlay.write_text(yaml.safe_dump(values), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "-n", "--configfile", str(overlay)]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
    if run.returncode:
        raise RuntimeError(f"snakemake -n: {(run.stderr + run.stdout)[-500:]}")
    jobs = re.search(r"^total\s+(\d+)", run.stdout + run.stderr, re.MULTILINE)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, int(jobs[1])


def compare() -> Iterator[Row]:
    """One row, in CPU time: of a busy machine the clock tells little."""
    seconds, cpu, jobs = planned(configuration(10, 9))
    note = f"CPU time; {seconds:.1f} s by the clock"
    yield Row(f"plan of 1,000 variants, {jobs:,} jobs", cpu, BAR, "s", "the bar", "", note)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(machine(), "\n")
    print("\n".join(table(compare())))


if __name__ == "__main__":
    main()
