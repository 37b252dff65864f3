"""Pydantic's problems as one line each: key, what was got, what was wanted."""

from __future__ import annotations

import difflib
import re
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError


def problem_lines(section: type[BaseModel], problem: dict[str, Any]) -> list[str]:
    """Pydantic's account of one problem, as `key: got …, wanted …`."""
    key = ".".join(str(part) for part in problem["loc"])
    kind, context, got = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "value_error":  # one of our own validators, which may report several problems
        lines = str(context["error"]).splitlines()
        if lines[0].startswith("got "):
            return [f"{key}: {lines[0]}"]
        return [f"{key}.{line}" if key else line for line in lines]
    if kind == "missing":
        return [f"{key}: got nothing, wanted a value"]
    if kind == "extra_forbidden":
        parent = _section_at(section, problem["loc"][:-1])
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
    parent = _section_at(section, location[:-1])
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


def _section_at(section: type[BaseModel], location: tuple[Any, ...]) -> type[BaseModel] | None:
    """The section that holds a key, found along the path of its parents."""
    for part in location:
        if isinstance(part, int) or part not in section.model_fields:
            continue  # a row of a tuple or an entry of a dict: the type was found at its parent
        found = _section_in(section.model_fields[part].annotation)
        if found is None:
            return None
        section = found
    return section


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((s for a in get_args(annotation) if (s := _section_in(a))), None)


def one_of(value: str, known: set[str]) -> str:
    """The known names, and the one that was probably meant."""
    close = difflib.get_close_matches(value, known, n=1)
    guess = f" (did you mean '{close[0]}'?)" if close else ""
    return "one of " + ", ".join(f"'{name}'" for name in sorted(known)) + guess
