"""The parts of a re-ID network that come in several kinds; no import of their code happens here.

A kind is a file of `reid/backbones/`, `reid/blocks/` or `reid/heads/`, which has `build`, and a class with
its settings in one of the tables below. A rule tracks the files of the kinds that its networks have.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
)

from stcnet_lib.config.errors import one_of
from stcnet_lib.config.section import Section

Depth = Annotated[int, Field(ge=1, le=64)]  # blocks of a stage
ResNetName = Literal["resnet18", "resnet34", "resnet50", "resnet101"]


class Part(Section):
    """One kind and its settings: a text in YAML and JSON, its name, if it has no others."""

    kind: str
    room: ClassVar[str]  # the folder of `reid/` with its code
    # It looks at steps from frame to frame, so tests want frames as far apart as those that it learned from.
    as_trained: ClassVar[bool] = False

    @model_serializer(mode="wrap")
    def _by_name(self, write: SerializerFunctionWrapHandler) -> dict[str, Any] | str:
        values = write(self)
        return self.kind if set(values) == {"kind"} else values

    @property
    def module(self) -> str:
        """That has its `build`."""
        return f"stcnet_lib.reid.{self.room}.{self.kind}"

    @property
    def file(self) -> str:
        """What a rule tracks beside its script, relative to the repository."""
        return self.module.replace(".", "/") + ".py"

    @property
    def members(self) -> tuple[Part, ...]:
        """Other parts that this one is made of."""
        return ()


class Backbone(Part):
    """From images to maps."""

    room: ClassVar[str] = "backbones"
    of_clips: ClassVar[bool] = False  # frames meet in it, so that it has no maps of single ones
    imagenet_width: ClassVar[int] = 64  # `stem_channels` of the weights that can be downloaded


class ResNet(Backbone):
    """torchvision's, without the last down-sampling."""

    kind: ResNetName = "resnet50"

    @property
    def module(self) -> str:
        return "stcnet_lib.reid.backbones.resnet"


class Inflated(Backbone):
    """A ResNet whose convolutions are 3-D (I3D, Carreira and Zisserman, 2017)."""

    kind: Literal["i3d"] = "i3d"
    of: ResNetName = Field(
        "resnet50", description="the network that is inflated, whose weights may be loaded"
    )
    inflation: Literal["averaged", "centred"] = Field(
        "averaged",
        description="a third of each weight for each of three frames, or all of it for the one in the middle",
    )
    of_clips: ClassVar[bool] = True
    as_trained: ClassVar[bool] = True


class ConvNeXt(Backbone):
    """torchvision's, without the last down-sampling (Liu et al., 2022)."""

    kind: Literal["convnext_tiny", "convnext_small"] = "convnext_tiny"
    depths: tuple[Depth, Depth, Depth, Depth] | None = Field(
        None, description="blocks of the four stages, if other than torchvision's"
    )
    imagenet_width: ClassVar[int] = 96

    @property
    def module(self) -> str:
        return "stcnet_lib.reid.backbones.convnext"


class Blocks(Part):
    """What goes after every other block of layer2 and layer3, where the frames of a clip may meet."""

    room: ClassVar[str] = "blocks"


class NonLocal(Blocks):
    """As the paper's final network has them."""

    kind: Literal["non_local"] = "non_local"


class Squeeze(Blocks):
    """Channels of a clip weigh by what the clip shows (squeeze-and-excitation, Hu et al., 2018)."""

    kind: Literal["squeeze"] = "squeeze"
    reduction: int = Field(16, ge=1, le=256, description="times fewer channels in between")


class TemporalConv(Blocks):
    """Every position over three successive frames."""

    kind: Literal["temporal_conv"] = "temporal_conv"
    as_trained: ClassVar[bool] = True


class Conv3d(Blocks):
    """A bottleneck that sees three rows, columns and frames (P3D, Qiu et al., 2017)."""

    kind: Literal["conv3d"] = "conv3d"
    reduction: int = Field(2, ge=1, le=64, description="times fewer channels in between")
    factored: bool = Field(True, description="a convolution over space and one over time, or one over both")
    as_trained: ClassVar[bool] = True


class AlignedConv3d(Blocks):
    """The same, of neighbours that are first moved onto the frame (AP3D, Gu et al., 2020)."""

    kind: Literal["aligned_conv3d"] = "aligned_conv3d"
    reduction: int = Field(2, ge=1, le=64, description="times fewer channels in between")
    scale: float = Field(4.0, gt=0, le=100, description="of the cosines in the softmax; AP3D: 4")
    as_trained: ClassVar[bool] = True


class Head(Part):
    """From the maps of a clip's frames to the feature of the clip."""

    room: ClassVar[str] = "heads"


class Average(Head):
    """Over space and time, as the paper."""

    kind: Literal["average"] = "average"


class Attention(Head):
    """Frames weigh by learned scores (Gao and Nevatia, 2018)."""

    kind: Literal["attention"] = "attention"
    channels: int = Field(256, ge=1, le=4096, description="of the descriptors that scores are made of")


class Max(Head):
    """Of each channel its largest value in space and time."""

    kind: Literal["max"] = "max"


class GeneralisedMean(Head):
    """Between average and max, as learned (Radenović et al., 2018)."""

    kind: Literal["gem"] = "gem"
    power: float = Field(3.0, ge=1, le=100, description="at the start; 1 is the average")


class Recurrent(Head):
    """A recurrent layer over the frames (McLaughlin et al., 2016)."""

    kind: Literal["recurrent"] = "recurrent"
    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    channels: int = Field(256, ge=1, le=4096, description="of the layer, and so of the feature")
    output: Literal["mean", "last"] = Field(
        "mean", description="of the outputs at all frames, or the last one"
    )
    as_trained: ClassVar[bool] = True


class Quality(Head):
    """Frames weigh by how good they look, each for itself (QAN, Liu et al., 2017)."""

    kind: Literal["quality"] = "quality"
    channels: int = Field(64, ge=1, le=4096, description="of the maps that the quality is judged by")


class JointAttention(Head):
    """A pyramid over space, a recurrent layer, attention over time (ASTPN, Xu et al., 2017)."""

    kind: Literal["joint_attention"] = "joint_attention"
    bins: tuple[Annotated[int, Field(ge=1, le=16)], ...] = Field(
        (4, 2, 1), min_length=1, max_length=8, description="rows and columns of the pyramid's levels"
    )
    channels: int = Field(128, ge=1, le=4096, description="of a frame, and so of the feature")
    as_trained: ClassVar[bool] = True


class Diversity(Head):
    """Several places, kept apart by a penalty, each with weights of its own over time (Li et al., 2018)."""

    kind: Literal["diversity"] = "diversity"
    places: int = Field(6, ge=1, le=64, description="attentions over space; Li et al.: 6")
    hidden: int = Field(32, ge=1, le=4096, description="channels that one attention is made of")
    channels: int = Field(64, ge=1, le=4096, description="of one place: the feature has this many for each")
    weight: float = Field(
        0.1,
        ge=0,
        le=1000,
        description="of the penalty, at first near places · (places - 1), beside the cross-entropy",
    )


BACKBONES: list[type[Backbone]] = [ResNet, Inflated, ConvNeXt]
BLOCKS: list[type[Blocks]] = [NonLocal, Squeeze, TemporalConv, Conv3d, AlignedConv3d]
HEADS: list[type[Head]] = [
    Average,
    Attention,
    Max,
    GeneralisedMean,
    Recurrent,
    Quality,
    JointAttention,
    Diversity,
]


def one_of_kinds(table: Sequence[type[Part]]) -> Any:
    """The type of a setting that is any row of a table, told apart by `kind`."""
    # Not Field(discriminator="kind"), which does not go with the validators that every section has.
    rows = {kind: row.__name__ for row in table for kind in _kinds(row)}
    tagged = [Annotated[row, Tag(row.__name__)] for row in table]
    told_apart = Discriminator(lambda value: rows[value["kind"] if isinstance(value, dict) else value.kind])
    union = Annotated[reduce(or_, tagged), told_apart] if len(table) > 1 else table[0]
    return Annotated[union, BeforeValidator(partial(_as_keys, known=set(rows)))]


def _kinds(row: type[Part]) -> tuple[str, ...]:
    return get_args(row.model_fields["kind"].annotation)


def _as_keys(value: Any, known: set[str]) -> Any:
    """A name alone means a kind with its defaults."""
    if isinstance(value, Part):
        return value
    keys = value if isinstance(value, dict) else {"kind": value}
    kind = str(keys.get("kind", "no kind"))
    if kind not in known:
        raise ValueError(f"got '{kind}', wanted {one_of(kind, known)}")
    return keys
