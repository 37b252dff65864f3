"""The contact sheet of one tracklet: its frames in order, the restored ones below them where they are given.

How to read it: rows of frames go from left to right and then down, each frame under its number in the source.
Of two rows the upper one is the tracklet as it was; a restored frame that differs from it has an orange edge.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.frame_rows import pictures, size_of, spread

COLUMNS = 8
_WIDTH = 1.0  # inches of one frame


def draw_tracklet(
    store: str | Path, tracklet: str, figure: str | Path, restored: str | Path | None = None, frames: int = 24
) -> None:
    """Write the sheet.

    Args:
        tracklet: its number in the store, or its name.
        restored: tracklets.h5 of a completion of the same data.
        frames: most frames to show, evenly spread over the tracklet.

    Raises:
        ValueError: there is no such tracklet, or the completion left frames out.
    """
    with TrackletStore(store) as before:
        number = find_tracklet(before, tracklet)
        shown = spread(before.frames_of(number), frames)
        size = size_of(before, shown)
        rows = {"before": pictures(before, shown, size)}
        marks = [style.store_mark("source", before.digest)]
        if restored is not None:
            with TrackletStore(restored) as after:
                rows["restored"] = pictures(after, _same(before, after, shown), size)
                marks += [style.store_mark("completed", after.digest), style.settings_mark(after.config)]
        row = before.tracklets.iloc[number]
        title = f"Tracklet {number}: {row['name']}"
        subtitle = f"person {row.pid}, camera {row.camera}; {len(shown)} of {row.length} frames"
        numbers = before.frame_number[shown].tolist()
    with style.styled():
        _draw(rows, numbers, title, subtitle, style.provenance(*marks), figure)


def find_tracklet(store: TrackletStore, tracklet: str) -> int:
    """The number of a tracklet, from its name or its number.

    Raises:
        ValueError: no tracklet, or several, have that name.
    """
    names = store.tracklets["name"]
    named = np.flatnonzero(names == tracklet)
    if len(named) == 1:
        return int(named[0])
    if tracklet.isdecimal() and int(tracklet) < len(store):
        return int(tracklet)
    raise ValueError(
        f"{store.path}: got '{tracklet}', which names {len(named)} tracklets, wanted a number from 0 to "
        f"{len(store) - 1} or a name such as '{names.iloc[0]}'"
    )


def _same(before: TrackletStore, after: TrackletStore, frames: list[int]) -> list[int]:
    """The frames of a completion with these numbers: stores that leave frames out have other ones."""
    if not np.array_equal(before.frame_number, after.frame_number):
        raise ValueError(
            f"{after.path}: got {after.num_frames} frames, wanted the {before.num_frames} of {before.path}, "
            "frame for frame"
        )
    return frames


def _draw(
    rows: dict[str, np.ndarray],
    numbers: list[int],
    title: str,
    subtitle: str,
    provenance: str,
    path: str | Path,
) -> None:
    """Blocks of `COLUMNS` frames one below the other, each with all rows."""
    count = len(numbers)
    columns, blocks = min(COLUMNS, count), -(-count // COLUMNS)
    height, width = next(iter(rows.values())).shape[1:3]
    tall = blocks * len(rows) * (0.9 * _WIDTH * height / width + 0.15) + 0.3 * blocks + 1.0
    figure = style.new_figure(max(4.5, _WIDTH * columns + 0.6), tall, title, provenance, subtitle)
    grid = figure.add_gridspec(blocks * len(rows), columns)
    for place in range(count):
        block, column = divmod(place, COLUMNS)
        for row, (name, images) in enumerate(rows.items()):
            axes = figure.add_subplot(grid[block * len(rows) + row, column])
            changed = row > 0 and (images[place] != rows["before"][place]).any()
            _frame(axes, images[place], style.VERMILION if changed else None)
            if row == 0:
                axes.set_title(str(numbers[place]), fontsize=8, loc="center")
            if column == 0:
                axes.set_ylabel(name, fontsize=8)
    style.save(figure, path)


def _frame(axes: Axes, image: np.ndarray, edge: str | None) -> None:
    axes.imshow(image, interpolation="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(edge is not None)
    if edge is not None:
        axes.spines[:].set(color=edge, linewidth=2)
