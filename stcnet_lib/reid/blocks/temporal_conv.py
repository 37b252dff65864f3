"""A convolution over time at every position, the 3×1×1 one of P3D (Qiu, Yao and Mei, ICCV 2017, §3.1).

    y = x + BN(Σ_k W_k x_{t+k}),   k = -1, 0, 1

The batch norm starts with a weight of zero and so the block as the identity, as non-local ones do.
"""

from __future__ import annotations

from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.folded import FoldedConv3d, neighbours


class TemporalConvBlock(nn.Module):
    """All channels of three successive frames; the ends of a clip are repeated.

    Shapes:
        maps (B·T, C, H, W), T -> (B·T, C, H, W)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = FoldedConv3d(channels, channels, 1)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        return maps + self.norm(self.conv(*neighbours(maps, frames)))


def build(settings: parts.TemporalConv, channels: int) -> TemporalConvBlock:
    return TemporalConvBlock(channels)
