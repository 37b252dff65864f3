"""The attention layer against a loop over positions, with another mask in every sample."""

import math

import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from stcnet_lib.completion.stcnet import blocked_attention
from stcnet_lib.completion.stcnet.blocked_attention import BlockedAttention
from stcnet_lib.completion.stcnet.temporal_attention import TemporalAttention, position_code


def _patch(maps, row, column):
    """The 3×3 patch of maps (C, h, w) around a position, zeros outside, as one vector."""
    _, height, width = maps.shape
    values = []
    for r in (row - 1, row, row + 1):
        for c in (column - 1, column, column + 1):
            inside = 0 <= r < height and 0 <= c < width
            values.append(maps[:, r, c] if inside else torch.zeros_like(maps[:, 0, 0]))
    return torch.cat(values)


def _code(row, column, height, width):
    waves = [2 * max(height, width) / 2**i for i in range(4)]
    values = []
    for at in (row, column):
        for wave in waves:
            values += [math.sin(2 * math.pi * at / wave), math.cos(2 * math.pi * at / wave)]
    vector = torch.tensor(values, dtype=torch.float64)
    return vector / vector.norm()


def _loops(current, reference, valid, scale, code_weight):
    """Eq. 1-3 for one sample, position by position: current, reference (C, h, w), valid (h, w); the entropy
    of every eighth one."""
    _, height, width = current.shape
    output = torch.zeros_like(reference)
    entropies = []
    for a in range(height):
        for b in range(width):
            query = F.normalize(_patch(current, a, b), dim=0)
            query = torch.cat([query, code_weight * _code(a, b, height, width)])
            exponentials, values = [], []
            for r in range(height):
                for c in range(width):
                    if not valid[r, c]:
                        continue
                    key = F.normalize(_patch(reference, r, c), dim=0)
                    key = torch.cat([key, code_weight * _code(r, c, height, width)])
                    exponentials.append(torch.exp(scale * F.cosine_similarity(query, key, dim=0)))
                    values.append(reference[:, r, c])
            if not values:
                entropies.append(torch.zeros((), dtype=torch.float64))
                continue
            weights = torch.stack(exponentials) / sum(exponentials)
            output[:, a, b] = sum(weight * value for weight, value in zip(weights, values, strict=True))
            entropies.append(-(weights * weights.log()).sum())
    return output, torch.stack(entropies[::8]).mean()


@pytest.mark.parametrize(("scale", "code_weight"), [(1.0, 0.0), (20.0, 0.0), (10.0, 0.7)])
def test_equals_a_loop_over_positions(scale, code_weight):
    torch.manual_seed(0)
    current, reference = torch.randn(2, 4, 3, 4, 3, dtype=torch.float64)
    valid = torch.rand(4, 1, 4, 3) > 0.4
    valid[2] = True
    valid[3] = False  # a reference that is hidden altogether
    assert not torch.equal(valid[0], valid[1])
    output, entropy = TemporalAttention(scale, code_weight)(current, reference, valid)
    for b in range(4):
        expected, expected_entropy = _loops(current[b], reference[b], valid[b, 0], scale, code_weight)
        torch.testing.assert_close(output[b], expected, rtol=0, atol=1e-10)
        torch.testing.assert_close(entropy[b], expected_entropy, rtol=0, atol=1e-10)
    assert output[3].abs().max() == 0
    everything, _ = TemporalAttention(scale, code_weight)(current[2:3], reference[2:3])
    torch.testing.assert_close(everything[0], output[2], rtol=0, atol=1e-12)


def test_finds_the_same_patches_moved_elsewhere():
    torch.manual_seed(0)
    reference = torch.randn(1, 8, 8, 6, dtype=torch.float64)
    current = reference.roll((2, 1), (2, 3))
    output, _ = TemporalAttention(scale=200.0)(current, reference)
    # inside, where neither the border nor the wrapped rows are part of a patch
    torch.testing.assert_close(output[..., 3:-1, 2:-1], current[..., 3:-1, 2:-1], rtol=0, atol=1e-6)


def test_a_large_position_code_copies_the_same_position():
    torch.manual_seed(0)
    current, reference = torch.randn(2, 1, 5, 32, 16, dtype=torch.float64)
    output, _ = TemporalAttention(scale=1000.0, position_code=10.0)(current, reference)
    torch.testing.assert_close(output, reference, rtol=0, atol=1e-3)


def test_position_codes_are_unit_vectors_and_most_alike_where_they_are_near():
    code = position_code(32, 16)
    torch.testing.assert_close(code.norm(dim=1), torch.ones(512, dtype=torch.float64))
    products = (code @ code.T)[0].reshape(32, 16)
    assert (products[:3, 0].diff() < 0).all()
    assert (products[0, :3].diff() < 0).all()
    assert products.flatten()[1:].max() < products[0, 0] - 0.01  # no second position looks the same


@pytest.mark.parametrize(
    ("scale", "m", "weight"),
    [
        (1, 0.0, 0.005),
        (1, 0.5, 0.003),
        (1, 0.8, 0.002),
        (4, 0.0, 0.10),
        (4, 0.5, 0.014),
        (4, 0.8, 0.004),
        (10, 0.0, 0.98),
        (10, 0.5, 0.23),
        (10, 0.8, 0.014),
        (20, 0.0, 1.0),
        (20, 0.5, 0.98),
        (20, 0.8, 0.10),
        (50, 0.0, 1.0),
        (50, 0.5, 1.0),
        (50, 0.8, 0.98),
    ],
)
def test_weight_of_the_only_match_among_512(scale, m, weight):
    """Without a scale the layer as printed is a mean: the match gets half a percent."""
    height, width, query = 32, 16, 100
    own = torch.eye(512, 513, dtype=torch.float64)
    shared = torch.eye(513, dtype=torch.float64)[512]
    features = (m**0.5 * shared + (1 - m) ** 0.5 * own)[None]  # products are m, and 1 with itself
    # Shifts that stay inside the map: of a key at the border fewer than nine products are summed.
    inside = F.avg_pool2d(torch.ones(1, 1, height, width, dtype=torch.float64), 3, 1, 1).flatten(1) * 9
    scales = torch.full((1, 512), float(scale), dtype=torch.float64)
    output, _ = BlockedAttention.apply(
        features, features, scales, 1 / inside, None, None, (height, width), False
    )
    found = (output[0, query] @ own[query] / (1 - m) ** 0.5).item()
    digits = 2 if weight >= 0.1 else 3
    assert round(found, digits) == pytest.approx(weight, abs=1e-9)


def test_entropy_of_a_plain_mean_is_the_logarithm_of_the_positions():
    current = torch.zeros(1, 3, 4, 5)  # similar to nothing
    reference = torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    output, entropy = TemporalAttention()(current, reference)
    assert entropy.item() == pytest.approx(math.log(20), abs=1e-6)
    torch.testing.assert_close(output, reference.mean((2, 3), keepdim=True).expand_as(output))


def test_gradients():
    torch.manual_seed(0)
    current, reference = torch.randn(2, 2, 2, 3, 2, dtype=torch.float64)
    current, reference = current.clone().requires_grad_(), reference.clone().requires_grad_()
    valid = torch.tensor([True, False, True, True, False, True] + 6 * [False]).reshape(2, 1, 3, 2)
    layer = TemporalAttention(scale=5.0, position_code=0.5)
    assert torch.autograd.gradcheck(lambda c, r: layer(c, r, valid)[0], (current, reference))


def test_features_of_zeros_give_finite_gradients():
    current = torch.zeros(1, 2, 3, 3, requires_grad=True)
    reference = torch.zeros(1, 2, 3, 3, requires_grad=True)
    TemporalAttention()(current, reference)[0].sum().backward()
    assert current.grad.isfinite().all()
    assert reference.grad.isfinite().all()


def test_mixed_precision_keeps_the_similarities_in_float32():
    torch.manual_seed(0)
    current, reference = torch.randn(2, 1, 16, 8, 4).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        output, _ = TemporalAttention(scale=50.0)(current, reference)
    expected, _ = TemporalAttention(scale=50.0)(current.double(), reference.double())
    assert output.dtype == torch.float32
    torch.testing.assert_close(output.double(), expected, rtol=0, atol=1e-4)


def _unfolded(current, reference, valid, scale, code_weight):
    """The same with whole matrices, of which PyTorch finds the gradients: (B, C, h, w)."""
    height, width = current.shape[2:]
    codes = torch.stack([_code(r, c, height, width) for r in range(height) for c in range(width)])
    sides = []
    for maps in (current, reference):
        patches = F.normalize(F.unfold(maps, 3, padding=1).transpose(1, 2), dim=2)  # (B, hw, 9C)
        sides.append(torch.cat([patches, code_weight * codes.expand(len(maps), -1, -1)], dim=2))
    similarity = sides[0] @ sides[1].transpose(1, 2) / (1 + code_weight**2)
    keep = valid.flatten(1)[:, None]
    weights = (scale * similarity).masked_fill(~keep, -1e9).softmax(2) * keep
    return (reference.flatten(2) @ weights.transpose(1, 2)).unflatten(2, (height, width)), weights


@pytest.mark.parametrize(
    "numbers", [1, 150, 400, 1 << 18]
)  # of 8 · 6 queries and keys: a row, three, samples
def test_blocks_of_any_size_give_the_output_entropy_and_gradients_of_whole_matrices(numbers, monkeypatch):
    monkeypatch.setitem(blocked_attention.BLOCK, "cpu", numbers)
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 4, 8, 6, dtype=torch.float64)
    valid, slope = torch.rand(3, 1, 8, 6) > 0.3, torch.randn(3, 4, 8, 6, dtype=torch.float64)
    valid[2] = False
    inputs = [maps.clone().requires_grad_() for _ in range(2)]
    output, entropy = TemporalAttention(8.0, 0.7)(*inputs[0], valid)
    expected, weights = _unfolded(*inputs[1], valid, 8.0, 0.7)
    for found in (output, expected):
        (found * slope).sum().backward()
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=0, atol=1e-11)
    entropies = torch.special.entr(weights)[:, ::8].sum(2).mean(1)
    torch.testing.assert_close(entropy, entropies, rtol=0, atol=1e-12)


class _Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that an operation makes."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        tensors = [part for part in tree_leaves(result) if isinstance(part, torch.Tensor)]
        self.numbers = max([self.numbers, *(tensor.numel() for tensor in tensors)])
        return result


@pytest.mark.parametrize("height", [32, 128])
def test_no_matrix_of_all_pairs_is_ever_whole(height, monkeypatch):
    """Neither in a forward nor in a backward pass, nor kept between them."""
    monkeypatch.setitem(blocked_attention.BLOCK, "cpu", 1 << 16)
    positions = height * 16
    current, reference = torch.randn(2, 1, 8, height, 16, requires_grad=True)
    kept = []
    with (
        torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: kept.append(tensor.numel()) or tensor, lambda t: t
        ),
        _Largest() as largest,
    ):
        output, _ = TemporalAttention(10.0, 1.0)(current, reference, torch.ones(1, 1, height, 16))
        output.sum().backward()
    # A row of queries and one more on either side is the least.
    assert largest.numbers <= max(1 << 16, 3 * 16 * positions) < positions**2
    assert max(kept) == 16 * positions  # the code, which is larger than a map of 8 channels
