"""Files between stages say what they are: their format, its version, and the store that they were made of.

A file of another store has other frames, and nothing that is computed from it would look wrong. Each form has
one module that writes and reads it. HDF5 files say it in attributes, tables in what pandas writes beside the
columns, JSON under the same keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from stcnet_lib.common.files import read_json, replacing, write_json

_AGAIN = "delete it, and it is made again"


class FormError(ValueError):
    """A file of another form than it is read as, or made of other data; the message names it."""


class Form(NamedTuple):
    """What tells files of one kind from others."""

    format: str
    version: int

    def stamp(self, digest: str | None = None) -> dict[str, str | int]:
        """What a file says of itself; `digest` is that of the store it was made of, if it was made of one."""
        made_of = {} if digest is None else {"digest": digest}
        return {"format": self.format, "version": self.version, **made_of}

    def check(self, path: str | Path, said: Mapping[str, Any], digest: str | None = None) -> None:
        """That a file is of this form, by what it says, and made of the store with this digest, if given.

        Raises:
            FormError: it is not.
        """
        got = said.get("format", "none"), said.get("version", "none")
        if got != (self.format, self.version):
            raise FormError(
                f"{path}: got the format {got[0]}, version {got[1]}, wanted {self.format}, "
                f"version {self.version}: {_AGAIN}"
            )
        if digest is not None and said.get("digest") != digest:
            raise FormError(f"{path}: got a file of another data set, wanted one of this data set: {_AGAIN}")


def write_table(
    path: str | Path,
    table: pd.DataFrame,
    form: Form,
    digest: str | None = None,
    schema: pa.Schema | None = None,
    **said: Any,
) -> None:
    """Write a parquet table that says its form, and whatever else is to be said of it.

    Args:
        schema: of the columns; by default what pandas makes of them.
    """
    stamped = table.copy(deep=False)
    stamped.attrs = {**form.stamp(digest), **said}
    with replacing(path) as partial:
        stamped.to_parquet(partial, index=False, schema=schema)


def read_table(path: str | Path, form: Form, digest: str | None = None) -> pd.DataFrame:
    """A table that `write_table` wrote; `attrs` holds what it says of itself.

    Raises:
        FormError: it is of another form or store, or no table at all.
    """
    try:
        table = pd.read_parquet(path)
    except ValueError as error:
        raise FormError(f"{path}: not readable as a parquet table ({error}): {_AGAIN}") from None
    form.check(path, table.attrs, digest)
    return table


def write_record(path: str | Path, values: Mapping[str, Any], form: Form, digest: str | None = None) -> None:
    """Write JSON that says its form beside `values`."""
    write_json(path, {**values, **form.stamp(digest)})


def read_record(path: str | Path, form: Form, digest: str | None = None) -> dict[str, Any]:
    """What `write_record` wrote, without what the file says of itself.

    Raises:
        FormError: it is of another form or store, or no JSON object at all.
    """
    try:
        values = read_json(path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FormError(f"{path}: not readable as JSON ({error}): {_AGAIN}") from None
    form.check(path, values if isinstance(values, dict) else {}, digest)
    return {key: value for key, value in values.items() if key not in form.stamp("")}
