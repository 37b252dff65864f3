"""Batches of samples, by the number of the step."""

from __future__ import annotations

from collections.abc import Iterator

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.learning.batch import Sample
from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.config import OptimiserConfig
from stcnet_lib.data.clips.workers import load_batches


class _Batches:
    """Numbers of the samples of every batch from a step on; each process takes its share of a batch."""

    def __init__(self, batch: int, first: int, total: int, compute: Compute) -> None:
        self.batch, self.first, self.total, self.compute = batch, first, total, compute

    def __iter__(self):
        for step in range(self.first, self.total):
            start = step * self.batch
            yield range(start + self.compute.rank, start + self.batch, self.compute.world_size)

    def __len__(self) -> int:
        return self.total - self.first


def sample_loader(
    samples: CompletionSamples, config: OptimiserConfig, first: int, workers: int, compute: Compute
) -> Iterator[Sample]:
    """Batches from step `first` on, decoded by worker processes."""
    if config.batch % compute.world_size:
        raise ValueError(
            f"stcnet.batch: got {config.batch}, wanted a multiple of the {compute.world_size} GPUs of the job"
        )
    batches = _Batches(config.batch, first, config.iterations, compute)
    return load_batches(samples, batches, workers, compute.device)
