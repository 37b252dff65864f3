"""The page as a whole: `summary_page` writes it as HTML, `framed` as a part of Snakemake's report."""

from __future__ import annotations

from html import escape

from stcnet_lib.report.summary import markup, sections
from stcnet_lib.report.summary.answer import answer, details
from stcnet_lib.report.summary.found import Found
from stcnet_lib.report.summary.key_rows import key_rows
from stcnet_lib.report.summary.look import STYLE
from stcnet_lib.report.tables.tables import heading


def summary_page(found: Found) -> str:
    """The page as HTML that asks for no other file, and runs no script."""
    rows = key_rows(found.comparison)
    title, _, protocol = heading(found.comparison).partition(": ")
    body = [
        markup.element("h1", markup.text(title)),
        markup.paragraph(answer(found.comparison, rows), "answer"),
        *(markup.paragraph(line) for line in details(found.comparison, rows)),
        sections.strips(found),
        sections.results(found, rows, protocol),
        sections.hidden(found, rows),
        sections.finding(found),
        sections.published(found),
        sections.settings(found),
        sections.provenance(found),
        sections.times(found),
        sections.rights(found),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{markup.text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def framed(page: str) -> str:
    """The page inside a frame, as a piece of HTML: a report keeps its own style, and the page its own."""
    return f'<iframe class="summary" title="Summary" srcdoc="{escape(page)}"></iframe>\n'
