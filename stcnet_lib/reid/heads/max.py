"""The largest value over all positions of all frames.

Zheng et al. ("MARS: A Video Benchmark for Large-Scale Person Re-Identification", ECCV 2016) take the largest
value over the frames of a tracklet; here it is over the positions of a frame as well, as the average is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts


class MaxHead(nn.Module):
    """Has no weights. Clips of a tracklet combine exactly: it is the largest value of the whole tracklet.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, C)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = channels

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        largest = maps.amax((2, 3)).unflatten(0, (-1, frames)).amax(1)  # (B, C)
        return largest.to(torch.promote_types(largest.dtype, torch.float32))

    def combine(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Features (n, C) of a tracklet's clips -> (C,)."""
        return features.amax(0)


def build(settings: parts.Max, shape: tuple[int, int, int]) -> MaxHead:
    return MaxHead(shape[0])
