"""Quality-weighted pooling (QAN: Liu, Yan and Ouyang, "Quality Aware Network for Set to Set Recognition",
CVPR 2017).

Each frame has a quality from 0 to 1, of what itself shows, and counts by it (their Eq. 1):

    feature = Σ_t μ_t mean(maps_t) / Σ_t μ_t,   μ_t = σ(w · mean(relu(W * maps_t)))

Their quality branch starts at a middle layer, and a triplet loss of sets trains it beside the cross-entropy
of single frames. Here it starts at the last maps and learns from the loss of the clip.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.pooling import spatial_mean

_LEAST = 1e-6  # of a sum of qualities


class QualityHead(nn.Module):
    """Weighs every frame by its quality, without a look at the others.

    Args:
        channels: C of a frame's map.
        hidden: channels of the maps that the quality is judged by.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, C)
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.features = channels
        self.look = nn.Conv2d(channels, hidden, 3, padding=1)
        self.judge = nn.Linear(hidden, 1)

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        pooled = spatial_mean(maps).unflatten(0, (-1, frames))  # (B, T, C)
        qualities = self.qualities(maps, frames)[..., None]  # (B, T, 1)
        return (qualities * pooled).sum(1) / qualities.sum(1).clamp(min=_LEAST)

    def qualities(self, maps: Tensor, frames: int) -> Tensor:
        """(B·T, C, h, w), T -> (B, T), each from 0 to 1."""
        scores = self.judge(spatial_mean(self.look(maps).relu())).unflatten(0, (-1, frames)).squeeze(2)
        return scores.to(torch.promote_types(scores.dtype, torch.float32)).sigmoid()


def build(settings: parts.Quality, shape: tuple[int, int, int]) -> QualityHead:
    return QualityHead(shape[0], settings.channels)
