"""Pieces of HTML. Words are escaped; what is named content, picture or swatch is HTML already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from stcnet_lib.report.tables.tables import Table

_BRACKETS = re.compile(r"(.*?\S) ([\[(].*[\])])")  # `82.7 [78.9, 86.5]`, `1.2 → 1.4 (+0.2)`


def text(words: str) -> str:
    """A text as HTML in which nothing is markup."""
    return escape(words, quote=True)


def element(tag: str, *content: str, **attributes: str) -> str:
    """An element around ready-made HTML.

    Args:
        attributes: `class_` is the class; values are escaped.
    """
    pairs = "".join(f' {name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{pairs}>{''.join(content)}</{tag}>"


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph of plain words; `kind` is its class."""
    return element("p", text(words), **({"class_": kind} if kind else {}))


def bullets(lines: Sequence[str]) -> str:
    """A list of plain words, or nothing."""
    return element("ul", *(element("li", text(line)) for line in lines)) if lines else ""


def section(title: str, *content: str) -> str:
    """A part of the page under a heading."""
    return element("section", element("h2", text(title)), "\n", *content) + "\n"


def folded(title: str, *content: str) -> str:
    """What opens when it is asked for."""
    return element("details", element("summary", text(title)), *content)


def figure(picture: str, caption: str) -> str:
    """A picture with the words that say how to read it."""
    return element("figure", picture, element("figcaption", text(caption)))


def table(shown: Table, caption: str, swatches: Sequence[str] = (), kind: str = "") -> str:
    """A table with its caption below; what stands in brackets goes under what it follows.

    Args:
        swatches: HTML before the first cell of each row, such as the colour that it has in figures.
        kind: a class; rows of `key` have their name above the numbers where the page is narrow.
    """
    head = [_cell("th", words, number < shown.names, scope="col") for number, words in enumerate(shown.head)]
    body = []
    for number, words in enumerate(shown.rows):
        cells = [_cell("td", word, i < shown.names) for i, word in enumerate(words)]
        if swatches:
            cells[0] = cells[0].replace(">", f">{swatches[number]}", 1)
        body.append(element("tr", *cells) + "\n")
    drawn = element(
        "table",
        element("thead", element("tr", *head)),
        "\n",
        element("tbody", *body),
        **({"class_": kind} if kind else {}),
    )
    return figure(element("div", drawn, class_="scroll"), caption)


def _cell(tag: str, words: str, is_name: bool, **attributes: str) -> str:
    if is_name:
        attributes["class_"] = "name"
    found = _BRACKETS.fullmatch(words)
    if is_name or found is None:
        return element(tag, text(words), **attributes)
    return element(tag, text(found[1]), " ", element("span", text(found[2]), class_="interval"), **attributes)
