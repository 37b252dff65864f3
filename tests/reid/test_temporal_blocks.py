"""Convolutions over time against torch's own 3-D ones and plain loops. Float64; seeds where they are set."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from stcnet_lib.config import ReIDConfig
from stcnet_lib.config.parts import AlignedConv3d, Conv3d, NonLocal, TemporalConv
from stcnet_lib.config.several import Several
from stcnet_lib.reid.blocks import aligned_conv3d, conv3d, non_local, several, temporal_conv
from stcnet_lib.reid.folded import FoldedConv3d, neighbours

CLIPS, FRAMES, CHANNELS, HEIGHT, WIDTH = 2, 4, 8, 4, 3
EXACT = {"rtol": 1e-10, "atol": 1e-10}
BLOCKS = {
    "temporal_conv": (temporal_conv, TemporalConv()),
    "conv3d": (conv3d, Conv3d()),
    "conv3d whole": (conv3d, Conv3d(factored=False)),
    "aligned_conv3d": (aligned_conv3d, AlignedConv3d()),
    "several": (several, Several(of=[Conv3d(), NonLocal()])),
}


def block_of(name, seed=0):
    module, settings = BLOCKS[name]
    torch.manual_seed(seed)
    return module.build(settings, CHANNELS).double()


def moved(block):
    """Away from the identity that it starts as."""
    for norm in (m for m in block.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return block


def random_maps(frames=FRAMES, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(CLIPS * frames, CHANNELS, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)


def unfolded(maps, frames=FRAMES):
    """(B·T, C, H, W) -> (B, C, T, H, W)"""
    return maps.unflatten(0, (-1, frames)).transpose(1, 2)


def with_ends(clips):
    """(B, C, T, H, W) -> (B, C, T + 2, H, W), the first and the last frame once more."""
    return torch.cat([clips[:, :, :1], clips, clips[:, :, -1:]], 2)


def weight_3d(conv):
    """(C', 3·C, k, k) -> (C', C, 3, k, k), as nn.Conv3d has it."""
    return conv.weight.unflatten(1, (3, -1)).transpose(1, 2)


def norm_3d(norm, clips):
    """Batch norm of a clip's batch, written out, biased variance."""
    mean = clips.mean((0, 2, 3, 4), keepdim=True)
    variance = ((clips - mean) ** 2).mean((0, 2, 3, 4), keepdim=True)
    shape = (1, -1, 1, 1, 1)
    return (clips - mean) / (variance + norm.eps).sqrt() * norm.weight.reshape(shape) + norm.bias.reshape(
        shape
    )


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (7, 2)])
def test_a_folded_convolution_is_a_3d_one(kernel, stride):
    torch.manual_seed(0)
    conv = FoldedConv3d(CHANNELS, 5, kernel, stride, bias=True).double()
    maps = random_maps()
    pad = kernel // 2
    wanted = F.conv3d(
        with_ends(unfolded(maps)), weight_3d(conv), conv.bias, (1, stride, stride), (0, pad, pad)
    )
    torch.testing.assert_close(unfolded(conv(*neighbours(maps, FRAMES))), wanted, **EXACT)


def test_neighbours_are_of_the_same_clip():
    maps = torch.arange(6.0).reshape(6, 1, 1, 1)
    before, itself, behind = (part.flatten().tolist() for part in neighbours(maps, 3))
    assert before == [0, 0, 1, 3, 3, 4]
    assert itself == [0, 1, 2, 3, 4, 5]
    assert behind == [1, 2, 2, 4, 5, 5]


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_start_as_the_identity(name):
    maps = random_maps()
    assert torch.equal(block_of(name)(maps, FRAMES), maps)


def test_temporal_conv_equals_torchs():
    block, maps = moved(block_of("temporal_conv")), random_maps()
    found = unfolded(block(maps, FRAMES))
    clips = unfolded(maps)
    wanted = clips + norm_3d(block.norm, F.conv3d(with_ends(clips), weight_3d(block.conv)))
    torch.testing.assert_close(found, wanted, **EXACT)


@pytest.mark.parametrize("name", ["conv3d", "conv3d whole"])
def test_conv3d_equals_torchs(name):
    block, maps = moved(block_of(name)), random_maps()
    found = unfolded(block(maps, FRAMES))
    clips = unfolded(maps)

    def flat(conv, inner, pad=0):
        return F.conv3d(inner, conv.weight[:, :, None], padding=(0, pad, pad))

    inner = norm_3d(block.reduce[1], flat(block.reduce[0], clips)).clamp(min=0)
    pad = 1 if block.space is None else 0
    if block.space is not None:
        inner = norm_3d(block.space[1], flat(block.space[0], inner, 1)).clamp(min=0)
    inner = F.conv3d(with_ends(inner), weight_3d(block.time), padding=(0, pad, pad))
    inner = norm_3d(block.time_norm, inner).clamp(min=0)
    wanted = clips + norm_3d(block.norm, flat(block.expand, inner))
    torch.testing.assert_close(found, wanted, **EXACT)


def test_alignment_equals_plain_loops():
    """Each position of each frame by hand: cosines, softmax, contrast."""
    torch.manual_seed(0)
    align = aligned_conv3d.Alignment(CHANNELS, 4.0).double()
    frames, others = random_maps()[:2], random_maps(seed=6)[:2]
    found = align(frames, others)
    semantics, theta, phi, contrast = (
        conv.weight[:, :, 0, 0] for conv in (align.semantics, align.theta, align.phi, align.contrast)
    )
    for f in range(2):
        places = [(y, x) for y in range(HEIGHT) for x in range(WIDTH)]
        for y, x in places:
            query = semantics @ frames[f, :, y, x]
            powers = []
            for v, u in places:
                key = semantics @ others[f, :, v, u]
                powers.append(torch.exp(4.0 * (query @ key) / (query.norm() * key.norm())))
            mixed = sum(
                p / sum(powers) * others[f, :, v, u] for p, (v, u) in zip(powers, places, strict=True)
            )
            sameness = contrast[0] @ ((theta @ frames[f, :, y, x]) * (phi @ mixed))
            torch.testing.assert_close(found[f, :, y, x], mixed / (1 + torch.exp(-sameness)), **EXACT)


def test_alignment_finds_a_person_who_moved():
    """Rolled maps of distinct places come back to where they were, if the softmax is sharp."""
    torch.manual_seed(0)
    align = aligned_conv3d.Alignment(16, 200.0).double()
    frames = torch.randn(1, 16, 4, 4, dtype=torch.float64)
    shifted = frames.roll((1, 2), (2, 3))
    torch.testing.assert_close(align.registered(frames, shifted), frames, rtol=0.02, atol=0.02)
    assert (shifted - frames).abs().mean() > 0.5


def test_an_aligned_block_without_alignment_is_the_plain_one():
    block, plain = moved(block_of("aligned_conv3d")), block_of("conv3d")
    plain.load_state_dict({k: v for k, v in block.state_dict().items() if not k.startswith("align.")})
    block.align.forward = lambda frames, others: others
    torch.testing.assert_close(block(random_maps(), FRAMES), plain(random_maps(), FRAMES), **EXACT)


def test_several_blocks_are_one_behind_the_other():
    block, maps = moved(block_of("several")), random_maps()
    first, second = block
    assert isinstance(first, conv3d.Conv3dBlock)
    assert isinstance(second, non_local.NonLocalBlock)
    torch.testing.assert_close(block(maps, FRAMES), second(first(maps, FRAMES), FRAMES), **EXACT)


@pytest.mark.parametrize("name", BLOCKS)
def test_frames_of_two_clips_never_meet(name):
    block, maps = moved(block_of(name)).eval(), random_maps()
    changed = maps.clone()
    changed[FRAMES:] += 1
    torch.testing.assert_close(block(changed, FRAMES)[:FRAMES], block(maps, FRAMES)[:FRAMES], rtol=0, atol=0)
    changed = maps.clone()
    changed[1] += 1
    with torch.no_grad():
        apart = (block(changed, FRAMES) - block(maps, FRAMES)).abs().amax((1, 2, 3))
    assert (apart[[0, 1, 2]] > 1e-6).all()  # the neighbours see it


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_reach_every_parameter_once_the_norm_has_moved(name):
    block = moved(block_of(name))
    block(random_maps(), FRAMES).pow(3).sum().backward()
    for parameter_name, parameter in block.named_parameters():
        # Of a non-local block two biases have no effect: see test_non_local.py.
        if not parameter_name.endswith(("phi.bias", "g.bias")):
            assert parameter.grad.abs().max() > 1e-8, parameter_name


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients(name):
    block = moved(block_of(name)).eval()
    maps = random_maps(frames=2)[:, :, :2, :2].contiguous().requires_grad_()
    assert torch.autograd.gradcheck(lambda given: block(given, 2), maps, atol=1e-4)


@pytest.mark.parametrize("name", BLOCKS)
def test_channels_last_changes_nothing_and_stays(name):
    block, maps = moved(block_of(name)), random_maps()
    wanted = block(maps, FRAMES)
    found = block.to(memory_format=torch.channels_last)(
        maps.contiguous(memory_format=torch.channels_last), FRAMES
    )
    torch.testing.assert_close(found, wanted, **EXACT)
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("temporal_conv", 3 * 64 * 64 + 2 * 64),
        ("conv3d", 2 * 64 * 32 + (9 + 3) * 32 * 32 + 3 * 2 * 32 + 2 * 64),
        ("conv3d whole", 2 * 64 * 32 + 27 * 32 * 32 + 2 * 2 * 32 + 2 * 64),
        ("aligned_conv3d", 2 * 64 * 32 + 12 * 32 * 32 + 3 * 2 * 32 + 2 * 64 + 3 * 32 * 4 + 4),
    ],
)
def test_parameters_of_a_block_of_64_channels(name, count):
    module, settings = BLOCKS[name]
    assert sum(p.numel() for p in module.build(settings, 64).parameters()) == count


def test_several_know_their_members():
    config = ReIDConfig.model_validate({"blocks": {"kind": "several", "of": ["conv3d", "non_local"]}})
    assert not config.non_local
    assert [part.kind for part in config.parts] == ["resnet50", "several", "conv3d", "non_local", "average"]
    assert config.tested_as_trained
    assert (
        '"blocks":{"kind":"several","of":[{"kind":"conv3d","reduction":2,"factored":true},"non_local"]}'
        in (config.canonical_json())
    )
    assert ReIDConfig.model_validate_json(config.canonical_json()) == config
