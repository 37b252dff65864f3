"""Batch-hard triplet loss (Hermans, Beyer and Leibe, "In Defense of the Triplet Loss for Person
Re-Identification", 2017, arXiv:1703.07737, Eq. 5)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

_LEAST = 1e-12  # of a squared distance: the root of 0 has no slope


def batch_hard_triplet(features: Tensor, labels: Tensor, margin: float | Literal["soft"]) -> Tensor:
    """The mean over clips of how much nearer the nearest other person is than the farthest clip of its own.

        max(0, margin + d⁺ - d⁻),   with "soft" log(1 + exp(d⁺ - d⁻))

    d⁺ is the largest Euclidean distance to a clip of the same person, d⁻ the smallest to one of another.

    Args:
        features: (B, D), as the classifier gets them, not normalised.
        labels: (B,), of two people or more.

    Returns:
        (), at least in float32.
    """
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    with torch.autocast(features.device.type, enabled=False):
        apart = distances(features)
    same = labels[:, None] == labels
    farthest = apart.masked_fill(~same, -torch.inf).amax(1)
    nearest = apart.masked_fill(same, torch.inf).amin(1)
    gaps = farthest - nearest
    return F.softplus(gaps).mean() if margin == "soft" else (margin + gaps).clamp(min=0).mean()


def distances(features: Tensor) -> Tensor:
    """Euclidean: (B, D) -> (B, B). Products of matrices, whose gradient is the same bits on every run."""
    squares = features.square().sum(1)
    return (squares[:, None] + squares - 2 * features @ features.T).clamp(min=_LEAST).sqrt()
