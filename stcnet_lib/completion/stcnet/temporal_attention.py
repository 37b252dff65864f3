"""The temporal attention layer (paper §3.3, Eq. 1-3).

Every position of the current frame's features looks for similar 3×3 patches in one reference frame:

    s(p, q) = cosine(patch of F around p, patch of R around q)          Eq. 1
    s*(p, ·) = softmax(scale · s(p, ·)) over all positions of R         Eq. 2
    o(p) = Σ_q s*(p, q) · R(q)                                          Eq. 3
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.completion.stcnet.blocked_attention import BlockedAttention


class TemporalAttention(nn.Module):
    """Attention of a frame over one reference frame; no learnable parameters.

    Args:
        scale: of the softmax. 1, as printed, is almost a mean over the reference: with 512 positions the
            only matching one gets a weight of 0.005.
        position_code: weight w of a sine/cosine code of the position, appended to the normalised patches
            of both sides. The similarity becomes (s + w²·p)/(1 + w²), p the cosine of the codes; still a
            cosine. 0: as printed.
    """

    def __init__(self, scale: float = 1.0, position_code: float = 0.0) -> None:
        super().__init__()
        self.scale = scale
        self.position_code = position_code

    def forward(
        self, current: Tensor, reference: Tensor, valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Rebuild the current features out of the reference's.

        Args:
            current: F (B, C, h, w)
            reference: R (B, C, h, w)
            valid: (B, 1, h, w), false or 0 where a position of the reference is itself hidden and must
                get no weight. A sample without a valid position gets zeros.

        Returns:
            output (B, C, h, w), and the entropy (B,) in nats of the weights, mean over every eighth position;
            log(hw) for a plain mean. It is for the log of a training: in evaluation mode it is none.
        """
        # bf16 would blur similarities that a scale of 20 then magnifies.
        dtype = torch.promote_types(current.dtype, torch.float32)
        share = self.position_code**2 / (1 + self.position_code**2)  # of the codes in the similarity
        with torch.autocast(current.device.type, enabled=False):
            current, reference = current.to(dtype), reference.to(dtype)
            code = None
            if share > 0:
                code = position_code(*current.shape[2:]).to(current) * math.sqrt(self.scale * share)
            output, entropy = BlockedAttention.apply(
                current.flatten(2).transpose(1, 2),  # (B, hw, C)
                reference.flatten(2).transpose(1, 2),
                self.scale * (1 - share) / _patch_norms(current),
                1 / _patch_norms(reference),
                code,
                None if valid is None else valid.flatten(1).bool(),
                tuple(current.shape[2:]),
                self.training,
            )
        return output.transpose(1, 2).unflatten(2, current.shape[2:]), entropy


def position_code(height: int, width: int, wavelengths: int = 4) -> Tensor:
    """A unit vector for each position of a map: (hw, 4 · wavelengths) float64.

    Sines and cosines of the row and of the column, with wavelengths of twice the longer side, half of that
    and so on, so that the product of two codes falls with the distance.
    """
    longest = 2.0 * max(height, width)
    frequencies = 2 * math.pi / longest * 2.0 ** torch.arange(wavelengths, dtype=torch.float64)
    rows = torch.arange(height, dtype=torch.float64)[:, None] * frequencies  # (h, wavelengths)
    columns = torch.arange(width, dtype=torch.float64)[:, None] * frequencies  # (w, wavelengths)
    angles = torch.cat(
        [rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)], dim=2
    ).flatten(0, 1)  # (hw, 2 · wavelengths)
    return torch.cat([angles.cos(), angles.sin()], dim=1) / math.sqrt(2 * wavelengths)


def _patch_norms(maps: Tensor) -> Tensor:
    """Euclidean norms of 3×3 patches: (B, C, h, w) -> (B, hw)."""
    squares = maps.square().sum(1, keepdim=True)
    squares = 9 * F.avg_pool2d(squares, 3, stride=1, padding=1)
    return squares.clamp(min=1e-12).sqrt().flatten(1)  # a patch of zeros is similar to nothing
