"""Discriminators (paper §3.4, Eq. 7-8): six 3×3 convolutions of stride 2 and one fully connected layer.

They return logits; the sigmoid is part of the loss. The paper says nothing of normalisation. There is
none here, only LeakyReLU 0.2: with batch norm a discriminator can tell real from fake by the
statistics of the batch it came in, and its running averages would depend on the order of both.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from stcnet_lib.common.masks import region_mask
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import GameConfig, SizeConfig

_LAYERS = 6
_SLOPE = 0.2


class Discriminator(nn.Module):
    """Real or generated: images (B, 3, H, W) -> logits (B,)."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        widths = [3] + [channels * min(2**i, 8) for i in range(_LAYERS)]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.LeakyReLU(_SLOPE)]
        self.body = nn.Sequential(*layers)
        # 128×64 comes down to 2×1, a third of it to 1×1.
        positions = math.ceil(height / 2**_LAYERS) * math.ceil(width / 2**_LAYERS)
        self.head = nn.Linear(widths[-1] * positions, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=_SLOPE)
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images).flatten(1)).squeeze(1)


class GlobalDiscriminator(Discriminator):
    """Looks at the whole frame."""

    def __init__(self, config: GameConfig, size: SizeConfig) -> None:
        super().__init__(config.discriminator_channels, size.height, size.width)


class LocalDiscriminator(nn.Module):
    """Looks at the completed regions: a crop of each (paper Fig. 1), or M·x (Eq. 8).

    Shapes:
        images (B, 3, H, W), flags (B, K) bool -> logits (N,): with `crop` one a flagged region, in the
        order of samples and then regions; with `masked` one a sample
    """

    def __init__(self, config: GameConfig, size: SizeConfig) -> None:
        super().__init__()
        self.crop = config.local_view == "crop"
        height = crop_height(size.height) if self.crop else size.height
        self.discriminator = Discriminator(config.discriminator_channels, height, size.width)

    def forward(self, images: Tensor, flags: Tensor) -> Tensor:
        if self.crop:
            return self.discriminator(crop_regions(images, flags))
        hidden = region_mask(flags, *images.shape[2:]) > 0.5
        return self.discriminator(images.masked_fill(~hidden, 0.0))


class Discriminators(nn.Module):
    """The global and the local discriminator, whichever the settings ask for."""

    def __init__(self, config: GameConfig, size: SizeConfig) -> None:
        super().__init__()
        self.whole = GlobalDiscriminator(config, size) if config.global_discriminator else None
        self.region = LocalDiscriminator(config, size) if config.local_discriminator else None

    def forward(self, images: Tensor, masked: Tensor) -> dict[str, Tensor]:
        """Logits (N,) of being real, by name, of images (B, 3, H, W) with masked regions (B, K)."""
        logits = {}
        if self.whole is not None:
            logits["global"] = self.whole(images)
        if self.region is not None:
            logits["local"] = self.region(images, masked)
        return logits


def crop_height(height: int, regions: int = 3) -> int:
    """Rows of a crop: thirds differ by a row, a discriminator's input must not."""
    return math.ceil(height / regions)


def crop_regions(images: Tensor, flags: Tensor) -> Tensor:
    """One crop a flagged region: images (B, 3, H, W), flags (B, K) bool -> (N, 3, ceil(H / K), W).

    A region of one row less is filled up with the first row below it.
    """
    height, regions = images.shape[2], flags.shape[1]
    rows = crop_height(height, regions)
    starts = torch.tensor(region_rows(height, regions)[:-1], device=flags.device).clamp(max=height - rows)
    samples, chosen = flags.nonzero(as_tuple=True)  # (N,) each
    index = starts[chosen][:, None] + torch.arange(rows, device=flags.device)  # (N, rows)
    return images[samples[:, None], :, index].transpose(1, 2)  # (N, rows, 3, W) -> (N, 3, rows, W)
