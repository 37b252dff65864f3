"""Strips of tracklets before and after the completion, with the clean twin below where it is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from stcnet_lib.completion.record import read_replaced
from stcnet_lib.config.completion import MASKS_OF_PIXELS
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.strip_choice import (
    Choice,
    add_errors,
    band_rows,
    choose,
    draw_candidates,
    restored_frames,
)

_CANDIDATES = 2000  # frames among which the best or worst are looked for
_WIDTH = 4.7  # inches of one strip
_ORANGE = tuple(round(255 * part) for part in to_rgb(style.VERMILION))
_TEST = (Role.QUERY, Role.GALLERY, Role.DISTRACTOR)


@dataclass(frozen=True)
class Strip:
    """Some consecutive frames of one tracklet around a restored one."""

    heading: str
    rows: dict[str, list[np.ndarray]]  # before, replaced, restored, clean: uint8 (H, W, 3) of one size
    numbers: list[int]  # of the frames in the source
    centre: int  # place of the restored frame the strip was chosen for
    bands: list[tuple[int, int, bool]]  # place, region, and whether it was replaced or left as it was


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
        for other in (after, clean):
            _check_twin(before, other)
        table = read_replaced(regions, before)
        wanted = before if clean is None else clean
        pool = _Pool(table, before, after, wanted, seed, split)
        of_pixels = _settings(after).get("masks") in MASKS_OF_PIXELS
        known = truth is not None
        marks = [
            style.store_mark("source", before.digest),
            style.store_mark("completed", after.digest),
            style.settings_mark(after.config),
        ]
        for choice, figure in figures.items():
            rows = pool.chosen(choice, tracklets).itertuples()
            strips = [_strip(row, table, before, after, clean, frames, of_pixels) for row in rows]
            title, subtitle = _titles(choice, seed, known, len(strips))
            provenance = style.provenance(*marks, pool.source(choice), note)
            with style.styled():
                style.save(strips_figure(strips, title, subtitle, provenance=provenance), figure)


def _settings(store: TrackletStore) -> dict[str, Any]:
    """With which a completion was made."""
    return json.loads(store.config)


def _check_twin(store: TrackletStore, other: TrackletStore | None) -> None:
    """Frames are compared by their number in the store, so both stores must hold the same ones."""
    if other is None or np.array_equal(store.frame_number, other.frame_number):
        return
    raise ValueError(
        f"{other.path}: got {other.num_frames} frames, wanted the {store.num_frames} of {store.path}, "
        "frame for frame; the method discard leaves frames out, so there are no strips to draw of it"
    )


class _Pool:
    """The frames that may be shown."""

    def __init__(
        self,
        regions: pd.DataFrame,
        before: TrackletStore,
        after: TrackletStore,
        wanted: TrackletStore,
        seed: int,
        split: int | None,
    ) -> None:
        frames = restored_frames(regions)
        if split is not None:
            frames = frames[frames["tracklet"].isin(before.tracklets_with(split, *_TEST))]
        self._frames, self._regions, self._after, self._wanted = frames, regions, after, wanted
        self._seed = seed

    @cached_property
    def _candidates(self) -> pd.DataFrame:
        """Among which the best and the worst are looked for, with their errors."""
        candidates = draw_candidates(self._frames, _CANDIDATES, self._seed)
        return add_errors(candidates, self._regions, self._after, self._wanted)

    def chosen(self, choice: Choice, count: int) -> pd.DataFrame:
        """Frames of `count` tracklets at the most, with their errors."""
        if choice == "random":
            frames = choose(self._frames, choice, count, self._seed)
            return add_errors(frames, self._regions, self._after, self._wanted)
        return choose(self._candidates, choice, count, self._seed)

    def source(self, choice: Choice) -> str:
        """What they were chosen from, in words."""
        if choice == "random":
            return f"from {len(self._frames):,} restored frames"
        return f"from {len(self._candidates):,} of {len(self._frames):,} restored frames, one a tracklet"


def _strip(
    row,
    regions: pd.DataFrame,
    before: TrackletStore,
    after: TrackletStore,
    clean: TrackletStore | None,
    most: int,
    of_pixels: bool,
) -> Strip:
    """The strip around `row.frame`, moved inwards at the ends of the tracklet.

    Args:
        of_pixels: whether a row of its own shows which pixels were replaced: marks tell of whole bands alone.
    """
    own = before.frames_of(row.tracklet)
    start = max(own.start, min(row.frame - most // 2, own.stop - most))
    shown = range(start, min(start + most, own.stop))
    stores = {"before": before, "restored": after} | ({"clean": clean} if clean is not None else {})
    size = before.read_image(row.frame).shape[1::-1]  # frames of real tracklets may differ in size
    rows = {
        name: [_resized(store.read_image(frame), size) for frame in shown] for name, store in stores.items()
    }
    if of_pixels:
        pairs = zip(rows["before"], rows["restored"], strict=True)
        replaced = {"replaced": [_changed(*pair) for pair in pairs]}
        rows = {"before": rows.pop("before")} | replaced | rows
    flagged = regions[regions["frame"].between(shown.start, shown.stop - 1)]
    measure = "change" if clean is None else "error"
    return Strip(
        heading=f"{before.tracklets['name'].iloc[row.tracklet]}, {measure} {row.error:.1f}",
        rows=rows,
        numbers=[int(number) for number in before.frame_number[shown.start : shown.stop]],
        centre=row.frame - shown.start,
        bands=[(r.frame - shown.start, r.region, r.method != "left") for r in flagged.itertuples()],
    )


def _changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """A frame, pale, with the pixels that are not as they were in orange: uint8 (H, W, 3) each."""
    pale = (170 + before.mean(axis=2, keepdims=True) / 3).repeat(3, axis=2)
    return np.where((before != after).any(axis=2, keepdims=True), _ORANGE, pale).astype(np.uint8)


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture at (width, height)."""
    if image.shape[1::-1] == size:
        return image
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


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
