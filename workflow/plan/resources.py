"""What jobs ask of a machine, and what they are told of it; without torch, whose import takes two seconds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

from stcnet_lib.config import RuntimeConfig
from workflow.library import ROOT


def growing(amount: int) -> Callable[[Any, int], int]:
    """A resource that grows with every attempt; the profiles say how often a job is tried."""
    return lambda wildcards, attempt: amount * attempt


def gpus(count: int, runtime: RuntimeConfig, runs_here: Callable[[], bool]) -> Callable[[Any], int]:
    """GPUs of a job: none where it will run on CPUs, so that such jobs may run side by side.

    Args:
        runs_here: whether jobs run on this machine, which Snakemake knows only when it plans the first.
    """

    def needed(wildcards: Any) -> int:
        # Only what runs here can be told by looking here: a cluster's submit host may have no GPU itself.
        without = runtime.device == "auto" and runs_here() and not has_gpu()
        return 0 if runtime.device == "cpu" or without else count

    return needed


def has_gpu() -> bool:
    """Whether there is an NVIDIA driver."""
    return os.path.exists("/dev/nvidiactl") or shutil.which("nvidia-smi") is not None


def job_environment(runtime: RuntimeConfig) -> dict[str, str]:
    """What jobs read from the environment, which Snakemake does not track: how they run, not what."""
    several = f"torchrun --standalone --nproc-per-node {runtime.gpus} -m"
    return {
        "STCNET_RUNTIME": runtime.canonical_json(),
        # Jobs run in the working directory, and their code lies in the checkout.
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "STCNET_LAUNCH": several if runtime.gpus > 1 else "python -m",
        # Threads that wait for others sleep instead of spinning: decoding workers need the cores, and a
        # training beside other work was measured five times faster.
        "OMP_WAIT_POLICY": "PASSIVE",
        # Large arrays keep their memory instead of giving it back and asking for it again, zeroed, at every
        # operation: a step of STCnet was measured 1.4 times faster.
        "MALLOC_MMAP_THRESHOLD_": str(2**30),
        "MALLOC_TRIM_THRESHOLD_": str(2**32),
    }
