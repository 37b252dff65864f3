"""Strips of tracklets before and after the completion, with the clean twin below where it is known."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stcnet_lib.completion.record import read_replaced
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.strip_choice import Choice, band_rows
from stcnet_lib.report.figures.strip_frames import Strip, StripPool

_WIDTH = 4.7  # inches of one strip


def draw_strips(
    store: str | Path,
    completed: str | Path,
    regions: str | Path,
    figures: Mapping[Choice, str | Path],
    seed: int,
    *,
    truth: str | Path | None = None,
    split: int | None = None,
    tracklets: int = 6,
    frames: int = 7,
    note: str = "",
) -> None:
    """Write strips of `tracklets` tracklets, `frames` frames each.

    Args:
        figures: what to show, and the file of it.
        truth: the clean twins; without them best and worst go by how much was changed.
        split: show only test tracklets of this split; without it, all.
    """
    with ExitStack() as stack:
        before, after = (stack.enter_context(TrackletStore(path)) for path in (store, completed))
        clean = stack.enter_context(TrackletStore(truth)) if truth is not None else None
        table = read_replaced(regions, before)
        pool = StripPool(table, before, after, clean, seed, split)
        marks = [
            style.store_mark("source", before.digest),
            style.store_mark("completed", after.digest),
            style.settings_mark(after.config),
        ]
        for choice, figure in figures.items():
            strips, source = pool.strips(choice, tracklets, frames)
            title, subtitle = _titles(choice, seed, truth is not None, len(strips))
            provenance = style.provenance(*marks, source, note)
            with style.styled():
                style.save(strips_figure(strips, title, subtitle, provenance=provenance), figure)


def _titles(choice: Choice, seed: int, known: bool, count: int) -> tuple[str, str]:
    """The title, and the line under it that says what is measured."""
    if count == 0:
        return "Completion: no region was replaced", ""
    measure, other = ("error", "clean") if known else ("change", "before")
    tracklets = f"{count} tracklets" if count > 1 else "one tracklet"
    which = {
        "random": f"{tracklets} drawn at random (seed {seed})",
        "best": f"{tracklets} with the smallest {measure}",
        "worst": f"{tracklets} with the largest {measure}",
    }[choice]
    return (
        f"Completion: {which}",
        f"{measure}: mean |restored − {other}| in the replaced bands of the frame in bold, 0 to 255; "
        "marks: orange for replaced bands, grey for flagged ones left as they were",
    )


def strips_figure(strips: list[Strip], title: str, subtitle: str, *, provenance: str) -> Figure:
    """All strips on one page (inside `style.styled()`)."""
    columns = min(len(strips), 3 if len(strips) > 4 else 2) or 1
    rows = max(1, -(-len(strips) // columns))
    # Strips of short tracklets are narrower, so the widest one sets the height.
    tallest = max((sheet.shape[0] / sheet.shape[1] for sheet in map(_sheet, strips)), default=0.2)
    height = rows * (tallest * (_WIDTH - 0.3) + 0.6) + 0.9
    figure = style.new_figure(max(6.5, _WIDTH * columns), height, title, provenance, subtitle)
    if not strips:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing was flagged, or everything flagged was left as it was", ha="center")
    for place, strip in enumerate(strips):
        axes = figure.add_subplot(rows, columns, place + 1)
        _draw_strip(axes, strip, first=place % columns == 0)
    return figure


def _layout(strip: Strip) -> tuple[list[int], list[int], int]:
    """Left edges of the frames, top edges of the rows, and the gap beside a frame, in pixels."""
    height, width = next(iter(strip.rows.values()))[0].shape[:2]
    gap = max(4, width // 8)
    left = [gap + place * (width + gap) for place in range(len(strip.numbers))]
    return left, [row * (height + gap) for row in range(len(strip.rows))], gap


def _sheet(strip: Strip) -> np.ndarray:
    """All pictures of a strip on white: uint8 (H', W', 3)."""
    left, top, gap = _layout(strip)
    height, width = next(iter(strip.rows.values()))[0].shape[:2]
    sheet = np.full((top[-1] + height, left[-1] + width + gap, 3), 255, np.uint8)
    for y, images in zip(top, strip.rows.values(), strict=True):
        for x, image in zip(left, images, strict=True):
            sheet[y : y + height, x : x + width] = image
    return sheet


def _draw_strip(axes: Axes, strip: Strip, first: bool) -> None:
    left, top, gap = _layout(strip)
    names, sheet = list(strip.rows), _sheet(strip)
    height, width = strip.rows[names[0]][0].shape[:2]
    axes.imshow(sheet, extent=(0, sheet.shape[1], sheet.shape[0], 0), interpolation="lanczos")
    for place, region, replaced in strip.bands:
        band = band_rows(height, region)
        for y in top[: names.index("restored") + 1]:
            # Beside the picture, not on it: what it shows stays as it is.
            x = (left[place] - gap / 5, left[place] + width + gap / 5)
            span = (y + band.start + 1, y + band.stop - 1)
            axes.vlines(x, *span, color=style.VERMILION if replaced else style.GREY, linewidth=1.3)
    axes.set_title(strip.heading, fontsize=9)
    axes.set_xticks([x + width / 2 for x in left], [str(number) for number in strip.numbers], fontsize=8)
    axes.get_xticklabels()[strip.centre].set_fontweight("bold")
    axes.set_yticks([y + height / 2 for y in top], names if first else [""] * len(names))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
