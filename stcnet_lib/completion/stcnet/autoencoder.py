"""Encoder and decoder of both generators (paper §3.2): 3×3 convolutions with ELU, 1/4 of the resolution.

The paper gives the number of layers and the resolution. Widths (c, 2c, 2c, 4c, 4c), dilation rates, no
normalisation and the clipped output are those of its ancestors GLCIC and DeepFill.

`space_to_depth` is the same stack with every layer at 1/4 resolution, after 4×4 blocks of pixels
were moved into channels; at 8 to 12 channels a step takes as long as with `full` on a CPU.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.config import StcnetLayers

REDUCTION = 4
_ELU_GAIN = 1.245  # keeps the second moment of a normal variable through ELU: 1 / sqrt(E[elu(z)²])
_COLOUR_GAIN = 0.3  # colours start well inside [-1, 1], outside of which a clip has no gradient


def encoder_channels(config: StcnetLayers) -> int:
    """Channels of an encoder's output."""
    return 4 * config.channels


class Encoder(nn.Sequential):
    """Five convolutions down to 1/4 of the resolution, then the dilated ones.

    Shapes:
        images (B, 3, H, W) -> features (B, 4c, H / 4, W / 4)
    """

    def __init__(self, config: StcnetLayers) -> None:
        c = config.channels
        if config.encoder == "full":
            layers: list[nn.Module] = []
            plan = [(3, c, 1), (c, 2 * c, 2), (2 * c, 2 * c, 1), (2 * c, 4 * c, 2), (4 * c, 4 * c, 1)]
        else:
            layers = [nn.PixelUnshuffle(REDUCTION)]
            plan = [(3 * REDUCTION**2, 4 * c, 1)] + 4 * [(4 * c, 4 * c, 1)]
        for inputs, outputs, stride in plan:
            layers += [_conv(inputs, outputs, stride=stride), nn.ELU()]
        for dilation in config.dilations:
            layers += [_conv(4 * c, 4 * c, dilation=dilation), nn.ELU()]
        super().__init__(*layers)


class Decoder(nn.Module):
    """Two deconvolutions (or a convolution and a pixel shuffle) back to full resolution.

    Args:
        inputs: channels C of the features.
        extra: further maps besides the colours; zero at the start of the training.

    Shapes:
        features (B, C, H / 4, W / 4) -> colours (B, 3, H, W) in [-1, 1], extra (B, extra, H, W) or none
    """

    def __init__(self, inputs: int, config: StcnetLayers, extra: int = 0) -> None:
        super().__init__()
        self.output = config.output
        resize = config.upsampling == "resize"
        if config.encoder == "full":
            width = 2 * config.channels
            self.body = nn.Sequential((_resized if resize else _deconv)(inputs, width), nn.ELU())
            self.colours: nn.Module = (_resized if resize else _deconv)(width, 3, _COLOUR_GAIN)
            self.extra: nn.Module | None = _smooth(width, extra, REDUCTION // 2) if extra else None
        else:
            width = 4 * config.channels
            self.body = nn.Sequential(_conv(inputs, width), nn.ELU())
            self.colours = _resized_twice(width, 3) if resize else _shuffled(width, 3, _COLOUR_GAIN)
            self.extra = _smooth(width, extra, REDUCTION) if extra else None

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        features = self.body(features)
        colours = self.colours(features)
        # A colour clipped at -1 or 1 gets no gradient; tanh always leaves some.
        colours = colours.clamp(-1, 1) if self.output == "clip" else colours.tanh()
        return colours, None if self.extra is None else self.extra(features)


def _conv(
    inputs: int, outputs: int, stride: int = 1, dilation: int = 1, gain: float = _ELU_GAIN
) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation)
    return _initialised(conv, gain / math.sqrt(9 * inputs))


def _deconv(inputs: int, outputs: int, gain: float = _ELU_GAIN) -> nn.ConvTranspose2d:
    conv = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    # On average a quarter of the nine taps meets an input.
    return _initialised(conv, gain / math.sqrt(9 / 4 * inputs))


def _shuffled(inputs: int, outputs: int, gain: float) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs * REDUCTION**2, gain=gain), nn.PixelShuffle(REDUCTION))


def _resized(inputs: int, outputs: int, gain: float = _ELU_GAIN) -> nn.Sequential:
    """Twice the size without a pattern: every output pixel is made by the same convolution."""
    upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    return nn.Sequential(upsample, _conv(inputs, outputs, gain=gain))


def _resized_twice(inputs: int, outputs: int) -> nn.Sequential:
    """From 1/4 to the full size, with few channels where there are many pixels."""
    few = max(outputs * REDUCTION, 8)
    return nn.Sequential(_resized(inputs, few), nn.ELU(), _resized(few, outputs, gain=_COLOUR_GAIN))


def _smooth(inputs: int, outputs: int, factor: int) -> nn.Sequential:
    """Maps that start at zero and vary slowly: flow and weights that jump from pixel to pixel look woven."""
    upsample = nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)
    return nn.Sequential(_conv(inputs, outputs, gain=0.0), upsample)


def _initialised(conv: nn.Module, std: float) -> nn.Module:
    """Without normalisation layers PyTorch's default would shrink the signal by half in every layer."""
    nn.init.normal_(conv.weight, std=std)
    nn.init.zeros_(conv.bias)
    return conv


def reduced(mask: Tensor) -> Tensor:
    """1 where any pixel of a 4×4 block is set: (B, 1, H, W) -> (B, 1, H / 4, W / 4)."""
    return F.max_pool2d(mask, REDUCTION)
