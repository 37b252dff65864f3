"""STCnet's generators (paper §3.2, §3.3, Eq. 5, 6).

Images are in [-1, 1], masks are 1 where a pixel was dropped. Visible pixels are never changed, not by
a bit. A reference that does not exist is a frame of any content with a mask of ones.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.stcnet import blending
from stcnet_lib.completion.stcnet.autoencoder import Decoder, Encoder, encoder_channels, reduced
from stcnet_lib.completion.stcnet.temporal_attention import TemporalAttention
from stcnet_lib.config import StcnetNetworkConfig


class SpatialGenerator(nn.Module):
    """G_s: x1 = M·G_s((1-M)·x) + (1-M)·x."""

    def __init__(self, config: StcnetNetworkConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.decoder = Decoder(encoder_channels(config), config)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, 3, H, W), mask (B, 1, H, W) -> x1 (B, 3, H, W)."""
        colours, _ = self.decoder(self.encoder(drop(x, mask)))
        return paste(colours, x, mask)


class TemporalResult(NamedTuple):
    """What the temporal generator makes, and what it looked at."""

    x2: Tensor  # (B, 3, H, W)
    entropy: Tensor | None  # (B, 2) of the attention over previous and next, in nats
    routes: blending.Routes | None  # where its pixels come from, with `synthesis: blend`


class TemporalGenerator(nn.Module):
    """G_t: x2 = M·G_t(x1, x_p, x_n) + (1-M)·x, from the nearest visible frames before and after.

    Three encoders with weights of their own; the current features and what the attention found in
    either reference meet in one decoder. `temporal: concat` is the paper's control TAE: the
    references' features reach the decoder as they are. `temporal: autoencoder` is its control AE: all three
    encoders, one of three times the filters, see x1 alone, so that it has as many parameters.
    """

    def __init__(self, config: StcnetNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.current = Encoder(config)
        self.previous = Encoder(config)
        self.next = Encoder(config)
        self.attention: TemporalAttention | None = None
        inputs = 3 * encoder_channels(config)
        if config.temporal == "attention":
            self.attention = TemporalAttention(config.attention_scale, config.position_code)
            if config.reference_features:
                inputs += 2 * encoder_channels(config)
        extra = blending.CHANNELS if config.synthesis == "blend" else 0
        self.decoder = Decoder(inputs, config, extra)

    def forward(
        self,
        x1: Tensor,
        previous: Tensor,
        next: Tensor,
        mask: Tensor,
        previous_mask: Tensor | None = None,
        next_mask: Tensor | None = None,
    ) -> TemporalResult:
        """x1 and both references (B, 3, H, W); the masks (B, 1, H, W) are 1 where pixels are hidden."""
        references, hidden = (previous, next), (previous_mask, next_mask)
        if self.config.temporal == "autoencoder":
            references, hidden = (x1, x1), (None, None)
        current = self.current(x1)  # (B, C, h, w)
        features = [
            encoder(image if unseen is None else drop(image, unseen))
            for encoder, image, unseen in zip((self.previous, self.next), references, hidden, strict=True)
        ]
        entropy = None
        if self.attention is None:
            found = features
        else:
            found, entropy = self._attend(current, features, hidden)
            if self.config.reference_features:
                found = found + features
        colours, controls = self.decoder(torch.cat([current, *found], dim=1))
        routes = None
        if controls is not None:
            sharp = self.config.blend_choice == "sharp" and not self.training
            colours, routes = blending.blend(colours, controls, references, hidden, sharp, self.config.flow)
        return TemporalResult(paste(colours, x1, mask), entropy, routes)

    def _attend(
        self, current: Tensor, features: list[Tensor], hidden: tuple[Tensor | None, Tensor | None]
    ) -> tuple[list[Tensor], Tensor | None]:
        """What the attention finds in each reference, (B, C, h, w), and its entropies (B, 2) if it trains."""
        valid = [None if unseen is None else reduced(unseen) == 0 for unseen in hidden]
        results = [self.attention(current, feature, v) for feature, v in zip(features, valid, strict=True)]
        found = [output.to(current.dtype) for output, _ in results]
        entropies = torch.stack([entropy for _, entropy in results], dim=1) if self.training else None
        return found, entropies


class Completion(NamedTuple):
    """Both stages of a completed frame."""

    x1: Tensor  # (B, 3, H, W) by the spatial generator
    x2: Tensor  # (B, 3, H, W) by the temporal generator on top; x1 without one
    entropy: Tensor | None  # (B, 2) of the attention over previous and next, in nats
    routes: blending.Routes | None  # where the pixels of x2 come from, with `synthesis: blend`


class STCnet(nn.Module):
    """Both generators; with `temporal: none` the spatial one alone."""

    def __init__(self, config: StcnetNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.spatial = SpatialGenerator(config)
        self.temporal = None if config.temporal == "none" else TemporalGenerator(config)

    def forward(
        self,
        x: Tensor,
        previous: Tensor,
        next: Tensor,
        mask: Tensor,
        previous_mask: Tensor | None = None,
        next_mask: Tensor | None = None,
    ) -> Completion:
        """Images (B, 3, H, W) in [-1, 1]; masks (B, 1, H, W), 1 where hidden."""
        x1 = self.spatial(x, mask)
        if self.temporal is None:
            return Completion(x1, x1, None, None)
        result = self.temporal(x1, previous, next, mask, previous_mask, next_mask)
        return Completion(x1, *result)

    def stages(self, batch: Batch) -> dict[str, Tensor]:
        """Both completions of a batch by name (`CompletionNetwork`)."""
        completion = self(batch.frame, *batch.references, batch.mask, *batch.reference_masks)
        return {"spatial": completion.x1, "temporal": completion.x2}


def drop(images: Tensor, mask: Tensor) -> Tensor:
    """(1-M)·x: dropped pixels become 0, the middle of [-1, 1]."""
    return images.masked_fill(mask > 0.5, 0.0)


def paste(generated: Tensor, images: Tensor, mask: Tensor) -> Tensor:
    """M·generated + (1-M)·images; a selection, since the sum could round visible pixels."""
    return torch.where(mask > 0.5, generated.to(images.dtype), images)
