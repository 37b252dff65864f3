"""The re-ID network (paper §3.5, §4.2, §5.2): frames through a backbone, and their maps through a head.

As the paper has it, a ResNet whose maps are averaged over space and time. Without blocks it is the baseline,
which also serves as guider and as feature extractor of the localisation; with non-local blocks it is the
final network. Backbone, blocks and head come in kinds (`config/parts.py`), whose files are loaded when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from torch import Tensor, nn

from stcnet_lib.config import ReIDConfig
from stcnet_lib.config.parts import Part
from stcnet_lib.config.reid import Layer
from stcnet_lib.reid.combining import by_length


class Seen(NamedTuple):
    """What a network makes of clips."""

    features: Tensor  # (B, D)
    logits: Tensor  # (B, num_classes)
    penalties: dict[str, Tensor]  # scalars by name, which the training adds to its loss; most heads have none


class ReIDNetwork(nn.Module):
    """Features and identity logits of clips.

    Random weights: `network.backbone.load_pretrained(config.pretrained)` starts a training.

    Shapes:
        clips (B, T, 3, H, W), ImageNet-normalised -> `Seen`: features (B, D), logits (B, num_classes)
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

    def forward(self, clips: Tensor) -> Seen:
        pooled = self.head(self.clip_maps(clips), clips.shape[1])
        features, penalties = pooled if isinstance(pooled, tuple) else (pooled, {})
        return Seen(features, self.classifier(features), penalties)

    def clip_maps(self, clips: Tensor) -> Tensor:
        """(B, T, 3, H, W) -> (B·T, C, h, w); frames meet in inserted blocks and in backbones of clips."""
        frames, inserted = clips.shape[1], self.inserted
        more = (frames,) if self.config.backbone.of_clips else ()
        maps = self.backbone.stem(clips.flatten(0, 1), *more)  # (B·T, C, h, w)
        for name, block in self.backbone.blocks():
            maps = block(maps, *more)
            if name in inserted:
                maps = inserted[name](maps, frames)
        return maps

    def combine(self, features: Tensor, lengths: Tensor) -> Tensor:
        """One feature (D,) of a tracklet from those of its clips (n, D), of `lengths` (n,) frames.

        As the head has it; frames count the same where it says nothing.
        """
        return getattr(self.head, "combine", by_length)(features, lengths)

    def frame_maps(self, images: Tensor, layer: Layer = "layer4") -> Tensor:
        """Maps of single frames: (F, 3, H, W) -> (F, C, H / 16, W / 16).

        Raises:
            ValueError: with inserted blocks or a backbone of clips: a frame's map depends on its clip.
        """
        if (meeting := self.config.meeting) is not None:
            raise ValueError(f"got {meeting}, wanted none: maps of single frames do not exist then")
        return self.backbone.maps(images, layer)


def _built(part: Part, argument: Any) -> Any:
    """A part of a network, by the file of its kind."""
    return import_module(part.module).build(part, argument)
