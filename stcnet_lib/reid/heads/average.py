"""The mean over all positions of all frames (paper §3.5)."""

from __future__ import annotations

from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.pooling import spatial_mean


class AverageHead(nn.Module):
    """Has no weights.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, C)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = channels

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        return spatial_mean(maps).unflatten(0, (-1, frames)).mean(1)  # (B, T, C) -> (B, C)


def build(settings: parts.Average, shape: tuple[int, int, int]) -> AverageHead:
    return AverageHead(shape[0])
