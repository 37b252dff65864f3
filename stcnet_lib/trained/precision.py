"""A precision that holds for all networks, whatever they were trained with."""

from __future__ import annotations

from dataclasses import dataclass

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import Precision


@dataclass(frozen=True)
class FixedPrecision(Compute):
    """A `Compute` that does not ask the networks' settings."""

    precision: Precision = "auto"

    def uses_bf16(self, precision: Precision) -> bool:
        return super().uses_bf16(self.precision)


def with_precision(compute: Compute, precision: Precision | None) -> Compute:
    """The same device and process; None: each network in the precision of its settings."""
    if precision is None:
        return compute
    return FixedPrecision(compute.device, compute.rank, compute.world_size, precision)
