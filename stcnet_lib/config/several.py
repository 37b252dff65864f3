"""Blocks of several kinds, one behind the other; beside `parts.py`, so that every row there can be one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from stcnet_lib.config.parts import BLOCKS, Blocks, Part, one_of_kinds

AnyOfBlocks = one_of_kinds(BLOCKS)


class Several(Blocks):
    """At each place a block of each kind, in the order given."""

    kind: Literal["several"] = "several"
    of: tuple[AnyOfBlocks, ...] = Field(min_length=2, max_length=8, description="the kinds, first to last")

    @property
    def members(self) -> tuple[Part, ...]:
        return self.of

    @field_validator("of", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(f"got '{value}', wanted a list, such as [conv3d, non_local]")
        return value
