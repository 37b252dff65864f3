"""The three equal horizontal parts of a frame (paper §4.1), as masks and as strips of a feature map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from stcnet_lib import REGIONS
from stcnet_lib.common.regions import touched_rows


def region_mask(flags: Tensor, height: int, width: int, originals: Sequence[int] | None = None) -> Tensor:
    """1 where a pixel holds anything of a flagged region: flags (B, K) bool -> (B, 1, H, W) float32.

    Args:
        originals: rows of each image (B,) before it was resized to `height`, if it was: the regions are
            those of the original, and a mixed row belongs to both sides of a border.
    """
    if originals is None:
        originals = [height] * len(flags)
    touched = np.stack([touched_rows(int(rows), height, flags.shape[1]) for rows in originals])
    touched = torch.from_numpy(touched).to(flags.device)  # (B, K, H)
    rows = (flags[:, :, None] & touched).any(dim=1)  # (B, H)
    return rows[:, None, :, None].float().expand(-1, -1, -1, width).contiguous()


def strip_weights(height: int, regions: int = len(REGIONS)) -> Tensor:
    """The share of each map row in the mean of each strip: (K, h) float64, every row of it sums to 1.

    Strip k spans [k·h/K, (k+1)·h/K]; a row that a border cuts counts with the part inside.
    """
    edges = torch.arange(regions + 1, dtype=torch.float64) * height / regions
    rows = torch.arange(height, dtype=torch.float64)
    upper = torch.minimum(edges[1:, None], rows + 1)
    lower = torch.maximum(edges[:-1, None], rows)
    return (upper - lower).clamp(min=0) * regions / height


def strip_pool(maps: Tensor, regions: int = len(REGIONS)) -> Tensor:
    """Area-weighted mean of each strip: maps (F, C, h, w) -> (F, K, C), at least in float32."""
    rows = maps.to(torch.promote_types(maps.dtype, torch.float32)).mean(3)  # (F, C, h)
    weights = strip_weights(rows.shape[2], regions).to(rows)
    # Not a matmul: automatic mixed precision would round its operands to bf16.
    return (rows[:, None] * weights[:, None]).sum(3)  # (F, K, C, h) -> (F, K, C)
