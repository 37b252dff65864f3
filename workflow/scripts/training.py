"""What the training commands share: what a training depends on, and what its model was made with."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.files import file_digest, text_digest
from stcnet_lib.config import CompletionNetworkConfig, DetectorConfig, GatherConfig, MasksConfig, ReIDConfig
from workflow.library import code

TrainedConfig = ReIDConfig | CompletionNetworkConfig | DetectorConfig | MasksConfig | GatherConfig


def resume_key(
    script: str,
    config: TrainedConfig,
    compute: Compute,
    seed: int,
    split: int,
    data: str,
    modules: Iterable[str],
    *inputs: Path,
) -> str:
    """Digest of all that a training depends on: code, also of `modules`, the files that it loads by name,
    settings, what precision comes to on this device, seed, the data's digest, further inputs."""
    sources = [file_digest(path) for path in code(Path(script).stem, modules)]
    device = (compute.device.type, compute.used_precision(config.precision))
    files = [file_digest(path) for path in inputs]
    return text_digest(config.canonical_json(), *device, str(seed), str(split), data, *sources, *files)


def provenance(
    config: TrainedConfig,
    compute: Compute,
    started: float,
    data_digest: str,
) -> dict[str, object]:
    """What a model was made with: versions, device, precision, time and the digest of its data."""
    gpu_memory = torch.cuda.max_memory_allocated() / 2**20 if compute.device.type == "cuda" else None
    return {
        "device": compute.describe(),
        "precision": compute.used_precision(config.precision),
        "torch": torch.__version__,
        "seconds": round(time.time() - started, 1),
        "gpu_memory_mib": gpu_memory,
        "data": data_digest,
    }
