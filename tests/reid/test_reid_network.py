"""The re-ID network: which blocks it has, what its outputs mean, and that it learns."""

import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.config import ReIDConfig
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.pooling import spatial_mean


def _config(**values):
    return ReIDConfig(**{"backbone": "resnet18", "stem_channels": 8, "pretrained": "none", **values})


@pytest.mark.parametrize(
    ("backbone", "blocks"),
    [
        ("resnet18", ["layer2_1", "layer3_1"]),
        ("resnet50", ["layer2_1", "layer2_3", "layer3_1", "layer3_3", "layer3_5"]),
    ],
)
def test_non_local_blocks_after_every_other_block(backbone, blocks):
    with torch.device("meta"):
        network = ReIDNetwork(_config(backbone=backbone, stem_channels=64), 10)
    assert list(network.non_local) == blocks
    expansion = 4 if backbone == "resnet50" else 1
    assert network.non_local["layer2_1"].norm.num_features == 128 * expansion
    assert network.non_local["layer3_1"].norm.num_features == 256 * expansion


def test_features_are_the_mean_of_frames_and_logits_are_linear_in_them():
    torch.manual_seed(0)
    network = ReIDNetwork(_config(non_local=False), 7).eval()
    clips = torch.randn(2, 3, 3, 64, 32)
    with torch.no_grad():
        features, logits, penalties = network(clips)
        single = torch.stack(
            [
                torch.stack([network.frame_maps(f[None])[0].mean((1, 2)) for f in clip]).mean(0)
                for clip in clips
            ]
        )
        torch.testing.assert_close(features, single, rtol=1e-4, atol=1e-5)
        expected = features @ network.classifier.weight.T + network.classifier.bias
        torch.testing.assert_close(logits, expected)
    assert features.shape == (2, 64)
    assert logits.shape == (2, 7)
    assert penalties == {}


def test_new_non_local_blocks_change_nothing_and_moved_ones_mix_the_frames_of_one_clip_only():
    torch.manual_seed(0)
    network = ReIDNetwork(_config(), 4).eval().double()
    clips = torch.randn(2, 3, 3, 64, 32, dtype=torch.float64)
    plain = ReIDNetwork(_config(non_local=False), 4).eval().double()
    plain.load_state_dict({k: v for k, v in network.state_dict().items() if not k.startswith("non_local")})
    with torch.no_grad():
        torch.testing.assert_close(network(clips), plain(clips), rtol=1e-12, atol=1e-12)
        for block in network.non_local.values():
            torch.nn.init.normal_(block.norm.weight)
            for conv in (block.theta, block.phi, block.g, block.out):
                torch.nn.init.normal_(conv.weight, std=0.3)
        before = spatial_mean(network.clip_maps(clips)).unflatten(0, (2, 3))
        clips[0, 0] += 1  # another first frame in the first clip
        after = spatial_mean(network.clip_maps(clips)).unflatten(0, (2, 3))
    changed = (before - after).abs().amax(2)  # (B, T)
    assert (changed[0] > 1e-9).all()
    assert (changed[1] == 0).all()


def test_maps_of_frames_do_not_exist_with_non_local_blocks():
    network = ReIDNetwork(_config(), 4)
    with pytest.raises(ValueError, match="got non_local blocks, wanted none"):
        network.frame_maps(torch.zeros(1, 3, 64, 32))


def test_maps_of_both_layers():
    network = ReIDNetwork(_config(non_local=False), 4)
    images = torch.zeros(2, 3, 256, 128)
    assert network.frame_maps(images, "layer3").shape == (2, 32, 16, 8)
    assert network.frame_maps(images, "layer4").shape == (2, 64, 16, 8)


def test_channels_last_gives_the_same_features():
    torch.manual_seed(0)
    network = ReIDNetwork(_config(), 4).eval()
    clips = torch.randn(2, 2, 3, 64, 32)
    with torch.no_grad():
        expected = network(clips).features
        found = network.to(memory_format=torch.channels_last)(clips).features
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_pooling_sums_in_float32():
    maps = torch.full((1, 1, 16, 8), 1.0, dtype=torch.bfloat16)
    maps[0, 0, 0, 0] = 1.0078125  # the next bf16 number
    assert spatial_mean(maps).dtype == torch.float32
    assert spatial_mean(maps).item() == pytest.approx(1 + 0.0078125 / 128, abs=1e-7)


def test_loss_falls_on_one_batch():
    torch.manual_seed(0)
    network = ReIDNetwork(_config(), 4)
    clips, labels = torch.randn(4, 2, 3, 32, 16), torch.arange(4)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(14):
        loss = F.cross_entropy(network(clips)[1], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(torch.tensor(4.0).log().item(), abs=0.4)  # starts almost undecided
    assert losses[-1] < 0.3 * losses[0]
    assert all(parameter.grad is not None for parameter in network.parameters())
