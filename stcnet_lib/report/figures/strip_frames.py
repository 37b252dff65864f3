"""The frames that strips show: some tracklets before and after a completion, and their clean twins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from PIL import Image

from stcnet_lib.config.completion import MASKS_OF_PIXELS
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.strip_choice import (
    Choice,
    add_errors,
    choose,
    draw_candidates,
    restored_frames,
)

_CANDIDATES = 2000  # frames among which the best or worst are looked for
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


class StripPool:
    """The restored frames of a completion, of which strips are chosen."""

    def __init__(
        self,
        table: pd.DataFrame,
        before: TrackletStore,
        after: TrackletStore,
        clean: TrackletStore | None,
        seed: int,
        split: int | None = None,
    ) -> None:
        """
        Args:
            table: what was replaced, of `record.read_replaced`.
            clean: the clean twins; without them best and worst go by how much was changed.
            split: show only test tracklets of this split; without it, all.

        Raises:
            ValueError: the stores do not hold the same frames.
        """
        for other in (after, clean):
            _check_twin(before, other)
        frames = restored_frames(table)
        if split is not None:
            frames = frames[frames["tracklet"].isin(before.tracklets_with(split, *_TEST))]
        self._table, self._frames, self._seed = table, frames, seed
        self._before, self._after, self._clean = before, after, clean

    def strips(self, choice: Choice, tracklets: int = 6, frames: int = 7) -> tuple[list[Strip], str]:
        """Strips of `tracklets` tracklets, `frames` frames each, and in words what they were chosen from."""
        if choice == "random":
            chosen = self._with_errors(choose(self._frames, choice, tracklets, self._seed))
            pool = f"from {len(self._frames):,} restored frames"
        else:
            chosen = choose(self._candidates, choice, tracklets, self._seed)
            pool = f"from {len(self._candidates):,} of {len(self._frames):,} restored frames, one a tracklet"
        of_pixels = _settings(self._after).get("masks") in MASKS_OF_PIXELS
        stores = self._before, self._after, self._clean
        return [_strip(row, self._table, *stores, frames, of_pixels) for row in chosen.itertuples()], pool

    @cached_property
    def _candidates(self) -> pd.DataFrame:
        """Among which the best and the worst are looked for, with their errors."""
        return self._with_errors(draw_candidates(self._frames, _CANDIDATES, self._seed))

    def _with_errors(self, frames: pd.DataFrame) -> pd.DataFrame:
        wanted = self._before if self._clean is None else self._clean
        return add_errors(frames, self._table, self._after, wanted)


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
