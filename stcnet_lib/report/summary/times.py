"""Wall time and memory of the stages, from the benchmark files that Snakemake writes beside the logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stcnet_lib.report.tables.tables import Table

# Stage -> how the names of its jobs begin; drawing and writing are left out, they run beside this page.
STAGES = {
    "data prepared": ("prepare_dataset", "check_dataset", "plant_occluders"),
    "guider trained": ("pretrain_guider", "use_guider"),
    "occlusions found": (
        "plant_probe",
        "extract_",
        "train_detector",
        "detect_",
        "train_masks",
        "find_",
        "score_",
    ),
    "completion network trained": ("train_stcnet", "train_gather"),
    "frames restored": ("judge_", "restore_"),
    "re-ID networks trained": ("train_reid",),
    "embedded and ranked": ("embed_", "evaluate_", "measure_shares"),
    "measured against the truth": ("measure_",),
}


@dataclass(frozen=True)
class StageTime:
    """What the jobs of a stage took together."""

    stage: str
    jobs: int
    seconds: float  # wall time, summed over jobs
    megabytes: float | None  # of the largest job, resident; None where it was over before it was measured


def stage_times(logs: str | Path) -> list[StageTime]:
    """Sums over all benchmark files (`*.tsv`: columns `s` and `max_rss`) under a folder, by stage.

    A folder without any gives an empty list.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(Path(logs).rglob("*.tsv")):
        if stage := _stage(path.stem):
            table = pd.read_csv(path, sep="\t", na_values="-")
            found.setdefault(stage, []).append((float(table["s"].sum()), float(table["max_rss"].max())))
    return [_summed(stage, found[stage]) for stage in STAGES if stage in found]


def _summed(stage: str, jobs: Sequence[tuple[float, float]]) -> StageTime:
    known = [memory for _, memory in jobs if memory == memory]  # not a number equals nothing
    seconds = sum(seconds for seconds, _ in jobs)
    return StageTime(stage, len(jobs), seconds, max(known) if known else None)


def _stage(job: str) -> str | None:
    return next((stage for stage, starts in STAGES.items() if job.startswith(starts)), None)


def time_table(times: Sequence[StageTime]) -> Table:
    """Jobs, minutes and memory of each stage, and all together."""
    rows = [_row(time) for time in times]
    total = StageTime("all", sum(time.jobs for time in times), sum(time.seconds for time in times), None)
    return Table(["stage", "jobs", "wall time", "most memory"], [*rows, _row(total)], names=1)


def _row(time: StageTime) -> list[str]:
    memory = "" if time.megabytes is None else f"{time.megabytes:,.0f} MB"
    return [time.stage, str(time.jobs), _duration(time.seconds), memory]


def _duration(seconds: float) -> str:
    """`0:07`, `1:53`, `2:05:10`: minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
