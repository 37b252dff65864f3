"""Files that are neither images nor videos: harmless ones, and such as may be pictures of an unknown kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from stcnet_lib.data.source.layouts.base import Finding

_HARMLESS = frozenset(
    f".{ending}"
    for text in (
        "txt md rst pdf doc docx xls xlsx htm html url tex log",
        "csv tsv json xml yaml yml ini cfg db mat pkl parquet",
        "py m c h sh",
    )
    for ending in text.split()
)
_NAMELESS = frozenset({"copying", "licence", "license", "makefile", "notice", "readme"})


def other_files(paths: Iterable[str], opened_by: str) -> Iterator[Finding]:
    """One finding an ending: how many there are, and the first.

    Args:
        paths: in order, of files that nobody reads.
        opened_by: what could not open them.
    """
    by_ending: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_ending[PurePosixPath(path).suffix.lower()].append(path)
    for ending, found in sorted(by_ending.items()):
        first = PurePosixPath(found[0]).name.lower()
        count = f"{len(found)} file{'s' if len(found) > 1 else ''} {ending or 'without an ending'}"
        if ending in _HARMLESS or (not ending and first in _NAMELESS):
            yield Finding("other_file", found[0], f"{count}: not read")
        else:
            yield Finding("passed_over", found[0], f"{count}: nothing that {opened_by} opens, not read")
