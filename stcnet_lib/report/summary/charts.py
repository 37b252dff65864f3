"""Two drawings as inline SVG: mAP with intervals, and the CMC. Colours are classes of `look.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from stcnet_lib.report.summary.key_rows import KeyRow
from stcnet_lib.report.summary.markup import element, text

_WIDTH = 400  # units; the page scales them, so that letters of 13 stay readable on a phone
_ROW = 34
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 390, 12, 230  # the axes of the CMC


def swatch(kind: str) -> str:
    """The line of a kind, as it looks in the CMC."""
    line = f'<line x1="1" x2="27" y1="6" y2="6" class="line {kind}"/>'
    return f'<svg class="swatch" viewBox="0 0 28 12" aria-hidden="true">{line}</svg>'


def interval_chart(rows: Sequence[KeyRow]) -> str:
    """A dot with a bar a row: mAP and its interval in per cent, on a scale that holds all of them."""
    bounds = [_bounds(row) for row in rows]
    ticks = _ticks(min(low for low, _ in bounds), max(high for _, high in bounds))
    place = _scale(ticks[0], ticks[-1], 20, _WIDTH - 20)
    bottom = _ROW * len(rows) + 6
    parts = []
    for tick in ticks:
        parts.append(f'<line x1="{place(tick)}" x2="{place(tick)}" y1="0" y2="{bottom}" class="grid"/>')
        parts.append(_label(place(tick), bottom + 15, f"{tick:g}", "middle"))
    for number, (row, (low, high)) in enumerate(zip(rows, bounds, strict=True)):
        y = _ROW * number + 26
        value = 100 * row.row["mean"]["mAP"]
        parts.append(_label("4", y - 11, f"{row.label}: {value:.1f}", "start"))
        parts.append(f'<line x1="{place(low)}" x2="{place(high)}" y1="{y}" y2="{y}" class="bar {row.kind}"/>')
        parts.append(f'<circle cx="{place(value)}" cy="{y}" r="5" class="dot {row.kind}"/>')
    return _drawing(bottom + 22, "mAP with its interval, a row of the table each", parts)


def cmc_chart(curves: Mapping[str, np.ndarray]) -> str:
    """Share of queries (per cent) with a true match among the first k, k from 1 to the length of the curves.

    Args:
        curves: kind of test data -> shares from 0 to 1 (ranks,).
    """
    ranks = max(len(curve) for curve in curves.values())
    ticks = _ticks(100 * min(float(curve[0]) for curve in curves.values()), 100)
    across, up = _scale(1, max(ranks, 2), _LEFT, _RIGHT), _scale(ticks[0], ticks[-1], _BOTTOM, _TOP)
    parts = []
    for tick in ticks:
        parts.append(f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{up(tick)}" y2="{up(tick)}" class="grid"/>')
        parts.append(_label(_LEFT - 5, float(up(tick)) + 4, f"{tick:g}", "end"))
    for rank in [1, *range(5, ranks + 1, 5)]:
        parts.append(_label(across(rank), _BOTTOM + 17, str(rank), "middle"))
    parts.append(_label((_LEFT + _RIGHT) / 2, _BOTTOM + 34, "rank k", "middle"))
    for kind, curve in curves.items():
        path = " ".join(f"{across(rank)},{up(100 * share)}" for rank, share in enumerate(curve, 1))
        parts.append(f'<polyline points="{path}" class="line {kind}"/>')
    return _drawing(_BOTTOM + 40, "cumulative matching characteristic", parts)


def _drawing(height: float, title: str, parts: Sequence[str]) -> str:
    return element(
        "svg", *parts, viewBox=f"0 0 {_WIDTH} {height:g}", class_="chart", role="img", aria_label=title
    ).replace("aria_label", "aria-label", 1)


def _label(x: float | str, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y:g}" text-anchor="{anchor}">{text(words)}</text>'


def _bounds(row: KeyRow) -> tuple[float, float]:
    """Ends of the interval of the mAP in per cent; the value itself where there is none."""
    value = row.row["mean"]["mAP"]
    low, high = (value if bound is None else bound for bound in row.row["mAP_interval"])
    return 100 * low, 100 * high


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers that enclose both."""
    step = next((step for step in (1, 2, 5, 10, 20) if (high - low) / step <= 6), 20)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return [float(step * number) for number in range(first, last + 1)]


def _scale(low: float, high: float, start: float, end: float):
    """From values to places, as texts with one decimal."""
    return lambda value: f"{start + (value - low) / (high - low) * (end - start):.1f}"
