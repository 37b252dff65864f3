"""Flagged thirds among the frames around them: wrong flags are shown as readily as right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from stcnet_lib import REGIONS
from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.planting.probe import truth_shares
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.localisation.flags import read_flags
from stcnet_lib.report.figures import style

OFFSETS = (-12, -6, -3, 0, 3, 6, 12)  # frames from the flagged one
_HEIGHT = 96  # pixels of a shown frame
_WIDTH = 3.6  # inches of one flag
_TEST = (Role.QUERY, Role.GALLERY, Role.DISTRACTOR)
RIGHT, WRONG, MISSED, UNKNOWN = "right", "wrong", "missed", "unknown"
COLOURS = {RIGHT: style.GREEN, WRONG: style.VERMILION, MISSED: style.BLUE, UNKNOWN: style.GREY}


@dataclass(frozen=True)
class Flag:
    """A third, and what its frame is surrounded by."""

    heading: str
    kind: str  # a key of COLOURS
    images: list[np.ndarray]  # uint8 (H, W, 3) of one size
    centre: int
    region: int


def draw_flags(
    store: str | Path,
    scores: str | Path,
    figure: str | Path,
    *,
    truth: str | Path | None = None,
    hidden_share: float = 0.3,
    split: int | None = None,
    each: int = 8,
    seed: int = 0,
) -> None:
    """Write `each` thirds of every kind, drawn at random: flagged rightly, flagged wrongly, missed.

    Without `truth` nobody knows which is which, and three times as many flags are shown. Planted truth knows
    of planted occluders alone: a wrong flag may be a real occlusion.

    Args:
        split: thirds of test people of this split where it has some.
    """
    with TrackletStore(store) as source:
        table = read_flags(scores, source)
        if split is not None:
            people = source.tracklets_with(split, *_TEST)
            table = table[table["tracklet"].isin(people)] if len(people) else table
        hidden = None
        if truth is not None:
            with TrackletStore(truth) as twin:
                hidden = truth_shares(twin) > hidden_share
        kinds = flag_kinds(table, hidden)
        rng = np.random.default_rng(seed)
        wanted = {UNKNOWN: 3 * each} if hidden is None else {RIGHT: each, WRONG: each, MISSED: each}
        flags = []
        for kind, count in wanted.items():
            rows = np.flatnonzero(kinds == kind)
            chosen = np.sort(rng.choice(rows, min(count, len(rows)), replace=False))
            flags += [_flag(source, table.iloc[row], kind) for row in chosen]
        counts = {kind: int((kinds == kind).sum()) for kind in wanted}
        marks = [style.store_mark("source", source.digest), style.file_marks(scores)]
    title = "Flagged thirds, drawn at random" if hidden is None else "Flags that are right, wrong and missing"
    with style.styled():
        style.save(flags_figure(flags, title, _subtitle(counts), style.provenance(*marks)), figure)


def flag_kinds(table: pd.DataFrame, hidden: np.ndarray | None) -> np.ndarray:
    """Which kind each row of `occlusion.parquet` is, (n,) texts, empty for visible thirds without a flag.

    Args:
        hidden: (F, K), or None where the truth is not known.
    """
    flagged = table["occluded"].to_numpy(bool)
    if hidden is None:
        return np.where(flagged, UNKNOWN, "")
    true = hidden[table["frame"].to_numpy(), table["region"].to_numpy()]
    kinds = np.where(flagged, np.where(true, RIGHT, WRONG), np.where(true, MISSED, ""))
    return kinds.astype(object)


def _subtitle(counts: dict[str, int]) -> str:
    if UNKNOWN in counts:
        return (
            f"of {counts[UNKNOWN]:,} flagged thirds; what hides them, if anything does, nobody has labelled"
        )
    texts = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    return (
        f"as many of each kind, if there are, of {texts}; frames {OFFSETS[0]} to +{OFFSETS[-1]} around the "
        "one with the mark"
    )


def _flag(store: TrackletStore, row: pd.Series, kind: str) -> Flag:
    """The third of a row, among frames of its tracklet; beyond the ends the first or last one is repeated."""
    own, frame = store.frames_of(int(row["tracklet"])), int(row["frame"])
    width = round(_HEIGHT * store.read_image(frame).shape[1] / store.read_image(frame).shape[0])
    shown = [min(max(frame + offset, own.start), own.stop - 1) for offset in OFFSETS]
    images = [
        np.asarray(Image.fromarray(store.read_image(t)).resize((width, _HEIGHT), Image.Resampling.BICUBIC))
        for t in shown
    ]
    region = int(row["region"])
    name = str(store.tracklets["name"].iloc[int(row["tracklet"])]).rpartition("/")[2]
    heading = f"{kind}: {name}, frame {row['number']}, {REGIONS[region]}, score {row['score']:.2f}"
    return Flag(heading, kind, images, OFFSETS.index(0), region)


def flags_figure(flags: Sequence[Flag], title: str, subtitle: str, provenance: str) -> Figure:
    """All flags on one page (inside `style.styled()`)."""
    columns = 3
    rows = max(1, -(-len(flags) // columns))
    figure = style.new_figure(_WIDTH * columns, rows * 1.15 + 1.0, title, provenance, subtitle)
    if not flags:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing was flagged", ha="center")
    for place, flag in enumerate(flags):
        _draw(figure.add_subplot(rows, columns, place + 1), flag)
    return figure


def _draw(axes: Axes, flag: Flag) -> None:
    height, width = flag.images[0].shape[:2]
    gap = 4
    sheet = np.full((height, len(flag.images) * (width + gap) - gap, 3), 255, np.uint8)
    for place, image in enumerate(flag.images):
        sheet[:, place * (width + gap) : place * (width + gap) + width] = image
    axes.imshow(sheet, interpolation="lanczos")
    top, bottom = region_rows(height)[flag.region : flag.region + 2]
    left = flag.centre * (width + gap) - gap / 2
    # Beside the picture, not on it: what it shows stays as it is.
    axes.vlines((left, left + width + gap - 0.5), top, bottom, color=COLOURS[flag.kind], linewidth=2)
    axes.set_title(flag.heading, fontsize=6.5, color=COLOURS[flag.kind])
    axes.set_axis_off()
