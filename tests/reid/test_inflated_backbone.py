"""The inflated ResNet against the 2-D one and torch's 3-D convolutions."""

import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.config import ReIDConfig
from stcnet_lib.reid.backbones.i3d import InflatedBackbone
from stcnet_lib.reid.backbones.resnet import Backbone
from stcnet_lib.reid.files import load_guider, save_model
from stcnet_lib.reid.network import ReIDNetwork


def config_of(**values):
    return ReIDConfig.model_validate(
        {
            "backbone": {"kind": "i3d", "of": "resnet18"},
            "stem_channels": 8,
            "pretrained": "none",
            "non_local": False,
            "height": 64,
            "width": 32,
            **values,
        }
    )


def through(backbone, images, frames):
    maps = backbone.stem(images, frames)
    for _, block in backbone.blocks():
        maps = block(maps, frames)
    return maps


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@pytest.mark.parametrize("inflation", ["averaged", "centred"])
def test_a_clip_at_rest_looks_as_its_frame_does_to_the_2d_network(tmp_path, name, inflation):
    torch.manual_seed(0)
    flat = Backbone(name, 8).eval()
    torch.save(flat.state_dict(), tmp_path / "flat.pth")
    inflated = InflatedBackbone(name, 8, inflation).eval()
    inflated.load_pretrained(str(tmp_path / "flat.pth"))
    images = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        wanted = flat(images).repeat_interleave(4, 0)
        found = through(inflated, images.repeat_interleave(4, 0), 4)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item())


def test_centred_frames_do_not_meet_at_first_and_averaged_ones_do():
    torch.manual_seed(0)
    flat = Backbone("resnet18", 8).eval()
    images = torch.randn(4, 3, 64, 32)
    for inflation, meet in (("centred", False), ("averaged", True)):
        inflated = InflatedBackbone("resnet18", 8, inflation).eval()
        inflated._fill(flat.state_dict())
        with torch.no_grad():
            apart = (through(inflated, images, 4) - flat(images)).abs().max()
        assert (apart > 0.01) == meet


def test_a_moving_clip_equals_3d_convolutions_written_out():
    """The whole stem and the first block on clips (B, C, T, H, W), in float64."""
    torch.manual_seed(0)
    backbone = InflatedBackbone("resnet18", 8, "averaged").double().eval()
    for parameter in backbone.parameters():
        if parameter.dim() == 4:
            torch.nn.init.normal_(parameter, std=0.1)
    clips = torch.randn(2, 3, 3, 32, 16, dtype=torch.float64)  # (B, C, T, H, W)

    def conv(layer, maps):
        weight = layer.weight.unflatten(1, (3, -1)).transpose(1, 2)
        padded = torch.cat([maps[:, :, :1], maps, maps[:, :, -1:]], 2)
        pad, stride = layer.padding[0], layer.stride[0]
        return F.conv3d(padded, weight, stride=(1, stride, stride), padding=(0, pad, pad))

    def norm(layer, maps):
        return F.batch_norm(maps, layer.running_mean, layer.running_var, layer.weight, layer.bias)

    with torch.no_grad():
        maps = norm(backbone.bn1, conv(backbone.conv1, clips)).relu()
        maps = F.max_pool3d(maps, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        block = backbone.layer1[0]
        inner = norm(block.bn1, conv(block.conv1, maps)).relu()
        wanted = (norm(block.bn2, conv(block.conv2, inner)) + maps).relu()
        folded = clips.transpose(1, 2).flatten(0, 1)
        found = block(backbone.stem(folded, 3), 3).unflatten(0, (2, 3)).transpose(1, 2)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


def test_inflation_triples_the_weights_of_convolutions_that_see_neighbours():
    """Names stay torchvision's; 1×1 convolutions, batch norms and their number stay as they are."""
    with torch.device("meta"):
        flat, inflated = Backbone("resnet50", 64), InflatedBackbone("resnet50", 64, "averaged")
    wide = {name: p for name, p in flat.named_parameters() if p.dim() == 4 and p.shape[-1] > 1}
    assert len(wide) == 17  # conv1 and conv2 of sixteen bottlenecks
    assert list(inflated.state_dict()) == list(flat.state_dict())
    more = sum(p.numel() for p in inflated.parameters()) - sum(p.numel() for p in flat.parameters())
    assert more == 2 * sum(p.numel() for p in wide.values())


@pytest.mark.parametrize("blocks", [None, "non_local"])
def test_it_carries_blocks_and_gives_gradients_to_every_parameter(blocks):
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(blocks=blocks), 3)
    for block in network.inserted.values():
        torch.nn.init.ones_(block.norm.weight)
    features, logits, _ = network(torch.randn(2, 3, 3, 64, 32))
    assert features.shape == (2, 64)
    F.cross_entropy(logits, torch.arange(2)).backward()
    for name, parameter in network.named_parameters():
        if not name.endswith(("phi.bias", "g.bias")):
            assert parameter.grad.abs().max() > 0, name


def test_a_network_of_clips_is_no_guider(tmp_path):
    config = config_of()
    network = ReIDNetwork(config, 2)
    with pytest.raises(ValueError, match="got backbone i3d, wanted none: maps of single frames"):
        network.frame_maps(torch.randn(1, 3, 64, 32))
    save_model(tmp_path, "reid", network, config.canonical_json(), 2)
    with pytest.raises(ValueError, match="got a network with backbone i3d as guider, wanted one without"):
        load_guider(tmp_path)
