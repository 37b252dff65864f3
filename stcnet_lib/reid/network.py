"""The re-ID network (paper §3.5, §4.2, §5.2): frames through a ResNet, averaged over space and time.

Without non-local blocks it is the paper's baseline, which also serves as guider and as feature
extractor of the localisation; with them it is the final network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet_lib.config import ReIDConfig
from stcnet_lib.reid.backbone import Backbone, Layer
from stcnet_lib.reid.non_local import NonLocalBlock


class ReIDNetwork(nn.Module):
    """Features and identity logits of clips.

    Random weights: `load_pretrained(network.backbone, config.pretrained)` starts a training.

    Shapes:
        clips (B, T, 3, H, W), ImageNet-normalised -> features (B, D), logits (B, num_classes)
    """

    def __init__(self, config: ReIDConfig, num_classes: int) -> None:
        super().__init__()
        self.config = config
        self.num_classes = num_classes
        self.backbone = Backbone(config.backbone, config.stem_channels)
        self.features = self.backbone.channels
        self.non_local = nn.ModuleDict()
        if config.non_local:
            for name in ("layer2", "layer3"):
                blocks = getattr(self.backbone, name)
                channels = blocks[-1].bn2.num_features * blocks[-1].expansion
                # After every other block; in a ResNet-50 that makes the paper's two and three.
                for index in range(1, len(blocks), 2):
                    self.non_local[f"{name}_{index}"] = NonLocalBlock(channels)
        self.classifier = nn.Linear(self.features, num_classes)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        features = self.frame_features(clips).mean(1)  # (B, D)
        return features, self.classifier(features)

    def frame_features(self, clips: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> (B, T, D); frames of a clip meet in the non-local blocks only."""
        frames = clips.shape[1]
        maps = self.backbone.stem(clips.flatten(0, 1))  # (B·T, C, h, w)
        for name in ("layer1", "layer2", "layer3", "layer4"):
            for index, block in enumerate(getattr(self.backbone, name)):
                maps = block(maps)
                if f"{name}_{index}" in self.non_local:
                    maps = self.non_local[f"{name}_{index}"](maps, frames)
        return spatial_mean(maps).unflatten(0, (-1, frames))

    def frame_maps(self, images: Tensor, layer: Layer = "layer4") -> Tensor:
        """Maps of single frames: (F, 3, H, W) -> (F, C, H / 16, W / 16).

        Raises:
            ValueError: with non-local blocks, where a frame's map depends on its clip.
        """
        if self.non_local:
            raise ValueError("non_local: got true, wanted false: maps of single frames do not exist then")
        return self.backbone.maps(images, layer)


def spatial_mean(maps: Tensor) -> Tensor:
    """(F, C, h, w) -> (F, C), at least in float32: bf16 sums of 128 values lose two digits."""
    return maps.to(torch.promote_types(maps.dtype, torch.float32)).mean((2, 3))
