"""The re-ID network (paper §3.5, §4.2, §5.2): frames through a backbone, and their maps through a head.

As the paper has it, a ResNet whose maps are averaged over space and time. Without blocks it is the baseline,
which also serves as guider and as feature extractor of the localisation; with non-local blocks it is the
final network. Backbone, blocks and head come in kinds (`config/parts.py`), whose files are loaded when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import Tensor, nn

from stcnet_lib.config import ReIDConfig
from stcnet_lib.config.parts import Part
from stcnet_lib.config.reid import Layer


class ReIDNetwork(nn.Module):
    """Features and identity logits of clips.

    Random weights: `network.backbone.load_pretrained(config.pretrained)` starts a training.

    Shapes:
        clips (B, T, 3, H, W), ImageNet-normalised -> features (B, D), logits (B, num_classes)
    """

    def __init__(self, config: ReIDConfig, num_classes: int) -> None:
        super().__init__()
        self.config = config
        self.num_classes = num_classes
        self.backbone = _built(config.backbone, config.stem_channels)
        if (blocks := config.inserted) is not None:
            # Under the name of their kind: `non_local.layer2_1.theta.weight`.
            made = {name: _built(blocks, channels) for name, channels in self.backbone.places.items()}
            self.add_module(blocks.kind, nn.ModuleDict(made))
        size = (-(-config.height // 16), -(-config.width // 16))  # rounded up
        self.head = _built(config.head, (self.backbone.channels, *size))
        self.features = self.head.features
        self.classifier = nn.Linear(self.features, num_classes)

    @property
    def inserted(self) -> nn.ModuleDict:
        """What goes between the backbone's blocks, by the name of the block before it."""
        blocks = self.config.inserted
        return nn.ModuleDict() if blocks is None else self.get_submodule(blocks.kind)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        features = self.head(self.clip_maps(clips), clips.shape[1])  # (B, D)
        return features, self.classifier(features)

    def clip_maps(self, clips: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> (B·T, C, h, w); frames of a clip meet in the inserted blocks only."""
        frames, inserted = clips.shape[1], self.inserted
        maps = self.backbone.stem(clips.flatten(0, 1))  # (B·T, C, h, w)
        for name, block in self.backbone.blocks():
            maps = block(maps)
            if name in inserted:
                maps = inserted[name](maps, frames)
        return maps

    def frame_maps(self, images: Tensor, layer: Layer = "layer4") -> Tensor:
        """Maps of single frames: (F, 3, H, W) -> (F, C, H / 16, W / 16).

        Raises:
            ValueError: with inserted blocks, where a frame's map depends on its clip.
        """
        if (blocks := self.config.inserted) is not None:
            raise ValueError(
                f"got {blocks.kind} blocks, wanted none: maps of single frames do not exist then"
            )
        return self.backbone.maps(images, layer)


def _built(part: Part, argument: Any) -> Any:
    """A part of a network, by the file of its kind."""
    return import_module(part.module).build(part, argument)
