"""Diversity-regularised attention over space and time (Li et al., "Diversity Regularized Spatiotemporal
Attention for Video-based Person Re-identification", CVPR 2018).

K attentions over the positions of a frame find K places of the body (§3.2), each place has weights of its own
over the frames (§3.4), and what the places show stands side by side in the feature:

    s_tk = softmax over positions of w_k · relu(W_k map_t),   x_tk = E(Σ_l s_tkl map_tl),
    x_k = Σ_t a_tk x_tk,   a_tk = softmax over t of v_k · x_tk

The penalty keeps two places of a frame apart by their Hellinger distance (§3.3): 1 - H² is the product of the
roots of two attentions, so with R = √s_t, one row a place,

    penalty = ‖R Rᵀ - I‖²,  here the mean over the frames

E is here one linear layer with a rectifier for all places. They sample one frame of each of six parts of the
video, in training and in tests; here clips are as for the other heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import parts


class DiversityHead(nn.Module):
    """K places, each weighed over the frames for itself.

    Args:
        channels: C of a frame's map.
        settings: `places` is K, `channels` the length of what one place adds to the feature.

    Shapes:
        maps (B·T, C, h, w), T -> features (B, K · settings.channels), {"diversity": penalty ()}
    """

    def __init__(self, channels: int, settings: parts.Diversity) -> None:
        super().__init__()
        places = settings.places
        self.features = places * settings.channels
        self.weight = settings.weight
        self.look = nn.Conv2d(channels, places * settings.hidden, 1)
        self.score = nn.Conv2d(places * settings.hidden, places, 1, groups=places, bias=False)
        self.describe = nn.Linear(channels, settings.channels)
        self.judge = nn.Parameter(torch.randn(places, settings.channels) * settings.channels**-0.5)

    def forward(self, maps: Tensor, frames: int) -> tuple[Tensor, dict[str, Tensor]]:
        logs = self.attentions(maps)  # (B·T, K, L)
        seen = maps.flatten(2).mT.to(logs.dtype)  # (B·T, L, C)
        with torch.autocast(maps.device.type, enabled=False):
            described = self.describe(logs.exp() @ seen).relu().unflatten(0, (-1, frames))  # (B, T, K, d)
            shares = (described * self.judge).sum(3).softmax(1)  # (B, T, K)
            features = (shares[..., None] * described).sum(1).flatten(1)  # (B, K·d)
            return features, {"diversity": self.weight * overlap(logs)}

    def attentions(self, maps: Tensor) -> Tensor:
        """Logarithms of the weights of all positions: (F, C, h, w) -> (F, K, h·w)."""
        scores = self.score(self.look(maps).relu()).flatten(2)
        return scores.to(torch.promote_types(scores.dtype, torch.float32)).log_softmax(2)


def overlap(logs: Tensor) -> Tensor:
    """‖R Rᵀ - I‖², averaged over frames, of the logarithms of attentions: (F, K, L) -> ().

    0 if each attention has one position of its own, K (K - 1) if all are equal. The root is taken of the
    logarithm, as that of a weight of almost 0 has no bounded slope.
    """
    roots = (logs / 2).exp()
    apart = roots @ roots.mT - torch.eye(roots.shape[1], dtype=roots.dtype, device=roots.device)
    return apart.square().sum((1, 2)).mean()


def build(settings: parts.Diversity, shape: tuple[int, int, int]) -> DiversityHead:
    return DiversityHead(shape[0], settings)
