"""Numbers as texts: what all tables, pages and lines write alike.

Shares (0 to 1) become per cent, differences of shares points; what is undefined is `NOTHING`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NOTHING = "–"  # where a value is undefined or means nothing


def decimal(value: float | None) -> str:
    """A measure from 0 to 1 as `0.944`."""
    return NOTHING if value is None else f"{value:.3f}"


def closed(interval: Mapping[str, float | None] | None) -> str:
    """A share of the gap from raw to clean data as `72 [50, 94]` per cent."""
    if interval is None:
        return NOTHING
    if interval["value"] is None:
        return "no gap"
    value, low, high = (interval[key] for key in ("value", "low", "high"))
    bounds = "[unbounded]" if low is None or high is None else f"[{_whole(low)}, {_whole(high)}]"
    return f"{_whole(value)} {bounds}"


def _whole(share: float) -> str:
    text = f"{100 * share:.0f}"
    return "0" if text == "-0" else text.replace("-", "−")


def span(spread: Mapping[str, float | None], *, signed: bool = False, digits: int = 1) -> str:
    """Least and most of several runs: `74.1 to 76.8`."""
    if spread["least"] is None:
        return NOTHING
    return f"{_number(spread['least'], signed, digits)} to {_number(spread['most'], signed, digits)}"


def span_with_deviation(spread: Mapping[str, float | None], *, signed: bool = False, digits: int = 1) -> str:
    """`74.1 to 76.8, sd 1.2`."""
    deviation = spread["deviation"]
    text = span(spread, signed=signed, digits=digits)
    return text if deviation is None else f"{text}, sd {_number(deviation, False, digits)}"


def _number(share: float, signed: bool, digits: int) -> str:
    if signed:
        return signed_points(share)
    return _whole(share) if digits == 0 else f"{100 * share:.{digits}f}"


def percent(value: float | None, interval: Sequence[float | None] | None = None) -> str:
    """A share as `62.0`, or `62.0 [57.0, 66.1]`."""
    if value is None:
        return NOTHING
    bounds = (
        "" if interval is None or None in interval else f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"
    )
    return f"{100 * value:.1f}{bounds}"


def points(difference: Mapping[str, float | None] | None) -> str:
    """A difference of shares as `+3.1 [+0.8, +5.4]`."""
    if difference is None or difference["value"] is None:
        return NOTHING
    low, high = difference["low"], difference["high"]
    bounds = "" if low is None or high is None else f" [{signed_points(low)}, {signed_points(high)}]"
    return signed_points(difference["value"]) + bounds


def points_and_half_width(difference: Mapping[str, float | None] | None) -> str:
    """A difference of shares as `+3.1 ±2.3`, the second half the width of its interval."""
    if difference is None or difference["value"] is None:
        return NOTHING
    low, high = difference["low"], difference["high"]
    half = "" if low is None or high is None else f" ±{50 * (high - low):.1f}"
    return signed_points(difference["value"]) + half


def signed_points(value: float) -> str:
    """A difference of shares as `+3.1`."""
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
