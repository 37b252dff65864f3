"""The attention layer against a loop over positions, with another mask in every sample."""

import math

import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.completion.stcnet.temporal_attention import (
    TemporalAttention,
    attention_weights,
    patch_similarity,
    position_code,
)


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
    similarity = torch.full((1, 1, 512), m, dtype=torch.float64)
    similarity[..., 100] = 1
    found = attention_weights(similarity, scale)[0, 0, 100].item()
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


def test_the_gradients_of_the_cosines_are_those_of_finite_differences():
    torch.manual_seed(0)
    maps = torch.randn(2, 2, 3, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda both: patch_similarity(both[0], both[1]), maps)
