"""ConvNeXt (Liu et al., "A ConvNet for the 2020s", CVPR 2022) with the last spatial down-sampling removed.

As the ResNets here (paper §3.5), its last stage keeps the resolution of the one before: the 2×2 convolution
between them moves by one position instead of two. The parameter names are torchvision's, so its ImageNet
weights load. No paths are dropped at random in training, which its authors do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.convnext import CNBlockConfig, ConvNeXt

from stcnet_lib.common.weights import Weights, load_exactly, read_weights
from stcnet_lib.config import parts
from stcnet_lib.config.reid import Layer
from stcnet_lib.reid.pretrained import imagenet_weights

_DEPTHS = {"convnext_tiny": (3, 3, 9, 3), "convnext_small": (3, 3, 27, 3)}
_FIRST = "features.0.0.weight"  # torchvision's name of the first layer


class RoundedConv(nn.Conv2d):
    """A convolution of squares side by side, or overlapping at stride 1, which loses no row or column.

    Shapes:
        maps (F, C, h, w) -> (F, C', ceil(h / stride), ceil(w / stride)): zeros fill up the last squares
    """

    def forward(self, maps: Tensor) -> Tensor:
        (size, _), (stride, _) = self.kernel_size, self.stride
        below, right = (-length % stride + size - stride for length in maps.shape[2:])
        return super().forward(F.pad(maps, (0, right, 0, below)))


class ConvNeXtBackbone(nn.Module):
    """torchvision's ConvNeXt without its classifier, of any width and depth.

    Args:
        name: torchvision's, such as "convnext_tiny".
        stem_channels: of the first stage, doubled by each later one; torchvision's have 96.
        depths: blocks of the four stages.

    Shapes:
        images (F, 3, H, W), ImageNet-normalised -> maps (F, `channels`, H / 16, W / 16), rounded up
    """

    def __init__(self, name: str, stem_channels: int, depths: Sequence[int]) -> None:
        super().__init__()
        self.name = name
        widths = [stem_channels * 2**stage for stage in range(4)]
        stages = zip(widths, [*widths[1:], None], depths, strict=True)
        made = ConvNeXt([CNBlockConfig(*stage) for stage in stages], num_classes=1)
        self.channels = widths[-1]
        self.features = made.features  # a stem, then stages and the down-samplings between them in turn
        self.features[0][0] = _rounded(self.features[0][0])
        for between in (2, 4, 6):
            self.features[between][1] = _rounded(self.features[between][1], 1 if between == 6 else 2)
        self.classifier = nn.ModuleList([made.classifier[0]])  # the norm of the last maps

    def stem(self, images: Tensor) -> Tensor:
        """The first layer: (F, 3, H, W) -> (F, stem_channels, H / 4, W / 4)."""
        return self.features[0](images)

    def blocks(self) -> Iterator[tuple[str, nn.Module]]:
        """Everything behind the stem, such as ("layer2_1", block); a stage's first block begins with its
        down-sampling, and the last one of all ends with the norm."""
        for stage in range(4):
            blocks = self.features[2 * stage + 1]
            for index, block in enumerate(blocks):
                layers = [block]
                if stage > 0 and index == 0:
                    layers.insert(0, self.features[2 * stage])
                if stage == 3 and index == len(blocks) - 1:
                    layers.append(self.classifier[0])
                yield f"layer{stage + 1}_{index}", nn.Sequential(*layers)

    @property
    def places(self) -> dict[str, int]:
        """Channels behind every other block of layer2 and layer3."""
        return {
            f"layer{stage + 1}_{index}": self.channels // 2 ** (3 - stage)
            for stage in (1, 2)
            for index in range(1, len(self.features[2 * stage + 1]), 2)
        }

    def maps(self, images: Tensor, layer: Layer = "layer4") -> Tensor:
        """The output of one layer: (F, 3, H, W) -> (F, C, H / 16, W / 16); later layers do not run."""
        maps = self.features[:6](images)
        return maps if layer == "layer3" else self.classifier[0](self.features[6:](maps))

    def middle_maps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs of layer2, at 1/8, and layer3, at 1/16."""
        middle = self.features[:4](images)
        return middle, self.features[4:6](middle)

    def forward(self, images: Tensor) -> Tensor:
        """The maps of layer4."""
        return self.maps(images)

    def load_pretrained(self, pretrained: str) -> None:
        """Start from pretrained weights, without their classifier.

        Args:
            pretrained: "none", "imagenet", or a weight file: torchvision's, or of a network that holds one
                with torchvision's names under one prefix (`backbone.` in this project).

        Raises:
            ValueError: where the weights cannot be had or do not fit; it names the configuration key.
        """
        if pretrained == "none":
            return
        weights = imagenet_weights(self.name) if pretrained == "imagenet" else _from_file(pretrained)
        own = {n: value for n, value in weights.items() if n.startswith(("features.", "classifier.0."))}
        try:
            load_exactly(self, own, pretrained)
        except ValueError as error:
            raise ValueError(f"pretrained: wanted weights of a {self.name}: {error}") from None


def _rounded(conv: nn.Conv2d, stride: int | None = None) -> RoundedConv:
    made = RoundedConv(conv.in_channels, conv.out_channels, conv.kernel_size, stride or conv.stride)
    made.load_state_dict(conv.state_dict())
    return made


def _from_file(path: str) -> Weights:
    try:
        weights = read_weights(path)
    except ValueError as error:
        raise ValueError(f"pretrained: {error}") from error
    prefixes = [n.removesuffix(_FIRST) for n in weights if n == _FIRST or n.endswith(f".{_FIRST}")]
    if len(prefixes) != 1:
        raise ValueError(
            f"pretrained: '{path}': got {len(prefixes)} networks with torchvision's names ({_FIRST}, …), "
            "wanted one, under any prefix"
        )
    (prefix,) = prefixes
    return {n.removeprefix(prefix): value for n, value in weights.items() if n.startswith(prefix)}


def build(settings: parts.ConvNeXt, stem_channels: int) -> ConvNeXtBackbone:
    return ConvNeXtBackbone(settings.kind, stem_channels, settings.depths or _DEPTHS[settings.kind])
