"""ConvNeXt against torchvision's: names, weights, maps, and what guiders and blocks need of it."""

from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch
import torchvision.models as zoo
from torch.nn import functional as F

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import strip_weights
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.game.losses import guider_loss
from stcnet_lib.config import ConfigError, FeaturesConfig, ReIDConfig, RuntimeConfig, parse_section
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.clues import tracklet_clues
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.reid.backbones.convnext import ConvNeXtBackbone, RoundedConv
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, progress_seconds=1000)


def config_of(**values):
    return ReIDConfig.model_validate(
        {
            "backbone": {"kind": "convnext_tiny", "depths": [1, 2, 4, 1]},
            "stem_channels": 8,
            "pretrained": "none",
            "non_local": False,
            "height": 64,
            "width": 32,
            **values,
        }
    )


@pytest.mark.parametrize(
    ("name", "depths"), [("convnext_tiny", (3, 3, 9, 3)), ("convnext_small", (3, 3, 27, 3))]
)
def test_names_and_shapes_are_torchvisions(name, depths):
    with torch.device("meta"):
        theirs = {n: v.shape for n, v in zoo.get_model(name).state_dict().items()}
        ours = {n: v.shape for n, v in ConvNeXtBackbone(name, 96, depths).state_dict().items()}
    assert ours == {n: shape for n, shape in theirs.items() if not n.startswith("classifier.2")}


def test_convnext_tiny_has_as_many_weights_as_torchvision_states():
    with torch.device("meta"):
        backbone = ConvNeXtBackbone("convnext_tiny", 96, (3, 3, 9, 3))
    count = sum(p.numel() for p in backbone.parameters()) + 768 * 1000 + 1000  # and a classifier of 1000
    assert count == zoo.ConvNeXt_Tiny_Weights.IMAGENET1K_V1.meta["num_params"]


def test_maps_are_torchvisions_up_to_the_removed_down_sampling(tmp_path):
    torch.manual_seed(0)
    theirs = zoo.convnext_tiny().eval()
    for name, parameter in theirs.named_parameters():
        if name.endswith("layer_scale"):
            torch.nn.init.constant_(parameter, 0.1)  # else the blocks hardly count
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    ours = ConvNeXtBackbone("convnext_tiny", 96, (3, 3, 9, 3)).eval()
    ours.load_pretrained(str(tmp_path / "theirs.pth"))
    images = torch.randn(1, 3, 64, 32)
    with torch.no_grad():
        middle, late = ours.middle_maps(images)
        torch.testing.assert_close(middle, theirs.features[:4](images))
        torch.testing.assert_close(late, theirs.features[:6](images))
        torch.testing.assert_close(ours.maps(images, "layer3"), late)
        # The convolution that no longer skips: its every other output is torchvision's.
        kept, skipped = ours.features[6](late), theirs.features[6](late)
        torch.testing.assert_close(kept[..., ::2, ::2], skipped, rtol=1e-4, atol=1e-5)
        last = theirs.classifier[0](theirs.features[7](kept))
        torch.testing.assert_close(ours(images), last)
    assert middle.shape == (1, 192, 8, 4)
    assert late.shape == (1, 384, 4, 2)
    assert last.shape == (1, 768, 4, 2)


@pytest.mark.parametrize(("stride", "wanted"), [(2, (3, 2)), (1, (5, 3))])
def test_sizes_are_rounded_up_and_zeros_fill_the_last_squares(stride, wanted):
    torch.manual_seed(0)
    conv = RoundedConv(2, 3, 2, stride)
    maps = torch.randn(1, 2, 5, 3)
    found = conv(maps)
    assert found.shape == (1, 3, *wanted)
    row, column = wanted[0] - 1, wanted[1] - 1
    corner = torch.zeros(1, 2, 2, 2)
    corner[..., 0, 0] = maps[..., 4, 2]
    torch.testing.assert_close(found[..., row, column], F.conv2d(corner, conv.weight, conv.bias)[..., 0, 0])


@pytest.mark.parametrize("size", [(64, 32), (42, 30), (10, 5)])
def test_blocks_in_turn_give_the_maps(size):
    torch.manual_seed(0)
    backbone = ReIDNetwork(config_of(), 2).backbone.eval()
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        maps = backbone.stem(images)
        for _, block in backbone.blocks():
            maps = block(maps)
        torch.testing.assert_close(maps, backbone.maps(images), rtol=0, atol=0)
    assert maps.shape == (2, 64, -(-size[0] // 16), -(-size[1] // 16))


@pytest.mark.parametrize("head", ["average", "attention", "gem", "recurrent", "diversity"])
@pytest.mark.parametrize("blocks", [None, "non_local", "conv3d"])
def test_it_carries_blocks_and_heads(head, blocks):
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(head=head, blocks=blocks, height=60), 3)
    places = ["layer2_1", "layer3_1", "layer3_3"] if blocks else []
    assert list(network.inserted) == places
    for block in network.inserted.values():
        torch.nn.init.ones_(block.norm.weight)
    _, logits, penalties = network(torch.randn(2, 3, 3, 60, 32))
    (F.cross_entropy(logits, torch.arange(2)) + sum(penalties.values())).backward()
    for name, parameter in network.named_parameters():
        if not name.endswith(("phi.bias", "g.bias", "temporal.bias")):  # which have no effect
            assert parameter.grad.abs().max() > 0, name


def test_weights_of_this_project_load_from_under_their_prefix(tmp_path):
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(), 3)
    torch.save(network.state_dict(), tmp_path / "network.pth")
    other = ReIDNetwork(config_of(), 5)
    other.backbone.load_pretrained(str(tmp_path / "network.pth"))
    for name, value in network.backbone.state_dict().items():
        assert torch.equal(other.backbone.state_dict()[name], value), name


@pytest.mark.parametrize(
    "names", [["layer1.0.conv1.weight"], ["a.features.0.0.weight", "b.features.0.0.weight"]]
)
def test_a_file_without_one_such_network_is_named(tmp_path, names):
    torch.save({name: torch.zeros(1) for name in names}, tmp_path / "other.pth")
    with pytest.raises(
        ValueError, match=r"^pretrained: .*other.pth': got \d networks with torchvision's names"
    ):
        ReIDNetwork(config_of(), 3).backbone.load_pretrained(str(tmp_path / "other.pth"))


def test_weights_of_another_depth_do_not_fit(tmp_path):
    torch.save(ReIDNetwork(config_of(), 3).state_dict(), tmp_path / "shallow.pth")
    deeper = ReIDNetwork(config_of(backbone={"kind": "convnext_tiny", "depths": [1, 2, 5, 1]}), 3)
    with pytest.raises(ValueError, match=r"^pretrained: wanted weights of a convnext_tiny: .* 9 missing"):
        deeper.backbone.load_pretrained(str(tmp_path / "shallow.pth"))


def test_imagenet_weights_have_their_own_width():
    line = "stem_channels: got 64, wanted 96, the width of ImageNet weights"
    with pytest.raises(ConfigError, match=f"^{line}$"):
        parse_section(ReIDConfig, '{"backbone": "convnext_tiny"}')
    assert ReIDConfig(backbone="convnext_tiny", stem_channels=96).backbone.kind == "convnext_tiny"


@pytest.mark.parametrize("regions", ["strips", "crops"])
def test_it_gives_a_guiders_features_of_thirds(store_path, tmp_path, regions):
    """As test_embedding.py has it for ResNets: one frame at a time."""
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(precision="fp32"), 2).eval()
    settings = FeaturesConfig(regions=regions, layer="layer3", batch=5, precision="fp32")
    with TrackletStore(store_path) as store:
        extract_region_features(network, store, settings, tmp_path / "regions.h5", RUNTIME, CPU)
        image = torch.from_numpy(store.read_image(7)).permute(2, 0, 1)[None]
    with h5py.File(tmp_path / "regions.h5") as file:
        found = file["features"][7]
    with torch.no_grad():
        if regions == "strips":
            rows = network.frame_maps(TestTransform(64, 32)(image), "layer3")[0].mean(2)  # (D, h)
            wanted = torch.einsum("kh,dh->kd", strip_weights(rows.shape[1]).float(), rows)
        else:
            edges = region_rows(image.shape[2])
            thirds = [TestTransform(64 // 3, 32)(image[:, :, top:bottom]) for top, bottom in pairwise(edges)]
            wanted = torch.cat([network.frame_maps(third, "layer3").mean((2, 3)) for third in thirds])
    # float16 in the file: three digits.
    assert found == pytest.approx(wanted.numpy(), rel=2e-3, abs=2e-3)


def test_it_gives_clues_and_guides(store_path):
    torch.manual_seed(0)
    network = ReIDNetwork(config_of(precision="fp32"), 2).eval()
    with TrackletStore(store_path) as store:
        images = [store.read_image(frame) for frame in store.frames_of(0)]
    assert np.isfinite(tracklet_clues(network, images, CPU).recurrence).all()
    painted = torch.rand(2, 3, 32, 16, requires_grad=True)
    guider_loss(network, painted, torch.tensor([0, 1])).backward()
    assert painted.grad.abs().sum() > 0
