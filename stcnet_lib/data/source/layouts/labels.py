"""Labels of people and cameras: two spellings of one name would silently be two people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from stcnet_lib.data.source.layouts.base import DataError


def label_key(label: str, fold: bool = True) -> str:
    """Equal for spellings of one label: leading zeros, `.0`, blanks and composed letters do not count.

    Args:
        fold: nor does the case of letters.

    >>> label_key(" 0001"), label_key("1.0"), label_key("Cam02")
    ('1', '1', 'cam2')
    """
    text = " ".join(unicodedata.normalize("NFKC", label).split())
    text = re.sub(r"^(-?\d+)\.0+$", r"\1", text)
    text = re.sub(r"\d+", lambda digits: str(int(digits[0])), text)
    return text.casefold() if fold else text


def check_labels(labels: Iterable[str], what: str, where: Path, fold: bool = True) -> None:
    """Every label must have one spelling.

    Args:
        what: they are, as a message calls them.
        where: they stand.

    Raises:
        DataError: naming two spellings.
    """
    first: dict[str, str] = {}
    for label in sorted(set(labels)):
        other = first.setdefault(label_key(label, fold), label)
        if other != label:
            raise DataError(
                f"{where}: got the {what} {other!r} and {label!r}, wanted one spelling of each: they would "
                f"count as two"
            )
