"""Non-local block, embedded Gaussian (Wang et al., CVPR 2018), as the final network uses it (paper §4.2).

    y = x + BN(W · softmax(θ(x)ᵀ φ(x)) g(x))

It is attention with one head and scale 1 over all positions of all frames of a clip, so the fused
attention of PyTorch computes it without ever holding the THW × THW matrix.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.config import parts


class NonLocalBlock(nn.Module):
    """Inner width C / 2, 2×2 max-pooled keys and values, identity at the start of the training.

    The frames of a clip stay folded into the batch: 1×1×1 convolutions and batch norm over (T, H, W) do
    not look at time, so their 2D forms are the same, and channels_last fits the whole network.

    Shapes:
        maps (B·T, C, H, W), T -> (B·T, C, H, W)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Conv2d(channels, inner, 1)
        self.g = nn.Conv2d(channels, inner, 1)
        self.out = nn.Conv2d(inner, channels, 1, bias=False)  # the norm has a bias
        self.norm = nn.BatchNorm2d(channels)
        for conv in (self.theta, self.phi, self.g, self.out):
            nn.init.normal_(conv.weight, std=0.01)  # as its authors: scale 1 saturates on larger weights
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
        nn.init.zeros_(self.norm.weight)  # starts as the identity

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        height, width = maps.shape[2:]
        pool = (min(2, height), min(2, width))  # a map of one column has nothing to pool
        queries = _tokens(self.theta(maps), frames)  # (B, 1, THW, C/2)
        keys = _tokens(F.max_pool2d(self.phi(maps), pool), frames)
        values = _tokens(F.max_pool2d(self.g(maps), pool), frames)
        mixed = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)  # (B, 1, THW, C/2)
        mixed = mixed.flatten(0, 2).unflatten(0, (-1, height, width)).permute(0, 3, 1, 2)  # (B·T, C/2, H, W)
        return maps + self.norm(self.out(mixed))


def _tokens(maps: Tensor, frames: int) -> Tensor:
    """(B·T, C, H, W) -> (B, 1, THW, C): all positions of a clip, one head."""
    tokens = maps.permute(0, 2, 3, 1).unflatten(0, (-1, frames)).flatten(1, 3).unsqueeze(1)
    return tokens.contiguous()  # fused attention wants the channels of a position side by side


def build(settings: parts.NonLocal, channels: int) -> NonLocalBlock:
    return NonLocalBlock(channels)
