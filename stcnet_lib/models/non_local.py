"""Non-local block, embedded Gaussian (Wang et al., CVPR 2018), as the final network uses it (paper §4.2).

    y = x + BN(W · softmax(θ(x)ᵀ φ(x)) g(x))

It is attention with one head and scale 1 over all positions of all frames of a clip, so the fused
attention of PyTorch computes it without ever holding the THW × THW matrix.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class NonLocalBlock(nn.Module):
    """Inner width C / 2, 2×2 max-pooled keys and values, identity at the start of the training.

    Shapes:
        (B, C, T, H, W) -> (B, C, T, H, W)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = nn.Conv3d(channels, inner, 1)
        self.phi = nn.Conv3d(channels, inner, 1)
        self.g = nn.Conv3d(channels, inner, 1)
        self.out = nn.Conv3d(inner, channels, 1, bias=False)  # the norm has a bias
        self.norm = nn.BatchNorm3d(channels)
        for conv in (self.theta, self.phi, self.g, self.out):
            nn.init.normal_(conv.weight, std=0.01)  # as its authors: scale 1 saturates on larger weights
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
        nn.init.zeros_(self.norm.weight)  # starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        pool = (1, min(2, height), min(2, width))  # a map of one column has nothing to pool
        queries = _tokens(self.theta(x))
        keys = _tokens(F.max_pool3d(self.phi(x), pool))
        values = _tokens(F.max_pool3d(self.g(x), pool))
        mixed = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)  # (B, 1, THW, C/2)
        mixed = mixed.squeeze(1).transpose(1, 2).unflatten(2, x.shape[2:])  # (B, C/2, T, H, W)
        return x + self.norm(self.out(mixed))


def _tokens(maps: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B, 1, THW, C): one head."""
    return maps.flatten(2).transpose(1, 2).unsqueeze(1)
