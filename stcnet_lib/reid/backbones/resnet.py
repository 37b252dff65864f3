"""ResNets with the last spatial down-sampling removed (paper §3.5, §5.2).

The parameter names are torchvision's, so its ImageNet weights load.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from stcnet_lib.common.weights import Weights, load_exactly, read_weights
from stcnet_lib.config import parts
from stcnet_lib.config.reid import Layer
from stcnet_lib.reid.pretrained import imagenet_weights

_DEPTHS = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
}
_FIRST = "conv1.weight"  # torchvision's name of a ResNet's first layer
_HEADS = ("fc", "classifier", "bottleneck", "head")  # what re-ID networks have behind it
# Of nn.Sequential(*resnet.children()), as many re-ID networks hold theirs: numbers in the place of names.
_SEQUENTIAL = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}


class Backbone(ResNet):
    """torchvision's ResNet without its head, of any width, whose layer4 keeps layer3's resolution.

    Args:
        name: a key of torchvision's, such as "resnet50".
        stem_channels: 64 as torchvision has it; 32 halves the width of every layer.

    Shapes:
        images (F, 3, H, W), ImageNet-normalised -> maps (F, `channels`, H / 16, W / 16)
    """

    block_types: ClassVar[
        dict[type[nn.Module], type[nn.Module]]
    ] = {}  # what stands in for torchvision's blocks

    def __init__(self, name: str, stem_channels: int = 64) -> None:
        block, depths = _DEPTHS[name]
        block = self.block_types.get(block, block)
        super().__init__(block, [1, 1, 1, 1])  # its layers are replaced by ours of the wanted width
        del self.fc, self.avgpool
        self.name = name
        self.inplanes = stem_channels
        self.conv1 = nn.Conv2d(3, stem_channels, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem_channels)
        self.layer1 = self._make_layer(block, stem_channels, depths[0])
        self.layer2 = self._make_layer(block, 2 * stem_channels, depths[1], stride=2)
        self.layer3 = self._make_layer(block, 4 * stem_channels, depths[2], stride=2)
        self.layer4 = self._make_layer(block, 8 * stem_channels, depths[3], stride=1)
        self.channels = 8 * stem_channels * block.expansion
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stem(self, images: Tensor) -> Tensor:
        """Everything before layer1: (F, 3, H, W) -> (F, stem_channels, H / 4, W / 4)."""
        return self.maxpool(self.relu(self.bn1(self.conv1(images))))

    def maps(self, images: Tensor, layer: Layer = "layer4") -> Tensor:
        """The output of one layer: (F, 3, H, W) -> (F, C, H / 16, W / 16); later layers do not run."""
        maps = self.layer3(self.layer2(self.layer1(self.stem(images))))
        return maps if layer == "layer3" else self.layer4(maps)

    def middle_maps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs of layer2, at 1/8, and layer3, at 1/16."""
        middle = self.layer2(self.layer1(self.stem(images)))
        return middle, self.layer3(middle)

    def forward(self, images: Tensor) -> Tensor:
        """The maps of layer4."""
        return self.maps(images)

    @property
    def places(self) -> dict[str, int]:
        """Channels behind every other block of layer2 and layer3; a ResNet-50 has two and three of them."""
        return {
            name: block.bn2.num_features * block.expansion
            for name, block in self.blocks()
            if name.startswith(("layer2_", "layer3_")) and int(name.split("_")[1]) % 2
        }

    def blocks(self) -> Iterator[tuple[str, nn.Module]]:
        """Everything behind the stem, such as ("layer2_1", block)."""
        for name in ("layer1", "layer2", "layer3", "layer4"):
            for index, block in enumerate(getattr(self, name)):
                yield f"{name}_{index}", block

    def load_pretrained(self, pretrained: str) -> None:
        """Start from pretrained weights, without their classifier.

        Args:
            pretrained: "none", "imagenet" (torchvision's first training recipe, the one of the paper's
                time), or a weight file: torchvision's, or of any network that holds a ResNet with
                torchvision's names under one prefix (`backbone.` in this project, `base.` elsewhere), whose
                other parts are dropped; numbers of an nn.Sequential (`base.0.weight`) count as those names.

        Raises:
            ValueError: where the weights cannot be had or do not fit; it names the configuration key.
        """
        if pretrained == "none":
            return
        weights = (
            _without_head(imagenet_weights(self.name)) if pretrained == "imagenet" else _from_file(pretrained)
        )
        try:
            load_exactly(self, weights, pretrained)
        except ValueError as error:
            raise ValueError(f"pretrained: wanted weights of a {self.name}: {error}") from None


def build(settings: parts.ResNet, stem_channels: int) -> Backbone:
    return Backbone(settings.kind, stem_channels)


def _from_file(path: str) -> Weights:
    try:
        weights = read_weights(path)
    except ValueError as error:
        raise ValueError(f"pretrained: {error}") from error
    weights = _named(weights)
    # A block has a first convolution too; the network's is the one beside a layer1.
    ends = [name.removesuffix(_FIRST) for name in weights if name == _FIRST or name.endswith(f".{_FIRST}")]
    prefixes = [prefix for prefix in ends if any(name.startswith(f"{prefix}layer1.") for name in weights)]
    if len(prefixes) != 1:
        several = f"several ResNets, under {', '.join(map(repr, prefixes))}," if prefixes else "no ResNet"
        heads = ", ".join(sorted({name.split(".")[0] for name in weights})[:8]) or "(none)"
        raise ValueError(
            f"pretrained: '{path}': got {several} among names that begin with {heads}; wanted one with "
            f"torchvision's names ({_FIRST}, layer1.0.…), under any prefix"
        )
    own = {n.removeprefix(prefixes[0]): value for n, value in weights.items() if n.startswith(prefixes[0])}
    return _without_head(own)


def _named(weights: Weights) -> Weights:
    """A ResNet in an nn.Sequential by torchvision's names, if there is one and no other has them."""
    mark = "4.0.conv1.weight"  # the first block of layer1
    prefixes = [name.removesuffix(mark) for name in weights if name == mark or name.endswith(f".{mark}")]
    if len(prefixes) != 1 or any(name.endswith("layer1.0.conv1.weight") for name in weights):
        return weights
    (prefix,) = prefixes
    renamed = {}
    for name, value in weights.items():
        number, dot, rest = name.removeprefix(prefix).partition(".")
        inside = name.startswith(prefix) and number in _SEQUENTIAL
        renamed[f"{prefix}{_SEQUENTIAL[number]}{dot}{rest}" if inside else name] = value
    return renamed


def _without_head(weights: Weights) -> Weights:
    return {name: value for name, value in weights.items() if name.split(".")[0] not in _HEADS}
