"""Context encoder (Pathak, Krähenbühl, Donahue, Darrell, Efros: CVPR 2016, §3).

Four convolutions of stride 2 lead to 1/16 of the resolution. There a channel-wise fully connected layer lets
every place of a channel see all others of that channel, and a 1×1 convolution mixes the channels; four
deconvolutions lead back. The paper has batch norm, an error in L2 and one discriminator. As in all networks
here there is no normalisation, the error is L1, which blurs less, and the mask is an input.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.learner import GameLearner
from stcnet_lib.completion.inpainting.alone import FrameNetwork, filler_of, learner_of
from stcnet_lib.completion.task import Filler
from stcnet_lib.config import CompletionConfig, ContextEncoderConfig, ContextEncoderNetworkConfig
from stcnet_lib.reid.network import ReIDNetwork

_LAYERS = 4
_SLOPE = 0.2  # of LeakyReLU


class ChannelwiseLinear(nn.Module):
    """Every channel has a fully connected layer of its own over its n = h·w places (§3.1).

    With C channels it has C·n² weights, where a fully connected layer would have C²·n².

    Shapes:
        maps (B, C, h, w) -> the same
    """

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, places, places) / math.sqrt(places))
        self.bias = nn.Parameter(torch.zeros(channels, places))

    def forward(self, maps: Tensor) -> Tensor:
        mixed = torch.einsum("cmn,bcn->bcm", self.weight, maps.flatten(2)) + self.bias
        return mixed.unflatten(2, maps.shape[2:]).contiguous(memory_format=torch.channels_last)


class ContextEncoder(FrameNetwork):
    """Frames (B, 3, H, W) and what is hidden of them (B, 1, H, W), completed."""

    def __init__(self, config: ContextEncoderNetworkConfig) -> None:
        super().__init__(config)
        widths = [config.channels * 2**i for i in range(_LAYERS)]
        encoder: list[nn.Module] = []
        for inputs, outputs in pairwise([4, *widths]):
            encoder += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE)]
        places = (config.height // 2**_LAYERS) * (config.width // 2**_LAYERS)
        bottleneck = [
            ChannelwiseLinear(widths[-1], places),
            nn.Conv2d(widths[-1], widths[-1], 1),
            nn.LeakyReLU(_SLOPE),
        ]
        decoder: list[nn.Module] = []
        for inputs, outputs in pairwise([*reversed(widths), 3]):
            decoder += [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*encoder, *bottleneck, *decoder[:-1], nn.Tanh())
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
                nn.init.zeros_(layer.bias)
        nn.init.normal_(self.layers[-2].weight, std=0.01)  # colours start in the middle of [-1, 1]

    def colours(self, seen: Tensor) -> Tensor:
        return self.layers(seen)


def learner(
    config: ContextEncoderConfig, guider: ReIDNetwork, num_classes: int, seed: int, compute: Compute
) -> GameLearner:
    """The network at the beginning of its training; arguments and errors as of `learner_of`."""
    return learner_of(ContextEncoder, config, guider, num_classes, seed, compute)


def build(config: ContextEncoderNetworkConfig) -> ContextEncoder:
    """The network, untrained."""
    return ContextEncoder(config)


def filler(config: CompletionConfig, network: ContextEncoder, compute: Compute) -> Filler:
    """The network on its device, in evaluation mode."""
    return filler_of(network, compute)
