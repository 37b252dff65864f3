"""Pydantic's problems as one line each: key, what was got, what was wanted."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError


def problem_lines(section: type[BaseModel], problem: dict[str, Any]) -> list[str]:
    """Pydantic's account of one problem, as `key: got …, wanted …`."""
    keys, _ = _path(section, problem["loc"])
    key = ".".join(map(str, keys))
    kind, context, got = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "value_error":  # one of our own validators, which may report several problems
        lines = str(context["error"]).splitlines()
        if lines[0].startswith("got "):
            return [f"{key}: {lines[0]}"]
        return [f"{key}.{line}" if key else line for line in lines]
    if kind == "missing":
        return [f"{key}: got nothing, wanted a value"]
    if kind == "extra_forbidden":
        _, parent = _path(section, problem["loc"][:-1])
        known = set(parent.model_fields) if parent else set()
        return [f"{key}: unknown key, wanted {one_of(str(problem['loc'][-1]), known)}"]
    if kind in ("tuple_type", "list_type"):
        return [f"{key}: got {got!r}, wanted a list{_such_as(section, problem['loc'], got)}"]
    return [f"{key}: got {got!r}, wanted {_wanted(kind, context, problem['msg'])}"]


def _wanted(kind: str, context: dict[str, Any], message: str) -> str:
    comparisons = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("less than", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    if kind in comparisons:
        words, bound = comparisons[kind]
        return f"{words} {context[bound]}"
    if kind == "too_short":
        least = context["min_length"]
        return f"at least {least} {'entry' if least == 1 else 'entries'}"
    if kind in ("dict_type", "model_type"):
        return "keys with their values, each on a line below it"
    if kind == "literal_error":
        return f"one of {context['expected']}"
    return message.removeprefix("Input should be ").removeprefix("Input should have ")


def _such_as(section: type[BaseModel], location: tuple[Any, ...], got: Any) -> str:
    """What somebody who gave one value, or a text that was to be a list, probably meant, if that would do.

    Else the default: a pair is not mended by brackets around one number.
    """
    _, parent = _path(section, location[:-1])
    field = parent.model_fields.get(location[-1]) if parent else None
    if field is None:
        return ""
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", got) if isinstance(got, str) else []
    meant = [float(number) for number in numbers] or [got]
    adapter = TypeAdapter(field.annotation)
    for example in (meant, field.default):
        try:
            accepted = adapter.dump_python(adapter.validate_python(example))
        except ValidationError:
            continue
        if accepted:
            return f", such as {list(accepted)}"
    return ""


def _path(section: type[BaseModel], location: tuple[Any, ...]) -> tuple[list[Any], type[BaseModel] | None]:
    """The keys as a file has them, and the section behind the last one, if there is one.

    Of a setting that comes in several kinds pydantic's location also names the section of the kind.
    """
    keys: list[Any] = []
    sections = [section]
    for part in location:
        of_kind = [each for each in sections if each.__name__ == part]
        if of_kind:
            sections = of_kind
            continue
        keys.append(part)
        # A row of a tuple or an entry of a dict is no field: its type was found at its parent.
        annotation = next((s.model_fields[part].annotation for s in sections if part in s.model_fields), None)
        if annotation is not None:
            sections = list(_sections_in(annotation))
    return keys, sections[0] if sections else None


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)


def one_of(value: str, known: set[str]) -> str:
    """The known names, and the one that was probably meant."""
    close = difflib.get_close_matches(value, known, n=1)
    guess = f" (did you mean '{close[0]}'?)" if close else ""
    return "one of " + ", ".join(f"'{name}'" for name in sorted(known)) + guess
