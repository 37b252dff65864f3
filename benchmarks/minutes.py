"""Where the minutes of a run went: time by the clock, CPU time and process starts of every rule.

Read from the benchmark files that Snakemake writes beside the logs, one a job. Each job is a process of
Python that starts, imports, works and ends, so the number of jobs is that of process starts; what a job
starts itself (workers that decode or render) is in its CPU time. Of a job's CPU time up to the last half
minute is missing: it is that of Snakemake's last look, taken every half second at first, every 30 s later.

    python -m benchmarks.minutes results/walkers
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

RULES = Path("workflow/rules")
# Columns of Snakemake's benchmark files, in seconds; the second is NA where a job was too short for a look.
CLOCK, CPU = "s", "cpu_time"


@dataclass(frozen=True)
class Minutes:
    """What a rule took in a run."""

    rule: str
    starts: int
    clock_seconds: float  # of all its jobs one after the other
    cpu_seconds: float
    longest: float  # job of it, seconds by the clock


def benchmark_files(folder: Path = RULES) -> dict[str, str]:
    """Regular expression of the name of a benchmark file, without folder and ending -> the rule it is of."""
    block = re.compile(
        r"^ *(?:rule (\w+)|use rule \w+ as (\w+) with):\n"  # the rule's name
        r"(?:(?! *(?:rule|use rule) ).*\n)*?"  # lines of the same rule
        r" *benchmark:\n *f?\"(?:[^\"]*/)?([^\"/]+)\.tsv\"",
        re.MULTILINE,
    )
    found = {}
    for path in sorted(folder.glob("*.smk")):
        for rule, derived, file in block.findall(path.read_text("utf-8")):
            found[re.sub(r"\{+\w+\}+", ".+", file)] = rule or derived
    return found


def rule_of(file: str, files: dict[str, str]) -> str:
    """The rule that a benchmark file is of; where several fit, the one that says most of its name.

    Args:
        file: its name without folder and ending, such as `embed_raw_guider_copy`.
        files: as of `benchmark_files`.

    Raises:
        ValueError: no rule has such a file.
    """
    fitting = [pattern for pattern in files if re.fullmatch(pattern, file)]
    if not fitting:
        raise ValueError(f"{file}.tsv: got a benchmark file of no known rule, wanted one of {RULES}/*.smk")
    return files[max(fitting, key=lambda pattern: len(pattern.replace(".+", "")))]


def minutes_of(folder: Path, files: dict[str, str]) -> list[Minutes]:
    """What every rule took, the longest first, of all benchmark files below a folder.

    Args:
        files: as of `benchmark_files`.

    Raises:
        ValueError: there are none, or one is of no known rule.
    """
    rows = [
        (rule_of(path.stem, files), clock, cpu)
        for path in sorted(folder.glob("**/logs/**/*.tsv"))
        for clock, cpu in _jobs(path)
    ]
    if not rows:
        raise ValueError(f"{folder}: got no benchmark files (logs/**/*.tsv), wanted the results of a run")
    table = pd.DataFrame(rows, columns=["rule", "clock", "cpu"])
    found = [
        Minutes(
            str(rule),
            len(jobs),
            float(jobs["clock"].sum()),
            float(jobs["cpu"].sum()),
            float(jobs["clock"].max()),
        )
        for rule, jobs in table.groupby("rule")
    ]
    return sorted(found, key=lambda row: (-row.clock_seconds, row.rule))


def _summed(rule: str, jobs: pd.DataFrame) -> Minutes:
    clock, cpu = jobs["clock"], jobs["cpu"]
    return Minutes(rule, len(jobs), float(clock.sum()), float(cpu.sum()), float(clock.max()))


def _jobs(path: Path) -> list[tuple[float, float]]:
    """Seconds by the clock and of CPU, of each row of a benchmark file."""
    table = pd.read_csv(path, sep="\t")
    return list(zip(table[CLOCK].astype(float), table[CPU].fillna(0.0).astype(float), strict=True))


def lines(found: list[Minutes]) -> list[str]:
    """A table in Markdown, with totals."""
    total = Minutes(
        "all",
        sum(row.starts for row in found),
        sum(row.clock_seconds for row in found),
        sum(row.cpu_seconds for row in found),
        max(row.longest for row in found),
    )
    head = ["| rule | process starts | by the clock, s | CPU, s | longest job, s | share of the CPU time |"]
    rows = [
        f"| {row.rule} | {row.starts} | {row.clock_seconds:.1f} | {row.cpu_seconds:.1f} | "
        f"{row.longest:.1f} | {100 * row.cpu_seconds / max(total.cpu_seconds, 1e-9):.0f} % |"
        for row in (*found, total)
    ]
    return [*head, "|:--|--:|--:|--:|--:|--:|", *rows]


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("results", type=Path, help="folder of a data set's results: results/walkers")
    options = commandline.parse_args()
    try:
        print("\n".join(lines(minutes_of(options.results, benchmark_files()))))
    except ValueError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
