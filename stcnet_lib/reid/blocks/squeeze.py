"""Squeeze-and-excitation (Hu et al., CVPR 2018): what a whole clip shows decides which channels count.

    y = x · 2 σ(W₂ relu(W₁ mean(x)))

The mean is over all positions of all frames. W₂ starts as zero and so the block as the identity, as non-local
ones do: pretrained weights go on working.
"""

from __future__ import annotations

from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.pooling import spatial_mean


class SqueezeBlock(nn.Module):
    """One factor from 0 to 2 for every channel of a clip.

    Shapes:
        maps (B·T, C, H, W), T -> (B·T, C, H, W)
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        inner = max(channels // reduction, 1)
        self.squeeze = nn.Linear(channels, inner)
        self.excite = nn.Linear(inner, channels)
        nn.init.zeros_(self.excite.weight)
        nn.init.zeros_(self.excite.bias)

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        means = spatial_mean(maps).unflatten(0, (-1, frames)).mean(1)  # (B, C)
        factors = 2 * self.excite(self.squeeze(means).relu()).sigmoid()
        return maps * factors.repeat_interleave(frames, 0)[..., None, None].to(maps.dtype)  # (B·T, C, 1, 1)


def build(settings: parts.Squeeze, channels: int) -> SqueezeBlock:
    return SqueezeBlock(channels, settings.reduction)
