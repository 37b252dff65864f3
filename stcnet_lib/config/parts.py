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


class Part(Section):
    """One kind and its settings: a text in YAML and JSON, its name, if it has no others."""

    kind: str
    room: ClassVar[str]  # the folder of `reid/` with its code

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


class Backbone(Part):
    """From images to maps."""

    room: ClassVar[str] = "backbones"


class ResNet(Backbone):
    """torchvision's, without the last down-sampling."""

    kind: Literal["resnet18", "resnet34", "resnet50", "resnet101"] = "resnet50"

    @property
    def module(self) -> str:
        return "stcnet_lib.reid.backbones.resnet"


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


BACKBONES: list[type[Backbone]] = [ResNet]
BLOCKS: list[type[Blocks]] = [NonLocal, Squeeze]
HEADS: list[type[Head]] = [Average, Attention]


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
