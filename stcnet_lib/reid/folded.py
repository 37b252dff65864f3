"""3-D convolutions over clips whose frames are folded into the batch.

A convolution over three frames, rows and columns is one over rows and columns of three frames side by side as
channels. So maps stay (B·T, C, h, w), where channels_last and the fast kernels of 2-D convolutions apply.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SPAN = 3  # frames


def neighbours(maps: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """The frame before each frame, itself and the one behind: (B·T, C, h, w), T -> three of (B·T, C, h, w).

    The first frame of a clip stands before itself and the last one behind: a frame alone is a clip at rest.
    """
    clips = maps.unflatten(0, (-1, frames))  # (B, T, C, h, w)
    before = torch.cat([clips[:, :1], clips[:, :-1]], 1).flatten(0, 1)
    behind = torch.cat([clips[:, 1:], clips[:, -1:]], 1).flatten(0, 1)
    return before, maps, behind


class FoldedConv3d(nn.Conv2d):
    """Three frames, `kernel` rows and columns; as nn.Conv2d in all else.

    Shapes:
        three maps (B·T, C, h, w), the middle one at its place -> (B·T, C', h', w'); `weight` is
        (C', 3·C, kernel, kernel), the frame before first
    """

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, bias: bool = False) -> None:
        super().__init__(SPAN * channels, out, kernel, stride, kernel // 2, bias=bias)

    def forward(self, before: Tensor, maps: Tensor, behind: Tensor) -> Tensor:
        return super().forward(torch.cat([before, maps, behind], 1))
