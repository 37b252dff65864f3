"""Box files in the format of MOTChallenge: what a tracker found, one box a line.

    frame, id, x, y, width, height [, confidence [, class [, visibility]]]     6 to 9 columns
    frame, id, x, y, width, height, confidence, x3d, y3d, z3d                  10: MOTChallenge
    frame, id, x, y, width, height, score, class, truncation, occlusion        10: VisDrone
    frame, id, x, y, width, height, confidence, class, -1, -1                  10: BoxMOT

Which of the three a file of ten columns is follows from its values. x and y are the upper left corner in
pixels. Id -1 is a detection that no tracker has followed, -1 elsewhere means unknown, and a confidence of 0
marks boxes that the benchmark ignores. How lines may be spelled is told in `box_lines.py`.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.data.source.layouts.base import DataError, Finding
from stcnet_lib.data.source.video.box_lines import COLUMNS, Line, box_lines

_LARGEST = 2**31  # frame numbers and ids are stored in 32 bits
_UNKNOWN = -1.0
_VISDRONE_CLASSES, _VISDRONE_HIDDEN = 11, 2  # largest values
_WITHIN_ONE = 0.9  # share of normalised boxes from which a file counts as such

Found = Callable[[Finding], None]


class BoxRules(NamedTuple):
    """Which boxes count."""

    least_confidence: float
    least_visibility: float
    classes: tuple[int, ...]  # empty: all


class BoxTable(NamedTuple):
    """What a box file holds."""

    boxes: pd.DataFrame  # that count: frame, track, left, top, width, height; by frame and track, each once
    frames: np.ndarray  # int64, sorted: of all rows, those that do not count too
    rows: int


def read_boxes(path: Path, rules: BoxRules, found: Found) -> pd.DataFrame:
    """The boxes that count, see `read_table`."""
    return read_table(path, rules, found).boxes


def read_table(path: Path, rules: BoxRules, found: Found) -> BoxTable:
    """Read a file and leave out what does not count.

    Args:
        found: is told of every line that is no box, of boxes that occur twice, of those without a track, and
            of what was left out by which setting.

    Raises:
        DataError: the boxes are normalised or their columns in another order, or a filter is set that
            nothing in the file can be held against.
    """
    table = _rows(path, found)
    frames = np.unique(table["frame"].to_numpy(np.int64))
    _check_pixels(path, table)
    format_of_ten = _add_columns(table)
    if format_of_ten is None:
        _check_commas(path, table)
    _check_filters(path, table, rules)
    if format_of_ten and rules.classes:
        reason = f"ten columns read as those of {format_of_ten}, whose eighth is the class"
        found(Finding("box_columns", path.name, reason))
    counted = _left_out(path, table, rules, found)
    counted = _tracks_of_classes(path, counted, found)
    repeated = counted.duplicated(["frame", "track"])
    if repeated.any():
        first = counted[repeated].iloc[0]
        reason = (
            f"{int(repeated.sum())} boxes have the frame and id of another, the first of which is kept; "
            f"for example frame {int(first['frame'])}, id {int(first['track'])}"
        )
        found(Finding("repeated_box", path.name, reason))
    names = ["frame", "track", "left", "top", "width", "height"]
    return BoxTable(counted[~repeated][names].reset_index(drop=True), frames, len(table))


def has_ids(path: Path) -> bool:
    """Whether a tracker has followed any of its boxes; files of detections have -1 for all."""
    return any(
        line.values is not None and len(line.values) > 1 and line.values[1] >= 0 for line in box_lines(path)
    )


def _rows(path: Path, found: Found) -> pd.DataFrame:
    """Every box of the file: frame, track, left, top, width, height, `c6` to `c9`, and `columns`."""
    whole, real = [array("q") for _ in range(3)], [array("d") for _ in range(8)]
    line = None
    for line in box_lines(path):
        problem = _problem(line)
        if problem is not None:
            found(Finding("odd_row", f"{path.name}:{line.number}", problem))
            continue
        values = line.values + [_UNKNOWN] * (COLUMNS[-1] - line.fields)
        for column, value in zip(whole, (values[0], values[1], line.fields), strict=True):
            column.append(int(value))
        for column, value in zip(real, values[2:], strict=True):
            column.append(value)
    if line is None:
        found(Finding("nothing_left", path.name, "holds no line but comments, wanted boxes"))
    names = ["frame", "track", "columns", "left", "top", "width", "height", "c6", "c7", "c8", "c9"]
    return pd.DataFrame({name: np.array(column) for name, column in zip(names, [*whole, *real], strict=True)})


def _problem(line: Line) -> str | None:
    """What keeps a line from being a box."""
    shown = line.text[:60]
    if line.fields not in COLUMNS:
        hint = ""
        if line.fields == 5 and line.values is not None and max(map(abs, line.values[1:])) <= 1:
            hint = "; is it YOLO's text of one image: class, x, y, width, height as shares?"
        return (
            f"got {line.fields} columns in '{shown}', wanted 6 to 10: frame, id, x, y, width, height, …{hint}"
        )
    if line.values is None:
        return f"got '{shown}', wanted numbers"
    frame, track, *box = line.values[:6]
    if not all(map(math.isfinite, line.values)) or max(map(abs, line.values[:6])) >= _LARGEST:
        return f"got '{shown}', wanted finite numbers below 2^31"
    if frame != int(frame) or frame < 0 or track != int(track):
        return f"got frame {frame:g} and id {track:g}, wanted whole numbers, frames from 0 or 1"
    if box[2] <= 0 or box[3] <= 0:
        return f"got a box of {box[2]:g}×{box[3]:g} pixels"
    return None


def _check_pixels(path: Path, table: pd.DataFrame) -> None:
    """Boxes as shares of the picture: cut in pixels, every one of them would be empty."""
    box = table[["left", "top", "width", "height"]].to_numpy()
    inside = (np.abs(box) <= 1).all(axis=1)
    if len(box) and inside.mean() >= _WITHIN_ONE:
        raise DataError(
            f"{path}: {int(inside.sum())} of {len(box)} boxes lie within 0…1, as normalised ones do (YOLO), "
            "wanted x, y, width, height in pixels"
        )


def _check_commas(path: Path, table: pd.DataFrame) -> None:
    """Decimal commas between commas: x = 100,5 and y = 60,75 are four of ten columns then."""
    ten = table[table["columns"] == COLUMNS[-1]]
    values = ten[["left", "top", "width", "height", "c6", "c7", "c8", "c9"]].to_numpy()
    parts = values[:, 5:]
    if len(ten) and (values == np.floor(values)).all() and (values[:, 4] > 1).all() and (parts >= 0).all():
        raise DataError(
            f"{path}: got ten columns of whole numbers, {values[0, 4]:g} as the confidence; if these are "
            "decimal commas, wanted another separator than commas"
        )


def _add_columns(table: pd.DataFrame) -> str | None:
    """Add confidence, category and visibility, -1 where they are unknown; name the format of ten columns."""
    columns = table["columns"].to_numpy()
    ten = columns == COLUMNS[-1]
    name = _format_of_ten(table[["c7", "c8", "c9"]].to_numpy()[ten])
    has_class = np.isin(columns, (8, 9)) | (ten & (name is not None))
    table["confidence"] = table["c6"]
    table["category"] = np.where(has_class, table["c7"], _UNKNOWN)
    table["visibility"] = np.where(columns == 9, table["c8"], _UNKNOWN)
    return name


def _format_of_ten(last: np.ndarray) -> str | None:
    """Which format with a class the last three of ten columns (n, 3) are of; None if of none."""
    category, second, third = last.T
    if not len(last) or (category != np.floor(category)).any() or not (category > 0).any():
        # A class of 0 everywhere looks like a place in space; BoxMOT's has -1 beside it.
        zeros = len(last) > 0 and (category == 0).all() and (second == -1).all() and (third == -1).all()
        return "BoxMOT" if zeros else None
    if (second == -1).all() and (third == -1).all() and (category >= _UNKNOWN).all():
        return "BoxMOT"
    hidden = np.isin(last[:, 1:], range(_VISDRONE_HIDDEN + 1)).all()
    return "VisDrone" if hidden and ((category >= 0) & (category <= _VISDRONE_CLASSES)).all() else None


def _check_filters(path: Path, table: pd.DataFrame, rules: BoxRules) -> None:
    """A filter that nothing can be held against would keep everything without a word."""
    filters = {
        "classes": (list(rules.classes), bool(rules.classes), "category", "class"),
        "least_visibility": (rules.least_visibility, rules.least_visibility > 0, "visibility", "visibility"),
        "least_confidence": (rules.least_confidence, rules.least_confidence > 0, "confidence", "confidence"),
    }
    for key, (value, is_set, column, word) in filters.items():
        if is_set and len(table) and (table[column] < 0).all():
            columns = " and ".join(map(str, sorted(set(table["columns"]))))
            raise DataError(
                f"{path}: got {columns} columns without a known {word}, while dataset.video.{key} is "
                f"{value}, wanted a file that has it (7 columns: confidence; 8: class; 9: visibility), or "
                "the setting removed"
            )


def _left_out(path: Path, table: pd.DataFrame, rules: BoxRules, found: Found) -> pd.DataFrame:
    """The rows that count, by frame and track; how many do not, and by which setting."""
    kept = np.ones(len(table), dtype=bool)
    why = []
    for setting, passed in _passed(table, rules).items():
        dropped = int((kept & ~passed).sum())
        kept &= passed
        if dropped:
            why.append(f"{dropped} by a {setting}")
    if why:
        reason = f"{int((~kept).sum())} of {len(table)} boxes are left out: {'; '.join(why)}"
        found(Finding("left_out", path.name, reason))
    tracked = (table["track"] >= 0).to_numpy()
    untracked = int((kept & ~tracked).sum())
    if untracked:
        found(Finding("no_track", path.name, f"{untracked} boxes have a negative id: detections, no tracks"))
        why.append(f"{untracked} for a negative id")
    kept &= tracked
    if len(table) and not kept.any():
        found(Finding("nothing_left", path.name, f"none of {len(table)} boxes is left: {'; '.join(why)}"))
    return table[kept].sort_values(["frame", "track"], kind="stable")


def _passed(table: pd.DataFrame, rules: BoxRules) -> dict[str, np.ndarray]:
    """Which rows (n,) pass each setting; what is unknown passes."""
    confidence, visibility, category = (
        table[name].to_numpy() for name in ("confidence", "visibility", "category")
    )
    least, classes = rules.least_confidence, list(rules.classes)
    all_kept = " (-1 keeps all)" if least >= 0 else ""
    return {
        f"confidence not above dataset.video.least_confidence, {least:g}{all_kept}": (confidence < 0)
        | (confidence > least),
        f"visibility below dataset.video.least_visibility, {rules.least_visibility:g}": (visibility < 0)
        | (visibility >= rules.least_visibility),
        f"class not among dataset.video.classes, {classes}": (category < 0)
        | np.isin(category, classes)
        | (not classes),
    }


def _tracks_of_classes(path: Path, table: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Ids that several classes share (trackers that count within each class): class and id are the track."""
    classes = table[table["category"] >= 0].groupby("track")["category"].nunique()
    shared = int((classes > 1).sum())
    if not shared:
        return table
    base = 10 ** len(str(int(table["track"].max())))
    category = table["category"].to_numpy(np.int64) + 1  # an unknown one is -1
    if category.max() * base + base >= _LARGEST:
        raise DataError(
            f"{path}: got ids up to {int(table['track'].max())} for several classes, wanted smaller ones"
        )
    example = int(classes[classes > 1].index[0])
    reason = (
        f"{shared} ids occur with several classes, for example {example}: class and id together are the "
        f"track, numbered (class + 1) · {base} + id"
    )
    found(Finding("ids_of_classes", path.name, reason))
    return table.assign(track=category * base + table["track"]).sort_values(["frame", "track"], kind="stable")


def split_tracks(frames: np.ndarray, longest_gap: int) -> list[slice]:
    """The parts of a track between gaps that are too long.

    Args:
        frames: int (T,), rising.
        longest_gap: frames that may be missing within a part.
    """
    cuts = np.flatnonzero(np.diff(frames) - 1 > longest_gap) + 1
    edges = [0, *cuts.tolist(), len(frames)]
    return [slice(a, b) for a, b in pairwise(edges)]
