"""Weighted sums over all positions of a reference, a few rows of queries at a time (paper §3.3, Eq. 1-3).

Memory is linear in the positions: of hw queries and hw keys no matrix hw × hw is ever whole, in training
neither. The forward pass keeps its inputs and its output alone, and the backward pass computes every block of
weights again, as in FlashAttention (Dao et al., 2022).

The similarity of two 3×3 patches is a sum of nine products of feature vectors. Unfolding both maps and
multiplying the patches would compute each product nine times. Two patches differ from their neighbours by one
shift of both, so single vectors are multiplied once, and that matrix is added up along its diagonals, first
over three rows, then over three columns: a ninth of the multiplications, and no unfolded copy. A block of
rows of queries needs the products of one more row on either side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

# Numbers in a matrix at a time: what does not fit a core's cache is slower, and GPUs want few large calls.
BLOCK = {"cpu": 1 << 18, "cuda": 1 << 25}
HIDDEN = -1e4  # logit of a key that is not valid: e to this is 0, also beside logits of 100
EVERY = 8  # positions of which one tells its entropy: enough for a log


class Inputs(NamedTuple):
    """What the weights are made of.

    The logit of query p and key q is a(p) · b(q) · Σ over shifts d of C(p + d) · R(q + d), with zeros outside
    the map, plus the product of their codes.
    """

    current: Tensor  # C (B, (h + 2)w, D), with a row of zeros above and below
    reference: Tensor  # R (B, hw, D)
    a: Tensor  # (B, hw), positive
    b: Tensor  # (B, hw), positive
    codes: tuple[Tensor, Tensor] | None  # of queries (hw, E), of keys (B, hw, E)
    size: tuple[int, int]  # h, w

    @classmethod
    def of(
        cls,
        current: Tensor,
        reference: Tensor,
        a: Tensor,
        b: Tensor,
        code: Tensor | None,
        valid: Tensor | None,
        size: tuple[int, int],
    ) -> Inputs:
        """From what `BlockedAttention` is given."""
        padded = F.pad(current, (0, 0, size[1], size[1]))
        parts = [] if code is None else [(code, code.expand(len(reference), -1, -1))]
        if valid is not None:  # as one more number of the code, the mask costs no pass over the weights
            ones = torch.ones_like(a[0, :, None])
            parts.append((ones, HIDDEN * (~valid[:, :, None]).to(ones)))
        codes = tuple(torch.cat(side, dim=-1) for side in zip(*parts, strict=True)) if parts else None
        return cls(padded, reference, a, b, codes, size)


class Block(NamedTuple):
    """Some rows of queries, of some samples, against all keys."""

    samples: slice
    queries: slice  # positions
    around: slice  # the same with one more row on either side, in `Inputs.current`


class BlockedAttention(torch.autograd.Function):
    """o(p) = Σ_q softmax_q(logit(p, q)) · R(q) over valid q, and zeros in a sample that has none.

    Arguments: current and reference (B, hw, D), a and b as in `Inputs`, a code (hw, E) of queries and keys or
    none, valid keys, bool (B, hw) or none, the map's size, and whether the entropy is asked for.
    Returns (B, hw, D), and if asked for the entropy (B,) in nats of the weights, the mean over every eighth
    position, without a gradient; or else none.
    """

    @staticmethod
    def forward(ctx, current, reference, a, b, code, valid, size, entropy):
        inputs, values = Inputs.of(current, reference, a, b, code, valid, size), _values(reference, valid)
        output, entropies = torch.empty_like(current), current.new_zeros(len(current))
        for block in _blocks(inputs):
            _, weights = _weights(inputs, block)
            output[block.samples, block.queries] = weights @ values[block.samples]
            if entropy:
                told = weights[:, -block.queries.start % EVERY :: EVERY]
                entropies[block.samples] += torch.special.entr(told).sum((1, 2))
        entropies /= -(-current.shape[1] // EVERY)
        if valid is not None:
            entropies *= valid.any(1)
        ctx.size = size
        ctx.save_for_backward(current, reference, a, b, code, valid, output)
        ctx.mark_non_differentiable(entropies)
        return output, entropies if entropy else None

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad, _):
        current, reference, a, b, code, valid, output = ctx.saved_tensors
        inputs, values = Inputs.of(current, reference, a, b, code, valid, ctx.size), _values(reference, valid)
        towards = (grad * output).sum(2, keepdim=True)  # (B, hw, 1)
        grads = Inputs(*map(torch.zeros_like, inputs[:4]), None, ctx.size)
        grad_values = torch.zeros_like(values)
        for block in _blocks(inputs):
            samples, queries, around = block
            scaled, weights = _weights(inputs, block)
            own = grad[samples, queries]
            grad_values[samples] += weights.transpose(1, 2) @ own
            slope = (own @ values[samples].transpose(1, 2)).sub_(towards[samples, queries]).mul_(weights)
            shared = scaled.mul_(slope)
            grads.a[samples, queries] = shared.sum(2) / a[samples, queries]
            grads.b[samples] += shared.sum(1) / b[samples]
            slope.mul_(a[samples, queries, None]).mul_(b[samples, None])
            products = _spread_shifts(slope, ctx.size)
            grads.current[samples, around] += products @ reference[samples]
            grads.reference[samples] += products.transpose(1, 2) @ inputs.current[samples, around]
        if valid is not None:
            grad_values *= valid[:, :, None]
        inside = slice(ctx.size[1], -ctx.size[1])
        learned = grads.current[:, inside], grads.reference + grad_values, grads.a, grads.b
        return *learned, None, None, None, None


def _blocks(inputs: Inputs) -> Iterator[Block]:
    """All queries of all samples, in blocks of nearly equal size."""
    (height, width), count = inputs.size, len(inputs.reference)
    row, most = width * height * width, BLOCK[inputs.reference.device.type]  # numbers of one row of queries
    parts = -(-height // max(1, most // row - 2))
    rows = -(-height // parts)
    samples = max(1, most // ((rows + 2) * row))
    for first in range(0, height, rows):
        last = min(first + rows, height)
        queries, around = slice(first * width, last * width), slice(first * width, (last + 2) * width)
        for start in range(0, count, samples):
            yield Block(slice(start, start + samples), queries, around)


def _values(reference: Tensor, valid: Tensor | None) -> Tensor:
    """What is summed: (B, hw, D), zeros where a key is not valid, also in a sample where no key is."""
    return reference if valid is None else reference * valid[:, :, None]


def _weights(inputs: Inputs, block: Block) -> tuple[Tensor, Tensor]:
    """Of a block the part of the logits that a and b scale, and the weights: both (n, queries, hw)."""
    samples, queries, around = block
    products = inputs.current[samples, around] @ inputs.reference[samples].transpose(1, 2)
    scaled = _sum_shifts(products, inputs.size)
    scaled.mul_(inputs.a[samples, queries, None]).mul_(inputs.b[samples, None])
    logits = scaled
    if inputs.codes is not None:
        of_queries, of_keys = inputs.codes
        own = of_queries[queries].expand(len(scaled), -1, -1)
        logits = torch.baddbmm(scaled, own, of_keys[samples].transpose(1, 2))
    return scaled, logits.softmax(2)


def _sum_shifts(products: Tensor, size: tuple[int, int]) -> Tensor:
    """Sums over the nine shifts of query and key at once: (n, (r + 2)w, hw) of products -> (n, rw, hw)."""
    maps = products.unflatten(2, size).unflatten(1, (-1, size[1]))  # (n, r + 2, w, h, w)
    rows = maps[:, 1:-1].clone()
    rows[:, :, :, 1:] += maps[:, :-2, :, :-1]
    rows[:, :, :, :-1] += maps[:, 2:, :, 1:]
    sums = rows.clone()
    sums[:, :, 1:, :, 1:] += rows[:, :, :-1, :, :-1]
    sums[:, :, :-1, :, :-1] += rows[:, :, 1:, :, 1:]
    return sums.flatten(3).flatten(1, 2)


def _spread_shifts(sums: Tensor, size: tuple[int, int]) -> Tensor:
    """The adjoint of `_sum_shifts`: (n, rw, hw) -> (n, (r + 2)w, hw)."""
    maps = sums.unflatten(2, size).unflatten(1, (-1, size[1]))  # (n, r, w, h, w)
    rows = maps.clone()
    rows[:, :, :-1, :, :-1] += maps[:, :, 1:, :, 1:]
    rows[:, :, 1:, :, 1:] += maps[:, :, :-1, :, :-1]
    products = F.pad(rows, (0, 0, 0, 0, 0, 0, 1, 1))  # (n, r + 2, w, h, w)
    products[:, :-2, :, :-1] += rows[:, :, :, 1:]
    products[:, 2:, :, 1:] += rows[:, :, :, :-1]
    return products.flatten(3).flatten(1, 2)
