"""Means over the positions of a map."""

from __future__ import annotations

import torch
from torch import Tensor


def spatial_mean(maps: Tensor) -> Tensor:
    """(F, C, h, w) -> (F, C), at least in float32: bf16 sums of 128 values lose two digits."""
    return maps.to(torch.promote_types(maps.dtype, torch.float32)).mean((2, 3))
