"""Re-ID networks, their training, and the features of frames that they give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from stcnet_lib.config.parts import BACKBONES, BLOCKS, HEADS, Average, NonLocal, Part, ResNet, one_of_kinds
from stcnet_lib.config.section import Fraction, Precision, Section, expanded
from stcnet_lib.config.several import Several

AnyBackbone, AnyBlocks, AnyHead = map(one_of_kinds, (BACKBONES, [*BLOCKS, Several], HEADS))
Layer = Literal["layer3", "layer4"]


class TripletConfig(Section):
    """Batch-hard triplet loss beside the cross-entropy, and batches of people (Hermans et al., 2017)."""

    weight: float = Field(1.0, gt=0, le=100, description="of it beside the cross-entropy")
    margin: Literal["soft"] | float = Field(
        "soft", description="of the distance of another person over one's own; soft: log(1 + exp(difference))"
    )
    tracklets: int = Field(4, ge=2, le=64, description="of each person in a batch")

    @field_validator("margin", mode="before")
    @classmethod
    def _soft_or_a_number(cls, value: Any) -> Any:
        if value == "soft" or (isinstance(value, int | float) and 0 <= value <= 100):
            return value
        raise ValueError(f"got {value!r}, wanted 'soft' or a number from 0 to 100")


class ReIDConfig(Section):
    """A re-ID network and its training (paper §3.5, §4.2, §5.2); the guider is one of them.

    `blocks`, `head` and `triplet` are no part of the JSON where they are the paper's: networks that were
    trained before there was a choice are not trained again.
    """

    backbone: AnyBackbone = ResNet()
    stem_channels: int = Field(
        64, ge=8, le=256, description="torchvision's ResNets have 64, its ConvNeXts 96"
    )
    pretrained: str = Field(
        "imagenet", description="'imagenet' (torchvision's download), 'none', or a weight file"
    )
    non_local: bool = Field(True, description="non-local blocks after every other block of layer2 and layer3")
    blocks: AnyBlocks | None = Field(
        None,
        exclude_if=lambda blocks: blocks is None,
        description="of another kind in their place; `blocks: non_local` is `non_local: true`",
    )
    head: AnyHead = Field(
        Average(),
        exclude_if=lambda head: head == Average(),
        description="from the maps of a clip's frames to the feature of the clip",
    )
    height: int = Field(256, ge=32, le=1024, description="input pixels")
    width: int = Field(128, ge=16, le=1024, description="input pixels")
    clip_length: int = Field(4, ge=1, le=64, description="frames")
    clip_stride: int = Field(8, ge=1, le=64, description="frames from one to the next of a clip")
    batch: int = Field(32, ge=2, le=4096, description="clips, over all GPUs together")
    epochs: int = Field(150, ge=1, le=10_000, description="one clip of every tracklet each")
    lr: float = Field(3e-4, gt=0, le=1)
    weight_decay: float = Field(5e-4, ge=0, le=1)
    schedule: Literal["step", "cosine", "constant"] = Field(
        "step",
        description="step: times lr_gamma every lr_step epochs; cosine: down to 0; constant: as it is, which "
        "averaged weights want",
    )
    lr_step: int = Field(50, ge=1, description="epochs")
    lr_gamma: float = Field(0.1, gt=0, le=1)
    warmup: Fraction = Field(0.0, description="share of the steps with a linearly rising rate")
    average: Fraction = Field(
        0.0,
        description="share of the last steps whose weights are averaged; 0: the last weights themselves",
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    triplet: TripletConfig | None = Field(
        None,
        exclude_if=lambda triplet: triplet is None,
        description="beside the cross-entropy; batches are then of `batch / tracklets` people",
    )
    flip: Fraction = Field(0.5, description="chance of a horizontal flip, one decision a clip")
    colour_jitter: Fraction = Field(0.0, description="brightness, contrast, saturation, one draw a clip")
    crop: float = Field(
        0.0,
        ge=0,
        le=0.4,
        description="share of height and width by which each side of the box moves inwards at the most",
    )
    blur: Fraction = Field(0.0, description="chance that a clip is as coarse as that of somebody far away")
    erase: Fraction = Field(0.0, description="chance of random erasing: a rectangle becomes grey")
    precision: Precision = "auto"

    @model_validator(mode="before")
    @classmethod
    def _blocks_by_one_key(cls, values: Any) -> Any:
        """Who names blocks need not say `non_local` as well; equal networks have equal settings."""
        if not isinstance(values, dict) or values.get("blocks") is None:
            return values
        if values["blocks"] in (NonLocal().kind, {"kind": NonLocal().kind}):
            return {**values, "non_local": True, "blocks": None}
        return {"non_local": False, **values}

    @field_validator("pretrained")
    @classmethod
    def _as_a_shell_reads_it(cls, value: str) -> str:
        return value if value in ("none", "imagenet") else expanded(value)

    @model_validator(mode="after")
    def _weights(self) -> ReIDConfig:
        if self.pretrained not in ("none", "imagenet") and not Path(self.pretrained).is_file():
            raise ValueError(
                f"pretrained: got '{self.pretrained}', wanted 'imagenet', 'none' or an existing file"
            )
        width = self.backbone.imagenet_width
        if self.pretrained == "imagenet" and self.stem_channels != width:
            raise ValueError(
                f"stem_channels: got {self.stem_channels}, wanted {width}, the width of ImageNet weights"
            )
        return self

    @model_validator(mode="after")
    def _people_of_a_batch(self) -> ReIDConfig:
        each = self.triplet.tracklets if self.triplet else 1
        if self.batch % each or self.batch < 2 * each:
            raise ValueError(
                f"batch: got {self.batch}, wanted a multiple of the {each} tracklets of a person "
                "(triplet.tracklets), of two people or more"
            )
        return self

    @model_validator(mode="after")
    def _one_kind_of_blocks(self) -> ReIDConfig:
        if self.non_local and self.blocks is not None:
            raise ValueError(f"blocks: got '{self.blocks.kind}' beside non_local: true, wanted one of them")
        return self

    @property
    def inserted(self) -> Part | None:
        """The blocks that the network has, if any."""
        return NonLocal() if self.non_local else self.blocks

    @property
    def parts(self) -> tuple[Part, ...]:
        """The kinds that the network is built of."""
        chosen = filter(None, (self.backbone, self.inserted, self.head))
        return tuple(part for whole in chosen for part in (whole, *whole.members))

    @property
    def meeting(self) -> str | None:
        """In what the frames of a clip meet before the head: such a network has no maps of single frames."""
        if self.inserted is not None:
            return f"{self.inserted.kind} blocks"
        return f"backbone {self.backbone.kind}" if self.backbone.of_clips else None

    @property
    def tested_as_trained(self) -> bool:
        """Whether tests use clips of `clip_length` and `clip_stride`: a part learned steps of these."""
        return any(part.as_trained for part in self.parts)

    @property
    def files(self) -> list[str]:
        """What a rule that uses the network tracks beside its script: the code of these kinds."""
        return [part.file for part in self.parts]


def saved_parts(path: str | Path) -> tuple[Part, ...]:
    """The kinds that a saved network is built of, by its `model.json`; none if that is damaged, which whoever
    loads the network reports."""
    try:
        values = json.loads(Path(path).with_suffix(".json").read_text(encoding="utf-8"))["config"]
        # The file that its training started from need not exist any more.
        return ReIDConfig.model_validate({**values, "pretrained": "none"}).parts
    except (OSError, ValueError, KeyError, TypeError):
        return ()


class FeaturesConfig(Section):
    """Region features of every frame (paper §4.1)."""

    regions: Literal["strips", "crops"] = Field(
        "strips",
        description="strips of one feature map (one pass a frame), or the thirds sent through the "
        "network one by one; the paper does not say",
    )
    layer: Layer = "layer4"
    batch: int = Field(128, ge=1, le=8192, description="frames")
    precision: Precision = "auto"
