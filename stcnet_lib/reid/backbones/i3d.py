"""ResNets whose convolutions are 3-D (I3D: Carreira and Zisserman, CVPR 2017, §2.3).

Every convolution of more than one row gets three frames as well; those of one row keep one frame, as I3D has
it. Weights of a 2-D network fill it, so that it sees in a clip at rest what that one sees in its frame. I3D
also halves the number of frames on its way and takes seven of them in its first layer; clips of re-ID have
four, so here all are kept and three are seen everywhere.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from stcnet_lib.common.weights import Weights
from stcnet_lib.config import parts
from stcnet_lib.reid.backbones.resnet import Backbone
from stcnet_lib.reid.folded import SPAN, FoldedConv3d, neighbours


class _OfClips:
    """A ResNet's block whose convolutions may be of three frames.

    Shapes:
        maps (B·T, C, h, w), T -> (B·T, C', h', w')
    """

    depth: int  # convolutions

    def forward(self, maps: Tensor, frames: int) -> Tensor:
        inner = maps
        for index in range(1, self.depth + 1):
            conv, norm = getattr(self, f"conv{index}"), getattr(self, f"bn{index}")
            inner = norm(conv(*neighbours(inner, frames)) if isinstance(conv, FoldedConv3d) else conv(inner))
            inner = self.relu(inner) if index < self.depth else inner
        return self.relu(inner + (maps if self.downsample is None else self.downsample(maps)))


class ClipBasicBlock(_OfClips, BasicBlock):
    depth = 2


class ClipBottleneck(_OfClips, Bottleneck):
    depth = 3


class InflatedBackbone(Backbone):
    """A ResNet of clips, of which all frames are folded into the batch; parameter names are torchvision's.

    Args:
        name: a key of torchvision's, such as "resnet50".
        stem_channels: as of the ResNet.
        inflation: "averaged" gives each of three frames a third of a weight; "centred" the one in the
            middle all of it, so that frames do not meet at first.

    Shapes:
        images (B·T, 3, H, W), ImageNet-normalised, T -> maps (B·T, `channels`, H / 16, W / 16), through
        `stem` and then each of `blocks`, all of which take T as well
    """

    block_types: ClassVar = {BasicBlock: ClipBasicBlock, Bottleneck: ClipBottleneck}

    def __init__(self, name: str, stem_channels: int, inflation: str) -> None:
        super().__init__(name, stem_channels)
        self.inflation = inflation
        flat = self.state_dict()
        for parent in list(self.modules()):
            for child, layer in list(parent.named_children()):
                if isinstance(layer, nn.Conv2d) and layer.kernel_size[0] > 1:
                    setattr(parent, child, _folded(layer))
        self._fill(flat)

    def stem(self, images: Tensor, frames: int) -> Tensor:
        """Everything before layer1: (B·T, 3, H, W), T -> (B·T, stem_channels, H / 4, W / 4)."""
        return self.maxpool(self.relu(self.bn1(self.conv1(*neighbours(images, frames)))))

    def load_pretrained(self, pretrained: str) -> None:
        """Start from inflated weights of the 2-D network; see `Backbone.load_pretrained`."""
        if pretrained == "none":
            return
        flat = Backbone(self.name, self.conv1.out_channels)
        flat.load_pretrained(pretrained)
        self._fill(flat.state_dict())

    def _fill(self, flat: Weights) -> None:
        wanted = self.state_dict()
        filled = {
            name: value if value.shape == wanted[name].shape else inflated(value, self.inflation)
            for name, value in flat.items()
        }
        self.load_state_dict(filled)


def inflated(weight: Tensor, inflation: str) -> Tensor:
    """A 2-D weight over three frames: (C', C, k, k) -> (C', 3·C, k, k)."""
    if inflation == "averaged":
        return torch.cat([weight / SPAN] * SPAN, 1)
    nothing = torch.zeros_like(weight)
    return torch.cat([nothing, weight, nothing], 1)


def _folded(layer: nn.Conv2d) -> FoldedConv3d:
    return FoldedConv3d(layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0])


def build(settings: parts.Inflated, stem_channels: int) -> InflatedBackbone:
    return InflatedBackbone(settings.of, stem_channels, settings.inflation)
