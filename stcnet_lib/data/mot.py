"""Box files in the format of MOTChallenge: what a tracker found, one box a line.

    frame, id, x, y, width, height [, confidence [, class [, visibility]]]   6 to 9 columns
    frame, id, x, y, width, height, confidence, x3d, y3d, z3d                10 columns, the last three unused

Frames count from 1; x and y are the upper left corner in pixels. Values may be parted by commas or blanks, a
first line of words is passed over. Id -1 is a detection that no tracker has followed, -1 elsewhere means
unknown, and a confidence of 0 marks boxes that the benchmark ignores.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.data.layouts.base import Finding

_COLUMNS = range(6, 11)
_LARGEST = 2**31  # frame numbers and ids are stored in 32 bits


class BoxRules(NamedTuple):
    """Which boxes count."""

    least_confidence: float
    least_visibility: float
    classes: tuple[int, ...]  # empty: all


class _Row(NamedTuple):
    frame: int
    track: int
    left: float
    top: float
    width: float
    height: float
    confidence: float = -1.0
    category: float = -1.0
    visibility: float = -1.0


def read_boxes(path: Path, rules: BoxRules, found: Callable[[Finding], None]) -> pd.DataFrame:
    """The boxes that count: frame, track, left, top, width, height; by frame and track, each pair once.

    Args:
        found: is told of every line that is no box, of boxes that occur twice and of those without a track.
    """
    columns = (*(array("q") for _ in range(2)), *(array("d") for _ in range(4)))
    for row in _rows(path, found):
        if _counts(row, rules):
            for column, value in zip(columns, row, strict=False):
                column.append(value)
    names = ("frame", "track", "left", "top", "width", "height")
    table = pd.DataFrame({name: np.array(column) for name, column in zip(names, columns, strict=True)})
    untracked = int((table["track"] < 0).sum())
    if untracked:
        found(Finding("no_track", path.name, f"{untracked} boxes have a negative id: detections, no tracks"))
    table = table[table["track"] >= 0].sort_values(["frame", "track"], kind="stable")
    repeated = table.duplicated(["frame", "track"])
    if repeated.any():
        first = table[repeated].iloc[0]
        found(
            Finding(
                "repeated_box",
                path.name,
                f"{int(repeated.sum())} boxes have the frame and id of another, the first of which is kept; "
                f"for example frame {int(first['frame'])}, id {int(first['track'])}",
            )
        )
    return table[~repeated].reset_index(drop=True)


def _rows(path: Path, found: Callable[[Finding], None]) -> Iterator[_Row]:
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text = line.strip().lstrip("\ufeff")
            if not text or (number == 1 and text[0].isalpha()):
                continue
            row = _row(text)
            if isinstance(row, str):
                found(Finding("odd_row", f"{path.name}:{number}", row))
            else:
                yield row


def _row(text: str) -> _Row | str:
    """A box, or what is wrong with the line."""
    fields = re.split(r"\s*[,;]\s*|\s+", text.rstrip(",; "))
    if len(fields) not in _COLUMNS:
        return f"got {len(fields)} columns, wanted 6 to 10: frame, id, x, y, width, height, …"
    try:
        values = [float(field) for field in fields]
    except ValueError:
        return f"got '{text[:60]}', wanted numbers"
    frame, track, *box = values[:6]
    if not all(map(math.isfinite, values)) or max(map(abs, values[:6])) >= _LARGEST:
        return f"got '{text[:60]}', wanted finite numbers below 2^31"
    if frame != int(frame) or frame < 1 or track != int(track):
        return f"got frame {fields[0]} and id {fields[1]}, wanted whole numbers, frames from 1"
    if box[2] <= 0 or box[3] <= 0:
        return f"got a box of {fields[4]}×{fields[5]} pixels"
    # With ten columns those behind the confidence are a place in space.
    return _Row(int(frame), int(track), *values[2 : 7 if len(values) == 10 else 9])


def _counts(row: _Row, rules: BoxRules) -> bool:
    return (
        (row.confidence < 0 or row.confidence > rules.least_confidence)
        and (row.visibility < 0 or row.visibility >= rules.least_visibility)
        and (not rules.classes or row.category < 0 or row.category in rules.classes)
    )


def split_tracks(frames: np.ndarray, longest_gap: int) -> list[slice]:
    """The parts of a track between gaps that are too long.

    Args:
        frames: int (T,), rising.
        longest_gap: frames that may be missing within a part.
    """
    cuts = np.flatnonzero(np.diff(frames) - 1 > longest_gap) + 1
    edges = [0, *cuts.tolist(), len(frames)]
    return [slice(a, b) for a, b in pairwise(edges)]
