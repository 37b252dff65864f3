"""Weight files as other projects write them: read where one network is meant, else told what to do."""

from __future__ import annotations

from argparse import Namespace

import pytest
import torch

from stcnet_lib.common.weights import read_weights
from stcnet_lib.config import ReIDConfig
from stcnet_lib.reid.backbones.resnet import Backbone
from stcnet_lib.reid.network import ReIDNetwork

CONFIG = ReIDConfig(backbone="resnet18", stem_channels=8, pretrained="none", non_local=False)


@pytest.fixture
def network() -> ReIDNetwork:
    torch.manual_seed(0)
    return ReIDNetwork(CONFIG, 5)


def trained(network: ReIDNetwork) -> dict:
    """The state of an optimiser after a step: tensors under names, too."""
    optimizer = torch.optim.Adam(network.parameters())
    sum(parameter.sum() for parameter in network.parameters()).backward()
    optimizer.step()
    return optimizer.state_dict()


def backbone_weights(network: ReIDNetwork, prefix: str = "", **others: torch.Tensor) -> dict:
    own = network.backbone.state_dict()
    return {f"{prefix}{name}": value for name, value in own.items()} | others


SHAPES = {
    "plain": lambda own: own,
    "state_dict": lambda own: {"state_dict": own, "epoch": 7},
    "model": lambda own: {"model": own, "rank1": 0.8},
    "nested": lambda own: {"checkpoint": {"net": own, "best": True}, "epoch": 7},
    "beside the epoch": lambda own: own | {"epoch": 7, "arch": "resnet18", "best": None},
    "DataParallel": lambda own: {f"module.{name}": value for name, value in own.items()},
    "DataParallel in a checkpoint": lambda own: {"state_dict": {f"module.{n}": v for n, v in own.items()}},
}
PREFIXES = ("", "backbone.", "base.", "model.backbone.")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_backbone_is_found_under_any_key_and_prefix(tmp_path, network, shape, prefix):
    head = {"classifier.weight": torch.zeros(5, 64), "fc.weight": torch.zeros(9, 64)}
    weights = SHAPES[shape](backbone_weights(network, prefix, **head))
    if shape == "model":
        weights["optimizer"] = trained(network)
    torch.save(weights, tmp_path / "peer.pth")
    torch.manual_seed(1)
    found = Backbone(CONFIG.backbone.kind, CONFIG.stem_channels)
    found.load_pretrained(str(tmp_path / "peer.pth"))
    for name, value in network.backbone.state_dict().items():
        assert torch.equal(found.state_dict()[name], value), name


NUMBERS = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_backbone_in_a_sequential_is_found_by_its_numbers(tmp_path, network, prefix):
    """nn.Sequential(*list(resnet.children())[:-2]), which numbers what torchvision names."""
    own = network.backbone.state_dict()
    places = [(name.partition("."), value) for name, value in own.items()]
    weights = {f"{prefix}{NUMBERS[first]}.{rest}": value for (first, _, rest), value in places}
    torch.save({"state_dict": weights | {"classifier.weight": torch.zeros(5, 64)}}, tmp_path / "peer.pth")
    torch.manual_seed(1)
    found = Backbone(CONFIG.backbone.kind, CONFIG.stem_channels)
    found.load_pretrained(str(tmp_path / "peer.pth"))
    for name, value in own.items():
        assert torch.equal(found.state_dict()[name], value), name


def test_a_whole_network_in_a_pickle_says_how_to_save_its_weights(tmp_path, network):
    torch.save(network, tmp_path / "peer.pth")
    with pytest.raises(
        ValueError, match=r"\.state_dict\(\) in the place of .* where the file holds a network"
    ):
        network.backbone.load_pretrained(str(tmp_path / "peer.pth"))


def test_two_networks_in_a_file_are_named(tmp_path, network):
    own = network.state_dict()
    torch.save({"model": own, "ema": own, "epoch": 3}, tmp_path / "peer.pth")
    with pytest.raises(
        ValueError, match=r"several state dicts, 'model', 'ema', .*torch\.load\(path\)\['model'\]"
    ):
        read_weights(tmp_path / "peer.pth")


def test_two_resnets_in_a_state_dict_are_named(tmp_path, network):
    weights = backbone_weights(network, "teacher.") | backbone_weights(network, "student.")
    torch.save(weights, tmp_path / "peer.pth")
    with pytest.raises(ValueError, match=r"got several ResNets, under 'teacher\.', 'student\.',"):
        network.backbone.load_pretrained(str(tmp_path / "peer.pth"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"epoch": 3, "lr": 0.1}, "got a dict with the keys epoch, lr, wanted a state dict"),
        ([1, 2], "got a list, wanted a state dict"),
        ({}, r"got no ResNet among names that begin with \(none\)"),
        ({"conv1.weight": torch.zeros(1), "args": [1]}, "got a dict with the keys conv1.weight, args"),
        (
            {"patch_embed.proj.weight": torch.zeros(3, 3)},
            "got no ResNet among names that begin with patch_embed",
        ),
        ({"args": Namespace(lr=0.1)}, r"Python objects beside tensors.*weights_only=False\)\['state_dict'\]"),
    ],
)
def test_what_holds_no_backbone_says_so(tmp_path, network, content, message):
    torch.save(content, tmp_path / "peer.pth")
    with pytest.raises(ValueError, match=f"(?s)pretrained: .*peer.pth': .*{message}"):
        network.backbone.load_pretrained(str(tmp_path / "peer.pth"))
