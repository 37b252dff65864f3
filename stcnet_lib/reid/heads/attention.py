"""Temporal attention (Gao and Nevatia, "Revisiting Temporal Modeling for Video-based Person ReID", 2018).

Their network of a spatial and a temporal convolution. The first, as large as a frame's map, makes a
descriptor of each frame, the second a score of three successive descriptors; the softmax of a clip's scores
weighs its frames:

    feature = Σ_t a_t mean(maps_t),   a = softmax_t(score_t),   score = w * relu(W maps)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.pooling import spatial_mean

_SPAN = 3  # frames that a score is made of


class AttentionHead(nn.Module):
    """Weighs every frame by what it and the two beside it show.

    Args:
        shape: (C, h, w) of a frame's map: the first convolution is as large as that.
        channels: between the two convolutions.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, C)
    """

    def __init__(self, shape: tuple[int, int, int], channels: int) -> None:
        super().__init__()
        self.features, *size = shape
        self.spatial = nn.Conv2d(self.features, channels, tuple(size))
        self.temporal = nn.Conv1d(channels, 1, _SPAN, padding=_SPAN // 2)

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        pooled = spatial_mean(maps).unflatten(0, (-1, frames))  # (B, T, C)
        return (self.weights(maps, frames)[..., None] * pooled).sum(1)

    def weights(self, maps: Tensor, frames: int) -> Tensor:
        """What each frame counts: (B·T, C, h, w), T -> (B, T), rows with the sum 1."""
        seen = self.spatial(maps).relu().flatten(1).unflatten(0, (-1, frames))  # (B, T, channels)
        scores = self.temporal(seen.transpose(1, 2)).squeeze(1)  # (B, T)
        return scores.to(torch.promote_types(scores.dtype, torch.float32)).softmax(1)


def build(settings: parts.Attention, shape: tuple[int, int, int]) -> AttentionHead:
    return AttentionHead(shape, settings.channels)
