"""Blocks of several kinds, one behind the other at each place: a 3-D convolution, then a non-local one."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from torch import Tensor, nn

from stcnet_lib.config.several import Several


class SeveralBlocks(nn.ModuleList):
    """Each block sees what the one before it gives.

    Shapes:
        maps (B·T, C, H, W), T -> (B·T, C, H, W)
    """

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__(blocks)

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        for block in self:
            maps = block(maps, frames)
        return maps


def build(settings: Several, channels: int) -> SeveralBlocks:
    return SeveralBlocks(import_module(part.module).build(part, channels) for part in settings.of)
