"""What every section of the configuration has: strict keys, one text for equal values, errors by line."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from stcnet_lib.config.errors import problem_lines

Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+.-]*$")]  # becomes part of a path
Precision = Literal["auto", "bf16", "fp32"]  # auto: bf16 on GPUs that compute it natively
SectionType = TypeVar("SectionType", bound="Section")


def expanded(path: str) -> str:
    """A path with `~` and environment variables as a shell would read them, unless it exists as it is."""
    return path if os.path.exists(path) else os.path.expanduser(os.path.expandvars(path))


class Section(BaseModel):
    """Immutable, and refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        # Python takes True for 1, so `epochs: yes` would train for one epoch.
        found = value if isinstance(value, list | tuple) else [value]
        truth = any(isinstance(part, bool) for part in found)
        if truth and cls.model_fields[info.field_name].annotation is not bool:
            raise ValueError(f"got {value}, wanted another kind of value than true or false")
        return value

    def canonical_json(self) -> str:
        """One text for equal settings: what rules track and digests are made of."""
        return self.model_dump_json()

    def part(self, section: type[SectionType]) -> SectionType:
        """The settings that `section` names, for what needs no others."""
        return section(**{name: getattr(self, name) for name in section.model_fields})

    def part_json(self, *keys: str) -> str:
        """The canonical JSON of some keys: a stage that reads no others reruns for no others."""
        unknown = set(keys) - set(type(self).model_fields)
        assert not unknown, f"no such settings: {unknown}"
        return self.model_dump_json(include=set(keys))


class ConfigError(ValueError):
    """The configuration cannot be used; one line a problem: key, what was got, what was wanted."""


def parse_section(section: type[SectionType], canonical_json: str) -> SectionType:
    """The inverse of `Section.canonical_json`, with the same errors as `load_config`."""
    return validate(section, json.loads(canonical_json))


def validate(section: type[SectionType], values: dict[str, Any]) -> SectionType:
    """Check `values` against a section.

    Raises:
        ConfigError: with one line for every problem, `key: got …, wanted …`.
    """
    try:
        return section.model_validate(values)
    except ValidationError as error:
        problems = error.errors()
        inside = {problem["loc"][:end] for problem in problems for end in range(len(problem["loc"]))}
        # Of a list whose entries are all refused pydantic also says that it is too short.
        told = [p for p in problems if p["type"] != "too_short" or p["loc"] not in inside]
        lines = [line for problem in told for line in problem_lines(section, problem)]
        raise ConfigError("\n".join(lines)) from None
