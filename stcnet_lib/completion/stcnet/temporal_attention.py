"""The temporal attention layer (paper §3.3, Eq. 1-3).

Every position of the current frame's features looks for similar 3×3 patches in one reference frame:

    s(p, q) = cosine(patch of F around p, patch of R around q)          Eq. 1
    s*(p, ·) = softmax(scale · s(p, ·)) over all positions of R         Eq. 2
    o(p) = Σ_q s*(p, q) · R(q)                                          Eq. 3

Efficiency. Unfolding both maps and multiplying the patches would do the same products of feature
vectors nine times. Two patches differ from their neighbours by one shift of both, so it is enough to
multiply single vectors once and then to add up that matrix along its diagonals, first over three
rows, then over three columns: a ninth of the multiplications, and no unfolded copy.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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
        with torch.autocast(current.device.type, enabled=False):
            current, reference = current.to(dtype), reference.to(dtype)
            similarity = patch_similarity(current, reference)  # (B, hw, hw)
            if self.position_code > 0:
                code = position_code(*current.shape[2:]).to(similarity)  # (hw, E)
                weight = self.position_code**2
                similarity = torch.lerp(code @ code.T, similarity, 1 / (1 + weight))
            weights = attention_weights(similarity, self.scale, None if valid is None else valid.flatten(1))
            output = reference.flatten(2) @ weights.transpose(1, 2)  # (B, C, hw)
        # Every eighth position is enough for a log.
        entropy = torch.special.entr(weights.detach()[:, ::8]).sum(2).mean(1) if self.training else None
        return output.unflatten(2, current.shape[2:]), entropy


def patch_similarity(current: Tensor, reference: Tensor) -> Tensor:
    """Cosines of all pairs of 3×3 patches, zeros outside: two (B, C, h, w) -> (B, hw, hw)."""
    products = current.flatten(2).transpose(1, 2) @ reference.flatten(2)  # (B, hw, hw)
    return _PatchCosines.apply(
        products, _patch_norms(current).reciprocal(), _patch_norms(reference).reciprocal(), current.shape[2:]
    )


class _PatchCosines(torch.autograd.Function):
    """S = a ∘ T(P) ∘ b, where T sums the products P of single vectors over the nine shifts of both patches.

    T is its own adjoint. These matrices are what the layer spends its time on: with the backward pass
    written out each is read and written half as often as with automatic differentiation.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, products: Tensor, a: Tensor, b: Tensor, size: torch.Size
    ) -> Tensor:
        """products (B, hw, hw); a, b (B, hw): inverse norms of the patches of both sides."""
        sums = _sum_shifts(products, size)
        cosines = sums.mul_(a[:, :, None]).mul_(b[:, None])
        ctx.size = size
        ctx.save_for_backward(cosines, a, b)
        return cosines

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: torch.autograd.function.FunctionCtx, grad: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None]:
        cosines, a, b = ctx.saved_tensors
        shared = grad * cosines
        grad_a, grad_b = shared.sum(2) / a, shared.sum(1) / b
        torch.mul(grad, a[:, :, None], out=shared).mul_(b[:, None])
        return _sum_shifts(shared, ctx.size), grad_a, grad_b, None


def _sum_shifts(products: Tensor, size: torch.Size) -> Tensor:
    """Sums over the nine shifts of both positions at once: (B, hw, hw), rows first, then columns."""
    height, width = size
    maps = products.unflatten(2, (height, width)).unflatten(1, (height, width))  # (B, h, w, h, w)
    rows = maps.clone()
    rows[:, 1:, :, 1:] += maps[:, :-1, :, :-1]
    rows[:, :-1, :, :-1] += maps[:, 1:, :, 1:]
    sums = rows.clone()
    sums[:, :, 1:, :, 1:] += rows[:, :, :-1, :, :-1]
    sums[:, :, :-1, :, :-1] += rows[:, :, 1:, :, 1:]
    return sums.flatten(3).flatten(1, 2)


def attention_weights(similarity: Tensor, scale: float, valid: Tensor | None = None) -> Tensor:
    """softmax(scale · similarity) over the last axis, and zeros where there is nothing to attend to.

    Args:
        similarity: (B, queries, keys)
        valid: (B, keys) or none; other keys get no weight.
    """
    logits = scale * similarity
    if valid is None:
        return logits.softmax(2)
    keep = valid[:, None].bool()
    # The lowest number instead of -inf: a sample without a valid key would be NaN, forward and backward.
    return logits.masked_fill(~keep, torch.finfo(logits.dtype).min).softmax(2) * keep


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
