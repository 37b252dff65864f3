"""Folders with names that are almost those of a layout: what was probably meant, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from stcnet_lib.data.source.layouts.base import DataError, subfolders

# Words of other tools for the same thing.
_ALSO_CALLED = {"probe": "query", "probes": "query", "queries": "query", "distractors": "distractor"}
_MOST_NAMED = 6


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that another one was probably meant to be: another case, or a letter or two.

    >>> meant("Gallery", ["query", "gallery"]), meant("queue", ["query", "gallery"])
    ('gallery', 'query')
    """
    by_fold = {word.casefold(): word for word in known}
    folded = name.strip().casefold()
    also = by_fold.get(_ALSO_CALLED.get(folded, folded))
    close = difflib.get_close_matches(folded, by_fold, n=1)
    return also or (by_fold[close[0]] if close else None)


def no_folders(root: Path, wanted: Sequence[str], what: str) -> DataError:
    """The error of a root without any of the folders that its layout reads: what stands there instead.

    Args:
        wanted: of these one at least.
        what: how files lie below them.
    """
    found = subfolders(root)
    named = ", ".join(found[:_MOST_NAMED]) + (" and others" if len(found) > _MOST_NAMED else "")
    message = (
        f"{root}: got no folder {', '.join(wanted[:-1])} or {wanted[-1]}, but "
        f"{f'the folders {named}' if found else 'no folder at all'}; wanted {what} below it; "
        "see dataset.root in config.yaml"
    )
    guesses = {name: guess for name in found if (guess := meant(name, wanted)) is not None}
    inner = [name for name in found if any((root / name / word).is_dir() for word in wanted)]
    if guesses:
        message += "; did you mean " + ", ".join(f"'{guess}' by '{n}'" for n, guess in guesses.items()) + "?"
    elif inner:
        message += f"; did you mean {root / inner[0]}?"
    return DataError(message)
