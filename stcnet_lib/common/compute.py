"""Where and how precisely to compute: device, precision, processes.

The same code runs on a CPU, on one CUDA device and on several (one process each, started by `torchrun`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from stcnet_lib.config import Precision, RuntimeConfig

# Of multiplications: float32 numbers on newer GPUs are rounded to TF32 before them.
UsedPrecision = Literal["bf16", "tf32", "fp32"]


@dataclass(frozen=True)
class Compute:
    """One process's place among all: its device and its rank."""

    device: torch.device
    rank: int = 0
    world_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    @property
    def threads(self) -> int:
        """CPU threads of this process."""
        return torch.get_num_threads()

    def uses_bf16(self, precision: Precision) -> bool:
        """`auto` takes bfloat16 on GPUs that multiply it natively, and nowhere else.

        Not on CPUs: some have it and others do not, so equal settings would give other results there. And in
        torch 2.15 the weight gradient of a strided convolution on maps of one column is wrong in it.
        """
        return precision == "bf16" or (precision == "auto" and _native_bf16(self.device))

    def used_precision(self, precision: Precision) -> UsedPrecision:
        """What a setting comes to on this device; results and trainings to resume from state it."""
        if self.uses_bf16(precision):
            return "bf16"
        cuda = self.device.type == "cuda"
        return "tf32" if cuda and torch.cuda.get_device_capability(self.device) >= (8, 0) else "fp32"

    def autocast(self, precision: Precision) -> AbstractContextManager:
        """Mixed precision for a forward pass; weights, optimisers and losses stay float32."""
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.uses_bf16(precision), cache_enabled=True
        )

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device; channels_last is what convolutions are fastest with."""
        return network.to(self.device, memory_format=torch.channels_last)

    def distribute(self, network: nn.Module) -> nn.Module:
        """Wrap a placed network for several processes; with one it stays as it is."""
        if self.world_size == 1:
            return network
        if self.device.type == "cuda":  # there is no synchronised batch norm for CPUs
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return DistributedDataParallel(network)

    def any_process(self, flag: bool) -> bool:
        """Whether the flag is set in any process, so that all leave a loop at the same step."""
        if self.world_size == 1:
            return flag
        shared = torch.tensor([float(flag)], device=self.device)
        distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
        return bool(shared.item())

    def average(self, values: dict[str, torch.Tensor]) -> dict[str, float]:
        """Means over the processes of scalar tensors, for the history."""
        stacked = torch.stack([value.detach().float().reshape(()) for value in values.values()])
        if self.world_size > 1:
            distributed.all_reduce(stacked)
            stacked /= self.world_size
        return dict(zip(values, stacked.tolist(), strict=True))

    def describe(self) -> str:
        """For provenance: `NVIDIA H100 ×2`, `cpu, 4 threads`."""
        if self.device.type == "cuda":
            return f"{torch.cuda.get_device_name(self.device)} ×{self.world_size}"
        return f"cpu, {torch.get_num_threads()} threads ×{self.world_size}"


def unwrapped(network: nn.Module) -> nn.Module:
    """The network inside DistributedDataParallel, or the network itself."""
    return network.module if isinstance(network, DistributedDataParallel) else network


@contextmanager
def compute_for(runtime: RuntimeConfig) -> Iterator[Compute]:
    """Set up this process: device, threads, determinism, and the process group under `torchrun`.

    Raises:
        ValueError: if `runtime.device` is cuda and there is none.
    """
    device_type = runtime.device
    if device_type == "auto":
        device_type = "cuda" if torch.cuda.is_available() else "cpu"
    if device_type == "cuda" and not torch.cuda.is_available():
        raise ValueError("runtime.device: got 'cuda', but torch finds no CUDA device; wanted 'auto' or 'cpu'")
    # OMP_NUM_THREADS is what Snakemake or torchrun grants this process.
    granted = int(os.environ.get("OMP_NUM_THREADS", runtime.threads))
    torch.set_num_threads(min(granted, len(os.sched_getaffinity(0))))
    world_size, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    device = torch.device(device_type)
    if device_type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = True
        # The same seed gives the same bits; kernels that cannot promise it warn.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
    if world_size > 1:
        distributed.init_process_group(
            "nccl" if device_type == "cuda" else "gloo", timeout=timedelta(minutes=30)
        )
    try:
        yield Compute(device, rank, world_size)
    finally:
        if world_size > 1:
            distributed.destroy_process_group()


def _native_bf16(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
