"""How much a frame is to be trusted as a source, and where in it to look: one U-Net for all of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stcnet_lib.completion.gather.likeness import REACHES, TRUST, TRUSTED
from stcnet_lib.config import GatherNetworkConfig

INPUTS = 20 + len(REACHES)  # channels of `composition.seen`
CLEARER = 4.0  # times differences, which are small beside images
_EVIDENCE = 2 + len(REACHES)  # the last of the inputs: gap in time, which is the median, unlikeness
_STEPS = 400.0  # times as fast as other weights those of the evidence change: logits are large
_BEND = 4.0  # of the raw flow: how far it may go before it saturates


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ELU())


class GatherNetwork(nn.Module):
    """A logit and a flow for every place of a candidate.

    Nothing is known in the beginning: the last layer is zero, likeness alone decides, and nothing moves.

    Shapes:
        (N, `INPUTS`, h, w) -> logits (N, 1, h, w), and flow (N, 2, h, w) right and down, in shares of half
        the width and height, as `grid_sample` counts
    """

    def __init__(self, config: GatherNetworkConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = (config.channels * times for times in (1, 2, 3))
        self.fine = nn.Sequential(_convolution(INPUTS, fine), _convolution(fine, fine))
        self.middle = nn.Sequential(_convolution(fine, middle, 2), _convolution(middle, middle))
        self.coarse = nn.Sequential(_convolution(middle, coarse, 2), _convolution(coarse, coarse))
        self.whole = nn.Linear(coarse, coarse)
        self.joined = _convolution(coarse, coarse)
        self.to_middle = nn.Sequential(_convolution(coarse + middle, middle), _convolution(middle, middle))
        self.to_fine = nn.Sequential(_convolution(middle + fine, fine), _convolution(fine, fine))
        self.out = nn.Conv2d(fine, 3, 3, 1, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.trust = nn.Parameter(torch.zeros(_EVIDENCE))
        known = torch.zeros(_EVIDENCE)
        known[TRUSTED - len(REACHES)] = -TRUST / CLEARER
        self.register_buffer("known", known, persistent=False)
        reach = 2 * config.flow / torch.tensor([config.width, config.height])
        self.register_buffer("reach", reach[:, None, None], persistent=False)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(seen.contiguous(memory_format=torch.channels_last))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        whole = functional.elu(self.whole(coarse.mean((2, 3))))  # (N, C): the frame at large
        maps = self.joined(coarse + whole[..., None, None])
        maps = self.to_middle(torch.cat([_twice(maps), middle], 1))
        out = self.out(self.to_fine(torch.cat([_twice(maps), fine], 1))).float()
        trust = (self.known + _STEPS * self.trust)[:, None, None]
        evidence = (trust * seen[:, -_EVIDENCE:].float()).sum(1, keepdim=True)
        return out[:, :1] + evidence, torch.tanh(out[:, 1:] / _BEND) * self.reach


def _twice(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
