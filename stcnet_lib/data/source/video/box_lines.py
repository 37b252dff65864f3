"""The lines of a box file as rows of numbers, in whatever spelling a tracker or a spreadsheet wrote them.

One separator holds for the whole file: commas, semicolons, tabs, bars or blanks, whichever reads most of its
first lines. With any other than commas a comma may be the decimal one. The file is UTF-8, or UTF-16. A first
line of words and lines that begin with a hash are passed over.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from stcnet_lib.data.source.layouts.base import DataError

COLUMNS = range(6, 11)
_SEPARATORS = (";", "|", "\t", ",", None)  # None: blanks
_SAMPLE = 50  # lines that decide the separator
_MARKS = (  # byte order marks, the longer first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMENTS = ("#", "%", "//")
_HEADS = (*_COMMENTS, '"', "'")
_FRAME_WORDS = ("frame", "frames", "frameid", "framenumber", "frameindex", "image", "imageid")
_ID_WORDS = ("id", "track", "trackid", "objectid", "targetid", "person", "pid")
_CORNER_WORDS = ("x2", "xmax", "right", "bbright", "bbx2", "brx", "x2pixel")


class Line(NamedTuple):
    """A line that is to be a box."""

    number: int  # from 1
    text: str
    values: list[float] | None  # None: not all of them are numbers
    fields: int


def box_lines(path: Path) -> Iterator[Line]:
    """All lines but empty ones, comments and a head.

    Raises:
        DataError: the head says that columns stand for something else than they are read as.
    """
    encoding = _encoding(path)
    with open(path, encoding=encoding, errors="replace") as file:
        separator = _separator(list(islice(_texts(file), _SAMPLE)))
        file.seek(0)
        first = True
        for number, text in _numbered(file):
            fields = _fields(text, separator)
            values = _numbers(fields, separator)
            if first and values is None and (text[0].isalpha() or text.startswith(_HEADS)):
                _check_head(path, text)
            elif not text.startswith(_COMMENTS):
                yield Line(number, text, values, len(fields))
            first = False


def _encoding(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(4096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if b"\0" in start:  # UTF-16 without its mark: digits leave every second byte empty
        return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
    return "utf-8-sig"


def _texts(lines: Iterator[str]) -> Iterator[str]:
    return (text for _, text in _numbered(lines))


def _numbered(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        text = line.strip().lstrip("\ufeff")
        if text:
            yield number, text


def _separator(texts: Sequence[str]) -> str | None:
    """The one that reads most lines as boxes; of equally good ones the first."""

    def read(separator: str | None) -> tuple[int, int]:
        """Lines that are boxes, and lines of several numbers."""
        fields = [_fields(text, separator) for text in texts]
        numeric = [len(f) for f in fields if len(f) > 1 and _numbers(f, separator) is not None]
        return sum(count in COLUMNS for count in numeric), len(numeric)

    best = max(_SEPARATORS, key=read)
    return best if read(best) > (0, 0) else ","


def _fields(text: str, separator: str | None) -> list[str]:
    return [field.strip(" \t\"'") for field in text.rstrip(f"{separator or ''} \t").split(separator)]


def _numbers(fields: Sequence[str], separator: str | None) -> list[float] | None:
    try:
        if separator == ",":
            return [float(field) for field in fields]
        return [float(field.replace(",", ".")) for field in fields]
    except ValueError:
        return None


def _check_head(path: Path, text: str) -> None:
    """A head that tells another order of columns."""
    words = [re.sub(r"[\W_]", "", word).lower() for word in re.split(r"[,;|\s]+", text.lstrip("#%/ "))]
    words = [word for word in words if word]
    wanted = "wanted frame, id, x, y, width, height, …"
    if len(words) > 1 and words[0] in _ID_WORDS and words[1] in _FRAME_WORDS:
        raise DataError(f"{path}: got the columns {text}, {wanted}: id and frame stand the other way round")
    if len(words) > 4 and words[4] in _CORNER_WORDS:
        raise DataError(f"{path}: got the columns {text}, {wanted}: these boxes are written by two corners")
