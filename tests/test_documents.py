"""Links within the documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """The names that GitHub gives headings: small letters, no punctuation, hyphens for spaces."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", prose, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_link_is_dead(path):
    dead = []
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        there = target.exists() and (not anchor or anchor in anchors(target.read_text(encoding="utf-8")))
        dead += [] if there else [link]
    assert not dead


def test_anchors_are_as_github_makes_them():
    assert anchors("# Do 3-D convolutions, and `blocks`, help?\n\n```sh\n# no heading\n```\n## A b\n") == {
        "do-3-d-convolutions-and-blocks-help",
        "a-b",
    }
