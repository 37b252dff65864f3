"""What the network is built of: residual blocks of dilated 3-D convolutions, and a non-local block."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class DilatedBlock(nn.Module):
    """x + W2·ELU(W1·ELU(x)), of which W1 is a 3×3×3 convolution with a rate in space and one in time.

    W2 (1×1×1) is zero at the start, so that the block begins as the identity. Without normalisation, as the
    encoders of STCnet's ancestors.

    Shapes:
        maps (B, C, T, h, w) -> the same
    """

    def __init__(self, channels: int, dilation: int, time_dilation: int) -> None:
        super().__init__()
        rates = (time_dilation, dilation, dilation)
        self.wide = nn.Conv3d(channels, channels, 3, padding=rates, dilation=rates)
        self.out = nn.Conv3d(channels, channels, 1)
        nn.init.kaiming_normal_(self.wide.weight, nonlinearity="relu")
        nn.init.zeros_(self.wide.bias)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.out(F.elu(self.wide(F.elu(maps))))


class NonLocalBlock3d(nn.Module):
    """y = x + W·softmax(θ(x)ᵀ φ(x)) g(x), embedded Gaussian over all places of all frames (Wang et al. 2018).

    Inner width C / 2, 1×1×1 convolutions, keys and values max-pooled 2×2 in space, and W zero at the start,
    so that it begins as the identity. It is attention with one head and scale 1, so the fused attention of
    PyTorch computes it without ever holding the Thw × Thw matrix.

    Shapes:
        maps (B, C, T, h, w) -> the same
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = nn.Conv3d(channels, inner, 1)
        self.phi = nn.Conv3d(channels, inner, 1)
        self.g = nn.Conv3d(channels, inner, 1)
        self.out = nn.Conv3d(inner, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, maps: Tensor) -> Tensor:
        pool = (1, *(min(2, size) for size in maps.shape[3:]))  # a map of one column has nothing to pool
        queries = _tokens(self.theta(maps))  # (B, 1, Thw, C/2)
        keys, values = (_tokens(F.max_pool3d(part(maps), pool)) for part in (self.phi, self.g))
        mixed = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)  # (B, 1, Thw, C/2)
        mixed = mixed.squeeze(1).transpose(1, 2).unflatten(2, maps.shape[2:])  # (B, C/2, T, h, w)
        return maps + self.out(mixed)


def _tokens(maps: Tensor) -> Tensor:
    """(B, C, T, h, w) -> (B, 1, Thw, C): all places of a window, one head."""
    return maps.flatten(2).transpose(1, 2).unsqueeze(1).contiguous()
