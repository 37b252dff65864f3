"""Every kind of backbone, blocks and head: it builds, learns, and comes back from its files."""

import json
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.config import ConfigError, ReIDConfig, parse_section
from stcnet_lib.config.parts import BACKBONES, BLOCKS, HEADS
from stcnet_lib.config.reid import saved_parts
from stcnet_lib.reid.blocks.squeeze import SqueezeBlock
from stcnet_lib.reid.files import load_reid, save_model
from stcnet_lib.reid.heads.attention import AttentionHead
from stcnet_lib.reid.network import ReIDNetwork

SMALL = {
    "backbone": "resnet18",
    "stem_channels": 8,
    "pretrained": "none",
    "height": 64,
    "width": 32,
}
KINDS = [
    (key, kind)
    for key, table in (("backbone", BACKBONES), ("blocks", BLOCKS), ("head", HEADS))
    for row in table
    for kind in get_args(row.model_fields["kind"].annotation)
]


def config_of(key, kind):
    return ReIDConfig.model_validate({**SMALL, "non_local": kind == "non_local", key: kind})


@pytest.mark.parametrize(("key", "kind"), KINDS)
def test_each_kind_learns_and_comes_back_from_its_files(tmp_path, key, kind):
    config = config_of(key, kind)
    assert kind in [part.kind for part in config.parts]
    torch.manual_seed(0)
    network = ReIDNetwork(config, 4)
    clips, labels = torch.randn(4, 2, 3, 64, 32), torch.arange(4)
    features, logits, penalties = network(clips)
    assert features.shape == (4, network.features)
    assert features.dtype == torch.float32
    (F.cross_entropy(logits, labels) + sum(penalties.values())).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    save_model(tmp_path, "reid", network, config.canonical_json(), 4)
    again = load_reid(tmp_path)
    assert again.config == config
    with torch.no_grad():
        torch.testing.assert_close(again(clips)[0], network.eval()(clips)[0], rtol=0, atol=0)
    assert saved_parts(tmp_path / "model.json") == config.parts


LEARNERS = [
    *((key, kind) for key, kind in KINDS if key != "backbone"),
    ("backbone", "resnet18"),
    ("backbone", {"kind": "i3d", "of": "resnet18"}),
    ("backbone", {"kind": "convnext_tiny", "depths": [1, 2, 2, 1]}),
    ("blocks", {"kind": "several", "of": ["conv3d", "non_local"]}),
]


@pytest.mark.parametrize(("key", "kind"), LEARNERS)
def test_the_loss_of_each_kind_falls_on_one_batch(key, kind):
    """Seed 0, 20 steps of Adam: four clips of noise are told apart."""
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(key, kind), 4)
    clips, labels = torch.randn(4, 2, 3, 64, 32), torch.arange(4)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    losses = []
    for _ in range(20):
        _, logits, penalties = network(clips)
        loss = F.cross_entropy(logits, labels) + sum(penalties.values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < losses[0] / 2


@pytest.mark.parametrize(("key", "kind"), LEARNERS)
def test_each_kind_computes_in_bf16(key, kind):
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(key, kind), 4)
    for block in network.inserted.modules():  # away from the identity that blocks start as
        if isinstance(block, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(block.weight)
    clips = torch.randn(4, 2, 3, 64, 32)
    with torch.no_grad():
        wanted = network(clips).features
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features, logits, penalties = network(clips)
    (logits.float().sum() + sum(penalties.values())).backward()
    assert features.dtype == torch.float32
    assert F.cosine_similarity(features, wanted).min() > 0.99  # three digits in every layer
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(("key", "kind"), KINDS)
def test_each_kind_has_one_file_which_nothing_but_other_kinds_imports(key, kind):
    (part,) = (part for part in config_of(key, kind).parts if part.kind == kind)
    assert Path(part.file).is_file()
    assert callable(import_module(part.module).build)
    importers = [
        path for path in Path("stcnet_lib").rglob("*.py") if part.module in path.read_text(encoding="utf-8")
    ]
    allowed = {Path("stcnet_lib/config/parts.py"), *Path(part.file).parent.iterdir()}  # and other kinds
    assert not set(importers) - allowed


def test_what_was_trained_before_there_was_a_choice_keeps_its_json():
    written = json.loads(ReIDConfig().canonical_json())
    assert written["backbone"] == "resnet50"
    assert written["non_local"] is True
    assert not {"blocks", "head"} & set(written)


def test_equal_networks_have_equal_json():
    plain, attention = ReIDConfig(), ReIDConfig(head="attention")
    for same in (
        {"head": "average"},
        {"head": {"kind": "average"}},
        {"blocks": "non_local"},
        {"blocks": None},
    ):
        assert ReIDConfig.model_validate(same).canonical_json() == plain.canonical_json(), same
    assert (
        ReIDConfig(head={"kind": "attention", "channels": 256}).canonical_json() == attention.canonical_json()
    )
    assert '"head":{"kind":"attention","channels":256}' in attention.canonical_json()
    assert parse_section(ReIDConfig, attention.canonical_json()) == attention


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"head": "attentoin"}, "head: got 'attentoin', wanted one of 'attention', 'average', 'diversity', "),
        ({"head": {"channels": 3}}, "head: got 'no kind', wanted one of 'attention', 'average'"),
        ({"head": ["average"]}, "head: got '['average']', wanted one of 'attention', 'average'"),
        ({"head": {"kind": "attention", "channels": 0}}, "head.channels: got 0, wanted at least 1"),
        (
            {"head": {"kind": "attention", "chanels": 8}},
            "head.chanels: unknown key, wanted one of 'channels', ",
        ),
        ({"head": {"kind": "average", "channels": 8}}, "head.channels: unknown key, wanted one of 'kind'"),
        (
            {"backbone": "resnet19"},
            "backbone: got 'resnet19', wanted one of 'convnext_small', 'convnext_tiny', ",
        ),
        ({"backbone": True}, "backbone: got True, wanted another kind of value"),
        (
            {"blocks": "nonlocal"},
            "blocks: got 'nonlocal', wanted one of 'aligned_conv3d', 'conv3d', 'non_local', ",
        ),
        (
            {"blocks": "squeeze", "non_local": True},
            "blocks: got 'squeeze' beside non_local: true, wanted one",
        ),
        ({"blocks": {"kind": "squeeze", "reduction": 0}}, "blocks.reduction: got 0, wanted at least 1"),
        (
            {"blocks": {"kind": "several", "of": ["conv3d", "nonlocal"]}},
            "blocks.of.1: got 'nonlocal', wanted one of 'aligned_conv3d', 'conv3d', 'non_local', ",
        ),
        (
            {"blocks": {"kind": "several", "of": ["conv3d", {"kind": "squeeze", "reduction": 0}]}},
            "blocks.of.1.reduction: got 0, wanted at least 1",
        ),
        ({"blocks": {"kind": "several", "of": ["conv3d"]}}, "blocks.of: got ['conv3d'], wanted at least 2"),
        ({"blocks": {"kind": "several", "of": "conv3d"}}, "blocks.of: got 'conv3d', wanted a list"),
        ({"blocks": "several"}, "blocks.of: got nothing, wanted a value"),
        ({"head": {"kind": "gem", "power": 0.5}}, "head.power: got 0.5, wanted at least 1"),
        ({"head": {"kind": "recurrent", "cell": "gur"}}, "head.cell: got 'gur', wanted one of 'rnn', 'gru'"),
        ({"head": {"kind": "joint_attention", "bins": 4}}, "head.bins: got 4, wanted a list, such as [4]"),
        ({"backbone": {"kind": "i3d", "of": "i3d"}}, "backbone.of: got 'i3d', wanted one of 'resnet18', "),
    ],
)
def test_a_bad_kind_is_one_line_with_key_got_and_wanted(values, line):
    with pytest.raises(ConfigError) as caught:
        parse_section(ReIDConfig, json.dumps(values))
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_blocks_stand_for_themselves():
    squeezed = ReIDConfig(blocks="squeeze")
    assert not squeezed.non_local
    assert [part.kind for part in squeezed.parts] == ["resnet50", "squeeze", "average"]
    assert ReIDConfig(non_local=False).inserted is None


def test_squeeze_is_the_identity_at_first_and_then_equals_plain_loops():
    torch.manual_seed(0)
    clips, frames, channels = 2, 3, 8
    block = SqueezeBlock(channels, 4).double()
    maps = torch.randn(clips * frames, channels, 4, 2, dtype=torch.float64)
    torch.testing.assert_close(block(maps, frames), maps, rtol=0, atol=0)
    torch.nn.init.normal_(block.excite.weight)
    torch.nn.init.normal_(block.excite.bias)
    expected = torch.empty_like(maps)
    for clip in range(clips):
        own = range(clip * frames, (clip + 1) * frames)
        means = torch.stack([torch.stack([maps[f, c].mean() for f in own]).mean() for c in range(channels)])
        inner = [
            max(0.0, (row @ means + bias).item())
            for row, bias in zip(*block.squeeze.parameters(), strict=True)
        ]
        for c in range(channels):
            score = block.excite.bias[c] + sum(
                block.excite.weight[c, i] * inner[i] for i in range(len(inner))
            )
            for f in own:
                expected[f, c] = maps[f, c] * 2 / (1 + torch.exp(-score))
    torch.testing.assert_close(block(maps, frames), expected, rtol=1e-12, atol=1e-12)


def test_attention_equals_plain_loops():
    """Every frame's descriptor, every score and every weight by hand; frames of two clips never meet."""
    torch.manual_seed(0)
    clips, frames, channels, seen = 2, 4, 5, 3
    head = AttentionHead((channels, 2, 3), seen).double()
    maps = torch.randn(clips * frames, channels, 2, 3, dtype=torch.float64)
    expected = torch.zeros(clips, channels, dtype=torch.float64)
    for clip in range(clips):
        own = maps[clip * frames : (clip + 1) * frames]
        described = [
            [
                max(0.0, ((head.spatial.weight[c] * frame).sum() + head.spatial.bias[c]).item())
                for c in range(seen)
            ]
            for frame in own
        ]
        scores = []
        for t in range(frames):
            score = head.temporal.bias.item()
            for k, other in enumerate((t - 1, t, t + 1)):
                if 0 <= other < frames:
                    score += sum(
                        head.temporal.weight[0, c, k].item() * described[other][c] for c in range(seen)
                    )
            scores.append(score)
        total = sum(torch.tensor(score, dtype=torch.float64).exp() for score in scores)
        for score, frame in zip(scores, own, strict=True):
            share = torch.tensor(score, dtype=torch.float64).exp() / total
            expected[clip] += share * torch.stack([channel.sum() / 6 for channel in frame])
    torch.testing.assert_close(head(maps, frames), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(head.weights(maps, frames).sum(1), torch.ones(clips, dtype=torch.float64))


def test_attention_has_the_right_gradient():
    torch.manual_seed(0)
    head = AttentionHead((2, 2, 1), 3).double()
    maps = torch.randn(4, 2, 2, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda given: head(given, 2), maps)


def test_attention_to_equal_frames_is_the_average():
    torch.manual_seed(0)
    head = AttentionHead((5, 2, 3), 3)
    torch.nn.init.zeros_(head.temporal.weight[..., [0, 2]])  # so that the ends of a clip are as its middle
    maps = torch.randn(1, 5, 2, 3).expand(6, -1, -1, -1)
    torch.testing.assert_close(head(maps, 3), maps[::3].mean((2, 3)))


def test_a_feature_looks_at_the_frames_that_attention_prefers():
    torch.manual_seed(0)
    head = AttentionHead((4, 1, 1), 1)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.spatial.weight[0, 0] = 1.0
        head.temporal.weight[0, 0, 1] = 50.0  # the frame itself, as sharply as if it were the largest alone
    maps = torch.rand(3, 4, 1, 1)
    maps[1, 0] = 3.0
    torch.testing.assert_close(head(maps, 3), maps[1:2].flatten(1))
