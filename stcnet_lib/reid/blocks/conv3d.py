"""A 3-D bottleneck, whole or factored into space and time (P3D-A: Qiu, Yao and Mei, ICCV 2017, §3.2).

    y = x + BN(1×1×1 · time · space · 1×1×1 x)

Space is 1×3×3 and time 3×1×1, each with batch norm and a rectifier; `factored: false` has one 3×3×3 in their
place. P3D puts these into the bottlenecks of a ResNet; here they stand between its blocks, where non-local
ones do, and start as the identity.
"""

from __future__ import annotations

from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.folded import FoldedConv3d, neighbours


class Conv3dBlock(nn.Module):
    """Sees three rows, columns and frames; the ends of a clip are repeated.

    Args:
        channels: C of the maps.
        inner: channels inside.
        factored: a convolution over space and one over time, or one over both.

    Shapes:
        maps (B·T, C, H, W), T -> (B·T, C, H, W)
    """

    def __init__(self, channels: int, inner: int, factored: bool = True) -> None:
        super().__init__()
        self.reduce = normed(nn.Conv2d(channels, inner, 1, bias=False), inner)
        self.space = normed(nn.Conv2d(inner, inner, 3, padding=1, bias=False), inner) if factored else None
        self.time = FoldedConv3d(inner, inner, 1 if factored else 3)
        self.time_norm = nn.BatchNorm2d(inner)
        self.expand = nn.Conv2d(inner, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)  # starts as the identity

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        inner = self.reduce(maps)  # (B·T, C', H, W)
        inner = inner if self.space is None else self.space(inner)
        inner = self.time_norm(self.time(*self.beside(inner, frames))).relu()
        return maps + self.norm(self.expand(inner))

    def beside(self, maps: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
        """The three maps that the convolution over time is of, for every frame."""
        return neighbours(maps, frames)


def normed(conv: nn.Conv2d, channels: int) -> nn.Sequential:
    """A convolution, batch norm and a rectifier."""
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def build(settings: parts.Conv3d, channels: int) -> Conv3dBlock:
    return Conv3dBlock(channels, max(channels // settings.reduction, 1), settings.factored)
