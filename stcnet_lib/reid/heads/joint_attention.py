"""Joint spatial and temporal attention pooling (ASTPN: Xu et al., "Jointly Attentive Spatial-Temporal Pooling
Networks for Video-based Person Re-Identification", ICCV 2017).

A pyramid of largest values over space gives each frame's vector (§3.2), a recurrent layer looks at these in
turn, and attention pools its outputs P (T, N) over time (§3.3):

    A = tanh(P U Pᵀ),   a = softmax over t of max over s of A[t, s],   feature = Σ_t a_t P_t

Their network compares two clips: A = tanh(P U Gᵀ) has the other clip's outputs G as its second factor, so
that a clip's feature depends on what it is compared with. Retrieval needs one feature a tracklet, so here a
clip attends to itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts
from stcnet_lib.reid.combining import equally


class JointAttentionHead(nn.Module):
    """A pyramid over space, one recurrent layer, attention over time.

    Args:
        channels: C of a frame's map.
        bins: rows (and columns) of each level of the pyramid.
        size: of a frame's vector, and of the recurrent layer's state.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, size)
    """

    def __init__(self, channels: int, bins: Sequence[int], size: int) -> None:
        super().__init__()
        self.features = size
        self.bins = tuple(bins)
        self.frame = nn.Linear(channels * sum(count**2 for count in bins), size)
        self.layer = nn.RNN(size, size, batch_first=True)
        self.pairs = nn.Parameter(torch.randn(size, size) / size)  # U; small, since tanh has no slope far out

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        with torch.autocast(maps.device.type, enabled=False):
            maps = maps.to(torch.promote_types(maps.dtype, torch.float32))
            outputs, _ = self.layer(self.frame(pyramid(maps, self.bins)).unflatten(0, (-1, frames)))
            return (self.weights(outputs)[..., None] * outputs).sum(1)

    def weights(self, outputs: Tensor) -> Tensor:
        """What each frame counts: (B, T, size) -> (B, T), rows with the sum 1."""
        return (outputs @ self.pairs @ outputs.mT).tanh().amax(2).softmax(1)

    combine = staticmethod(equally)


def pyramid(maps: Tensor, bins: Sequence[int]) -> Tensor:
    """The largest value of each cell of each level: (F, C, h, w) -> (F, C · Σ bins²).

    Cells of a map that does not divide evenly overlap by a row or column, so none is empty.
    """
    height, width = maps.shape[2:]
    cells = [
        maps[..., top:bottom, left:right].amax((2, 3))
        for count in bins
        for top, bottom in _edges(height, count)
        for left, right in _edges(width, count)
    ]
    return torch.cat(cells, 1)


def _edges(size: int, count: int) -> list[tuple[int, int]]:
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def build(settings: parts.JointAttention, shape: tuple[int, int, int]) -> JointAttentionHead:
    return JointAttentionHead(shape[0], settings.bins, settings.channels)
