"""The table of the layout `manifest` (`manifest.py`), read and checked, in the spellings that tools write.

A CSV file may be parted by commas, semicolons, tabs or bars, and be UTF-8 or UTF-16 with its mark. Heads
are compared without blanks and case. Blanks around values do not count.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import os
import posixpath
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.labels import check_labels

LABELS = ["pid", "camera", "tracklet"]
WANTED = ["path", *LABELS, "frame"]
_SEPARATORS = (",", ";", "\t", "|")
# Heads by which other tools call these columns: for messages only, since they may mean something else.
_ALSO_CALLED = {
    "cam": "camera",
    "person": "pid",
    "id": "pid",
    "identity": "pid",
    "file": "path",
    "image": "path",
    "img": "path",
    "track": "tracklet",
}


def read_table(path: Path) -> pd.DataFrame:
    """The columns that count: labels, roles and paths as text, frames as whole numbers.

    Paths are relative to the table's folder; `attrs["paths_changed"]` tells whether some were not.

    Raises:
        DataError: a column is missing, a row lacks a value or leaves the root, or a label has two spellings.
    """
    try:
        table = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not UTF-8 (byte {error.start}), wanted UTF-8, or UTF-16 with a byte order mark"
        ) from None
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: cannot be read as a table ({error})") from None
    table = _with_known_heads(table, path)
    kept = [*WANTED, *(name for name in table if _is_role(name))]
    table = table[kept].apply(_text)
    empty = table.isna() | (table == "")
    if empty.any(axis=None):
        row = int(empty.any(axis=1).to_numpy().argmax())
        raise DataError(f"{path}: row {row + 1} lacks a value in one of {', '.join(kept)}")
    table = table.assign(frame=_whole_numbers(table["frame"], path))
    table = table.assign(**{name: table[name].str.casefold() for name in table if _is_role(name)})
    _check_labels(table, path)
    paths = _paths(table["path"], path)
    _check_once(paths, path)
    _check_root(paths, path)
    changed = bool((paths != table["path"]).any())
    table = table.assign(path=paths)
    table.attrs["paths_changed"] = changed
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    with open(path, "rb") as file:
        start = file.read(4)
    utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    with open(path, encoding=encoding, newline="") as file:
        head = file.readline()
    if "\0" in head:
        raise ValueError("it holds zero bytes: UTF-16 without a byte order mark? wanted UTF-8")
    # "NA" and "null" are labels like others; only an empty cell is none.
    table = pd.read_csv(
        path, sep=_separator(head), dtype=str, keep_default_na=False, na_values=[""], encoding=encoding
    )
    if not isinstance(table.index, pd.RangeIndex):  # what pandas makes of more values than heads
        raise ValueError(f"its rows have more values than the {len(table.columns)} columns of its first line")
    return table


def _separator(head: str) -> str:
    """What parts the first line such that one of its fields is `path`; commas if nothing does."""
    for separator in _SEPARATORS:
        fields = next(csv.reader([head], delimiter=separator), [])
        if "path" in map(_head, fields):
            return separator
    return _SEPARATORS[0]


def _read_parquet(path: Path) -> pd.DataFrame:
    names = pq.read_schema(path).names
    columns = [name for name in names if _head(name) in WANTED or _is_role(_head(name))]
    return pd.read_parquet(path, columns=columns or None)


def _head(name: str) -> str:
    return str(name).strip().lstrip("#").strip().casefold()


def _with_known_heads(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The same columns, called as we call them."""
    found = [str(name) for name in table]
    heads = list(map(_head, found))
    twice = [name for name in (*WANTED, "role", "split") if heads.count(name) > 1]
    if twice:
        raise DataError(f"{path}: got the column {twice[0]} twice, wanted it once")
    missing = [name for name in WANTED if name not in heads]
    if missing:
        guesses = {word: guess for word in heads if (guess := _meant(word)) in missing}
        hint = "".join(f"; did you mean '{guess}' by '{word}'?" for word, guess in guesses.items())
        raise DataError(
            f"{path}: got no column {', '.join(missing)} among {', '.join(found[:12])}; wanted "
            f"{', '.join(WANTED)} and role or split, parted by commas, semicolons, tabs or bars{hint}"
        )
    return table.set_axis(heads, axis=1)


def _meant(head: str) -> str | None:
    plain = re.sub(r"[ _-]*(id|path|name|number|no)$", "", head)
    close = difflib.get_close_matches(head, WANTED, n=1)
    return _ALSO_CALLED.get(head) or _ALSO_CALLED.get(plain) or (close[0] if close else None)


def _text(column: pd.Series) -> pd.Series:
    """Values without blanks around them; whole numbers without the `.0` that a gap in a column brings."""
    text = column.astype("string").str.strip()
    whole = text.str.fullmatch(r"-?\d+\.0+")
    # Frames may be such numbers in part; a label is either all numbers or none.
    return (text.str.replace(r"\.0+$", "", regex=True) if whole.all() else text).astype(object)


def _whole_numbers(frames: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(frames, errors="coerce")
    unfit = numbers.isna() | (numbers != np.floor(numbers)) | (numbers.abs() >= 2**31)
    if unfit.any():
        row = int(unfit.to_numpy().argmax())
        raise DataError(f"{path}: frame of row {row + 1} is {frames.iloc[row]!r}, wanted a whole number")
    return numbers.astype(np.int64)


def _check_labels(table: pd.DataFrame, path: Path) -> None:
    check_labels(table["pid"], "people", path)
    check_labels(table["camera"], "cameras", path)
    # "a" and "A" may be two tracklets of somebody; "01" and "1" hardly.
    together = table[LABELS].drop_duplicates().agg("/".join, axis=1)
    check_labels(together, "tracklets", path, fold=False)


def _paths(paths: pd.Series, path: Path) -> pd.Series:
    """Relative to the root, with forward slashes and without detours.

    Raises:
        DataError: one lies elsewhere.
    """
    roots = [os.path.abspath(path.parent), os.path.realpath(path.parent)]
    below = paths.map(lambda place: _below(place, roots))
    if below.isna().any():
        place = paths[below.isna()].iloc[0]
        raise DataError(f"{path}: got the path {place}, wanted paths below {path.parent}")
    return below


def _below(place: str, roots: list[str]) -> str | None:
    """The path from the root; none if it leads elsewhere."""
    # A backslash is a letter like others, unless no slash is there: then Windows wrote it.
    text = place.replace("\\", "/") if "/" not in place else place
    if text.startswith("//") or re.match(r"[A-Za-z]:/", text):
        return None
    if text.startswith("/"):
        text = posixpath.normpath(text)
        root = next((root for root in roots if text.startswith(f"{root}/")), None)
        if root is None:
            return None
        text = text[len(root) + 1 :]
    text = posixpath.normpath(text)
    return None if text.split("/")[0] in ("..", ".") else text


def _check_once(paths: pd.Series, path: Path) -> None:
    twice = paths[paths.duplicated()]
    if len(twice):
        count = int((paths == twice.iloc[0]).sum())
        raise DataError(f"{path}: got {twice.iloc[0]} in {count} rows, wanted one")


def _check_root(paths: pd.Series, path: Path) -> None:
    """Paths that lead on from the folder above are a habit of some tools, and not one of them would exist."""
    first = paths.iloc[0] if len(paths) else ""
    root = path.parent
    if first and not (root / first).exists() and (root.parent / first).is_file():
        raise DataError(
            f"{path}: got paths such as {first}, relative to {root.parent}; wanted them relative to {root}"
        )


def _is_role(column: str) -> bool:
    return column in ("role", "split") or re.fullmatch(r"role_\d+", column) is not None
