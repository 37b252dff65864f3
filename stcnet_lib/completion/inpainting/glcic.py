"""Globally and locally consistent image completion (Iizuka, Simo-Serra, Ishikawa: SIGGRAPH 2017, Table 1).

The ancestor of STCnet's spatial generator: convolutions down to 1/4 of the resolution, dilated ones there so
that every place sees the whole frame, and deconvolutions back; a global and a local discriminator look at the
result. The paper has batch norm, ReLU, an error in L2, one verdict of both discriminators together, and the
generator learns alone at first. Here layers and game are as STCnet's, so that tables tell what looking at
time brings: no normalisation, ELU, L1, two verdicts, and all of them learn from the first step on.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.learner import GameLearner
from stcnet_lib.completion.inpainting.alone import FrameNetwork, filler_of, learner_of
from stcnet_lib.completion.task import Filler
from stcnet_lib.config import CompletionConfig, GlcicConfig, GlcicNetworkConfig
from stcnet_lib.reid.network import ReIDNetwork

_ELU_GAIN = 1.245  # keeps the second moment of a normal variable through ELU: 1 / sqrt(E[elu(z)²])


class Glcic(FrameNetwork):
    """Frames (B, 3, H, W) and what is hidden of them (B, 1, H, W), completed."""

    def __init__(self, config: GlcicNetworkConfig) -> None:
        super().__init__(config)
        c = config.channels
        layers = [_conv(4, c, 5), _conv(c, 2 * c, stride=2), _conv(2 * c, 2 * c)]
        layers += [_conv(2 * c, 4 * c, stride=2), _conv(4 * c, 4 * c), _conv(4 * c, 4 * c)]
        layers += [_conv(4 * c, 4 * c, dilation=rate) for rate in config.dilations]
        layers += [_conv(4 * c, 4 * c), _conv(4 * c, 4 * c)]
        layers += [_deconv(4 * c, 2 * c), _conv(2 * c, 2 * c), _deconv(2 * c, c), _conv(c, c // 2)]
        self.layers = nn.Sequential(*layers)
        self.out = nn.Conv2d(c // 2, 3, 3, padding=1)
        nn.init.normal_(self.out.weight, std=0.01)  # colours start in the middle of [-1, 1]
        nn.init.zeros_(self.out.bias)

    def colours(self, seen: Tensor) -> Tensor:
        return self.out(self.layers(seen)).tanh()


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation)
    return _with_elu(conv, kernel**2 * inputs)


def _deconv(inputs: int, outputs: int) -> nn.Sequential:
    # On average a quarter of the sixteen taps meets an input.
    return _with_elu(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), 4 * inputs)


def _with_elu(conv: nn.Conv2d | nn.ConvTranspose2d, fan_in: int) -> nn.Sequential:
    nn.init.normal_(conv.weight, std=_ELU_GAIN / math.sqrt(fan_in))
    nn.init.zeros_(conv.bias)
    return nn.Sequential(conv, nn.ELU())


def learner(
    config: GlcicConfig, guider: ReIDNetwork, num_classes: int, seed: int, compute: Compute
) -> GameLearner:
    """The network at the beginning of its training; arguments and errors as of `learner_of`."""
    return learner_of(Glcic, config, guider, num_classes, seed, compute)


def build(config: GlcicNetworkConfig) -> Glcic:
    """The network, untrained."""
    return Glcic(config)


def filler(config: CompletionConfig, network: Glcic, compute: Compute) -> Filler:
    """The network on its device, in evaluation mode."""
    return filler_of(network, compute)
