"""The comparison as one HTML page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from stcnet_lib.common.files import replacing
from stcnet_lib.report.figures import style
from stcnet_lib.report.tables.conclusions import across_text, conclusion, frozen_text, localisation_parts
from stcnet_lib.report.tables.protocols import protocol_lines, protocol_table, protocol_title
from stcnet_lib.report.tables.skills import skill_lines
from stcnet_lib.report.tables.tables import (
    Comparison,
    Table,
    across_table,
    control_table,
    frozen_table,
    heading,
    read_comparison,
    repeated,
    result_table,
    run_table,
    spread_table,
    strata_table,
    strata_title,
)

_STYLE = f"""
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }}
body {{ margin: 2rem auto; max-width: 104rem; padding: 0 1rem; }}
h1 {{ font-size: 1.25rem; margin: 0; }}
h2 {{ font-size: 1rem; margin: 1.8rem 0 .4rem; }}
p.conclusion {{ border-left: 4px solid {style.BLUE}; padding: .2rem .8rem; margin: 1rem 0; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }}
th, td {{ padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid #8883; }}
th {{ font-weight: 600; border-bottom: 2px solid #8888; vertical-align: bottom; white-space: normal; }}
.name {{ text-align: left; }}
tr.raw td {{ background: #8881; }}
svg {{ display: block; }}
ul {{ padding-left: 1.2rem; margin: .3rem 0; }}
.provenance, .note {{ color: {style.GREY}; font-size: .8rem; }}
"""
_PLOT_WIDTH, _PLOT_HEIGHT = 160, 16  # pixels


def draw_table(comparison: str | Path, figure: str | Path, *, note: str = "") -> None:
    """Read a `comparison.json` and write the page."""
    if Path(figure).suffix != ".html":
        raise ValueError(f"--figure: got '{figure}', wanted a name that ends in .html")
    page = table_page(
        read_comparison(comparison), provenance=style.provenance(style.file_marks(comparison), note)
    )
    with replacing(figure) as partial:
        partial.write_text(page, encoding="utf-8")


def table_page(comparison: Comparison, *, provenance: str) -> str:
    """The page as a text."""
    title, _, details = heading(comparison).partition(": ")
    body = [f"<h1>{escape(title)}</h1>", f'<p class="note">{escape(details)}</p>']
    if line := conclusion(comparison):
        body.append(f'<p class="conclusion">{escape(line)}</p>')
    body.append(_results(comparison))
    if table := control_table(comparison):
        body += ["<h2>Restored against controls, paired</h2>", _table(table, [False] * len(table.rows))]
    if table := frozen_table(comparison):
        body += ["<h2>Frozen rows</h2>", f'<p class="note">{escape(frozen_text(comparison))}</p>']
        body.append(_table(table, _raw_rows(table)))
    if table := across_table(comparison):
        body += ["<h2>Over networks</h2>", f'<p class="note">{escape(across_text())}</p>']
        body.append(_table(table, [False] * len(table.rows)))
    if lines := comparison.get("controls_left_out"):
        body += _list("No controls", lines)
    if lines := skill_lines(comparison.get("restoration")):
        body += _list("STCnet's skill", lines)
    if table := protocol_table(comparison):
        body += _list(protocol_title(comparison), protocol_lines(comparison))
        body.append(_table(table, _raw_rows(table)))
    for name, table in (
        ("Least to most of the runs, and their standard deviation", spread_table(comparison)),
        (strata_title(comparison), strata_table(comparison)),
    ):
        if table:
            body += [f"<h2>{escape(name)}</h2>", _table(table, _raw_rows(table))]
    for name, lines in localisation_parts(comparison):
        body += _list(name, lines)
    if table := run_table(comparison):
        body += [
            "<details><summary>Every run, with intervals over people alone</summary>",
            _table(table, _raw_rows(table)),
            "</details>",
        ]
    body.append(f'<p class="provenance">{escape(provenance)}</p>')
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _results(comparison: Comparison) -> str:
    rows = comparison.get("means") or []
    if not rows:
        return '<p class="note">No variants are configured.</p>'
    table = result_table(comparison)
    lows, highs = zip(*(_bounds(row) for row in rows), strict=True)
    scale = (min(lows), max(highs))
    plots = [_interval_plot(row, scale) for row in rows]
    means = "Values are means over splits and seeds. " if repeated(comparison) else ""
    legend = (
        f'<p class="note">{means}Bars: mAP with its interval, '
        f"from {100 * scale[0]:.0f} to {100 * scale[1]:.0f} per cent. Against raw: points of difference "
        "to the same network trained and tested on raw data (grey rows). Gap closed: how much of the way "
        "from that to the same network trained and tested on clean data, per cent.</p>"
    )
    return _table(table, _raw_rows(table), ("mAP", plots)) + legend


def _raw_rows(table: Table) -> list[bool]:
    """Which rows were trained and tested on raw data."""
    train, test = table.head.index("train"), table.head.index("test")
    return [row[train] == row[test] == "raw" for row in table.rows]


def _bounds(row: Mapping[str, Any]) -> tuple[float, float]:
    """Ends of the mAP's interval; the value itself where there is none."""
    (low, high), value = row["mAP_interval"], row["mean"]["mAP"]
    return (value if low is None else low), (value if high is None else high)


def _interval_plot(row: Mapping[str, Any], scale: tuple[float, float]) -> str:
    """A dot with whiskers as inline SVG."""
    span = max(scale[1] - scale[0], 1e-9)
    margin = 5

    def place(value: float) -> str:
        return f"{margin + (value - scale[0]) / span * (_PLOT_WIDTH - 2 * margin):.1f}"

    low, high = _bounds(row)
    middle = _PLOT_HEIGHT // 2
    return (
        f'<svg width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}" aria-hidden="true">'
        f'<line x1="{place(low)}" x2="{place(high)}" y1="{middle}" y2="{middle}" stroke="{style.SKY}" '
        f'stroke-width="4" stroke-linecap="round"/>'
        f'<circle cx="{place(row["mean"]["mAP"])}" cy="{middle}" r="4" fill="{style.BLUE}"/></svg>'
    )


def _table(table: Table, marks: Sequence[bool], plots: tuple[str, list[str]] | None = None) -> str:
    """A table; `plots` is a column of SVG after the names, with its heading."""
    lines = ['<div class="scroll"><table>', "<thead><tr>"]
    head = [_cell("th", text, i < table.names) for i, text in enumerate(table.head)]
    if plots:
        head.insert(table.names, f'<th class="name" scope="col">{escape(plots[0])}</th>')
    lines += [*head, "</tr></thead>", "<tbody>"]
    for number, texts in enumerate(table.rows):
        cells = [_cell("td", text, i < table.names) for i, text in enumerate(texts)]
        if plots:
            cells.insert(table.names, f"<td>{plots[1][number]}</td>")
        mark = ' class="raw"' if number < len(marks) and marks[number] else ""
        lines.append(f"<tr{mark}>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody></table></div>"])


def _cell(tag: str, text: str, name: bool) -> str:
    attributes = (' class="name"' if name else "") + (' scope="col"' if tag == "th" else "")
    return f"<{tag}{attributes}>{escape(text)}</{tag}>"


def _list(title: str, lines: Sequence[str]) -> list[str]:
    """A heading with a list, or nothing."""
    if not lines:
        return []
    return [
        f"<h2>{escape(title)}</h2>",
        "<ul>",
        *(f"<li>{escape(line)}</li>" for line in lines),
        "</ul>",
    ]
