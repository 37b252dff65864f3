"""The walkers at a glance: some people before every camera, and one occluder of each kind with its truth."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.report.figures import style
from stcnet_lib.walkers.dataset import read_events

PEOPLE = 10
CELL = 256  # pixels a picture is about high in the figure
OUTLINE = (255, 106, 0)  # bright orange: nothing in the pictures has it
_GAP = 3  # pixels between two pictures, before they are enlarged
_WIDTH = 10.0  # inches


@dataclass(frozen=True)
class Panel:
    """A table of pictures: uint8 (R, C, H, W, 3) with the names of its rows and columns."""

    pictures: np.ndarray
    rows: list[str]
    columns: list[str]


def draw_walkers(
    store: str | Path,
    truth: str | Path,
    seed: int,
    figure: str | Path,
    *,
    completed: str | Path | None = None,
) -> None:
    """Write the sheet; which people, tracklets and events it shows is drawn by lot from `seed`.

    Args:
        completed: tracklets.h5 of a completion: adds a row with the same frames after it.
    """
    with ExitStack() as stack:
        before, clean = (stack.enter_context(TrackletStore(path)) for path in (store, truth))
        after = stack.enter_context(TrackletStore(completed)) if completed is not None else None
        if after is not None and not np.array_equal(after.frame_number, before.frame_number):
            raise ValueError(f"{after.path}: got other frames than {before.path} has, wanted the same ones")
        rng = np.random.default_rng([seed, 17])
        people = _people(clean, rng)
        occluders = _occluders(read_events(truth), before, clean, after, rng)
        marks = [style.store_mark("occluded", before.digest), style.store_mark("clean", clean.digest)]
        if after is not None:
            marks += [style.store_mark("restored", after.digest), style.settings_mark(after.config)]
    with style.styled():
        sheet = sheet_figure(people, occluders, style.provenance(f"drawn by lot, seed {seed}", *marks))
        style.save(sheet, figure)


def _people(clean: TrackletStore, rng: np.random.Generator) -> Panel:
    """One frame of some people before each of the cameras of their split."""
    table = clean.tracklets
    pids = np.unique(table["pid"])
    chosen = np.sort(rng.choice(pids, min(PEOPLE, len(pids)), replace=False))
    seen = {pid: np.unique(table["camera"][table["pid"] == pid]) for pid in chosen}
    places = max(map(len, seen.values()))
    frames = [
        [
            _any_frame(clean, table.index[(table.pid == pid) & (table.camera == seen[pid][n])], rng)
            for pid in chosen
        ]
        for n in range(places)
    ]
    rows = [
        f"camera {cameras.pop()}"
        if len(cameras := {int(seen[pid][n]) for pid in chosen}) == 1
        else f"{n + 1}. camera"
        for n in range(places)
    ]
    return Panel(_read(clean, frames), rows, [f"person {pid}" for pid in chosen])


def _any_frame(store: TrackletStore, tracklets: pd.Index, rng: np.random.Generator) -> int:
    return int(rng.choice(store.frames_of(int(rng.choice(tracklets)))))


def _occluders(
    events: pd.DataFrame,
    before: TrackletStore,
    clean: TrackletStore,
    after: TrackletStore | None,
    rng: np.random.Generator,
) -> Panel | None:
    """One event of each kind in its middle frame: occluded, restored, clean, and the mask's outline."""
    if events.empty:
        return None
    kinds = sorted(events["kind"].unique())
    frames = []
    for kind in kinds:
        own = events[events["kind"] == kind]
        event = own.iloc[int(rng.integers(len(own)))]
        frames.append(clean.frames_of(int(event.tracklet))[int(event["first"] + event["last"]) // 2])
    shown = {"occluded": before, "restored": after, "clean": clean}
    pictures = {name: _read(store, [frames]) for name, store in shown.items() if store is not None}
    masks = np.stack([clean.read_truth(range(frame, frame + 1))[0][0] for frame in frames])  # (C, H, W)
    pictures["occluder mask"] = outlined(pictures["occluded"], masks[None])
    return Panel(np.concatenate(list(pictures.values())), list(pictures), kinds)


def _read(store: TrackletStore, frames: list[list[int]]) -> np.ndarray:
    """uint8 (R, C, H, W, 3)."""
    return np.stack([np.stack([store.read_image(frame) for frame in row]) for row in frames])


def sheet_figure(people: Panel, occluders: Panel | None, provenance: str) -> Figure:
    """The sheet: people above, occluders below."""
    panels = {"People before the cameras, clean": people}
    if occluders is not None:
        panels["One occluder of each kind, and what it hides"] = occluders
    boards = [board(panel) for panel in panels.values()]
    heights = [image.shape[0] / image.shape[1] * _WIDTH + 0.5 for image in boards]
    figure = style.new_figure(_WIDTH + 1, sum(heights) + 0.7, "Walkers", provenance)
    grid = figure.add_gridspec(len(boards), 1, height_ratios=heights)
    for row, (title, panel, image) in enumerate(zip(panels, panels.values(), boards, strict=True)):
        _show(figure.add_subplot(grid[row]), title, panel, image)
    return figure


def _show(axes: Axes, title: str, panel: Panel, image: np.ndarray) -> None:
    count_rows, count_columns = panel.pictures.shape[:2]
    height, width = image.shape[0] / count_rows, image.shape[1] / count_columns
    axes.imshow(image, interpolation="auto")
    axes.set_anchor("W")
    axes.set_title(title, fontweight="bold")
    axes.set_xticks([(i + 0.5) * width for i in range(count_columns)], panel.columns)
    axes.set_yticks([(i + 0.5) * height for i in range(count_rows)], panel.rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def board(panel: Panel) -> np.ndarray:
    """One image (y, x, 3) of all pictures, enlarged by a whole factor, with white between them."""
    rows, columns, height, width = panel.pictures.shape[:4]
    scale = max(1, round(CELL / height))
    pictures = panel.pictures.repeat(scale, axis=2).repeat(scale, axis=3)
    gap = _GAP * scale
    padded = np.pad(pictures, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=255)
    size = (rows * (height * scale + gap), columns * (width * scale + gap), 3)
    return padded.transpose(0, 2, 1, 3, 4).reshape(size)[:-gap, :-gap]


def outlined(pictures: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Pictures uint8 (…, H, W, 3) in pale grey, the masks bool (…, H, W) left in colour and outlined."""
    pale = 0.5 * pictures.mean(axis=-1, keepdims=True) + 100
    result = np.where(masks[..., None], pictures, pale.astype(np.uint8))
    result[edges(masks)] = OUTLINE
    return result


def edges(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask (…, H, W) with a neighbour that is not in it; beyond the border the mask goes on."""
    inside = np.pad(mask, [(0, 0)] * (mask.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    middle = slice(1, -1)
    neighbours = (
        inside[..., :-2, middle]
        & inside[..., 2:, middle]
        & inside[..., middle, :-2]
        & inside[..., middle, 2:]
    )
    return mask & ~neighbours
