"""Generalised mean (Radenović, Tolias and Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation",
TPAMI 2018, Eq. 3).

    feature = (mean x^p)^(1/p)

p = 1 is the average, a large p the largest value. The mean is over all positions of all frames, and p is
learned, one for all channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts

_LEAST = 1e-6  # of a value: the power of a smaller one, or of a negative one, is lost


class GeneralisedMeanHead(nn.Module):
    """Has one weight, p. Clips of a tracklet combine exactly: to the mean of the whole tracklet.

    Args:
        power: p at the start.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, C)
    """

    def __init__(self, channels: int, power: float) -> None:
        super().__init__()
        self.features = channels
        self.power = nn.Parameter(torch.tensor(float(power)))

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        values = maps.to(torch.promote_types(maps.dtype, torch.float32)).clamp(min=_LEAST)
        means = values.pow(self.power).mean((2, 3)).unflatten(0, (-1, frames)).mean(1)  # (B, C)
        return means.pow(1 / self.power)

    def combine(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Features (n, C) of a tracklet's clips of `lengths` (n,) frames -> (C,)."""
        power = self.power.detach().to(features)
        shares = (lengths / lengths.sum())[:, None].to(features)
        return (shares * features.clamp(min=_LEAST).pow(power)).sum(0).pow(1 / power)


def build(settings: parts.GeneralisedMean, shape: tuple[int, int, int]) -> GeneralisedMeanHead:
    return GeneralisedMeanHead(shape[0], settings.power)
