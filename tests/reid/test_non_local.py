"""The fused non-local block against its explicit softmax matrix."""

import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from stcnet_lib.reid.blocks.non_local import NonLocalBlock


def _block(channels=6):
    torch.manual_seed(0)
    block = NonLocalBlock(channels).double()
    for parameter in block.parameters():  # far from the identity, so that every part counts
        torch.nn.init.normal_(parameter, std=0.7)
    return block


def _folded(x):
    """(B, C, T, H, W) -> (B·T, C, H, W)"""
    return x.transpose(1, 2).flatten(0, 1)


def _run(block, x):
    """The block on clips (B, C, T, H, W)."""
    return block(_folded(x), x.shape[2]).unflatten(0, (-1, x.shape[2])).transpose(1, 2)


def _conv3d(conv, x):
    return F.conv3d(x, conv.weight[..., None], conv.bias)


def _explicit(block, x):
    """As the paper writes it: 3D layers on clips, one sample and one position at a time."""
    pooled = torch.nn.MaxPool3d((1, 2, 2))
    theta, phi, g = _conv3d(block.theta, x), pooled(_conv3d(block.phi, x)), pooled(_conv3d(block.g, x))
    rows = []
    for b in range(x.shape[0]):
        keys, values = phi[b].flatten(1), g[b].flatten(1)  # (C/2, positions)
        mixed = []
        for query in theta[b].flatten(1).T:
            weights = torch.exp(query @ keys)
            mixed.append((weights / weights.sum()) @ values.T)
        rows.append(torch.stack(mixed, dim=1).reshape(-1, *x.shape[2:]))
    out = _conv3d(block.out, torch.stack(rows))
    return x + F.batch_norm(out, None, None, block.norm.weight, block.norm.bias, training=True)


def test_equals_the_explicit_matrix():
    block = _block()
    x = torch.randn(2, 6, 3, 4, 5, dtype=torch.float64)
    expected = _explicit(block, x)
    torch.testing.assert_close(_run(block, x), expected, rtol=1e-10, atol=1e-10)
    assert not torch.allclose(expected, x)


def test_channels_last_changes_nothing():
    block = _block()
    maps = torch.randn(6, 6, 4, 4, dtype=torch.float64)
    expected = block(maps, 3)
    maps = maps.contiguous(memory_format=torch.channels_last)
    found = block.to(memory_format=torch.channels_last)(maps, 3)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_starts_as_the_identity():
    torch.manual_seed(0)
    maps = torch.randn(4, 8, 4, 2)
    assert torch.equal(NonLocalBlock(8)(maps, 2), maps)


def test_a_single_column_is_not_pooled_away():
    block = _block()
    maps = torch.randn(2, 6, 4, 1, dtype=torch.float64)
    assert block(maps, 2).shape == maps.shape
    assert block(maps, 2).isfinite().all()


class _LargestTensor(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor any operation returns."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.numel = max([self.numel, *sizes])
        return result


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("frames", [1, 4])
def test_the_matrix_of_all_pairs_never_exists(frames, memory_format):
    torch.manual_seed(0)
    block = NonLocalBlock(8)
    torch.nn.init.ones_(block.norm.weight)
    maps = torch.randn(4, 8, 16, 16).contiguous(memory_format=memory_format).requires_grad_()
    with _LargestTensor() as largest:
        block(maps, frames).sum().backward()
    pairs = (4 // frames) * (frames * 256) * (frames * 64)
    assert largest.numel == maps.numel() < pairs / 4


def test_gradients():
    block = _block(4).eval()
    maps = torch.randn(4, 4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: block(x, 2), (maps,))


def test_gradients_reach_all_parameters_once_the_norm_has_moved():
    block = _block()
    block(torch.randn(4, 6, 4, 4, dtype=torch.float64), 2).pow(3).sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        # The standard block has two biases without effect: a constant on all keys cancels in the
        # softmax, one on all values in the batch norm.
        if name not in ("phi.bias", "g.bias"):
            assert parameter.grad.abs().max() > 1e-8, name
