"""The ranked list of one query as pictures: a column of frames for the query and for each candidate.

How to read it: the query is on the left; candidates follow from the most similar on. A right one has a blue
edge and a tick, a wrong one an orange edge and a cross. Below stand person, camera and cosine similarity.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.report.figures import style
from stcnet_lib.report.figures.frame_rows import pictures, spread

FRAMES = 3  # of each tracklet
_WIDTH = 1.0  # inches of one tracklet
_GAP = 4  # pixels between two frames of a column
_RIGHT, _WRONG = (style.BLUE, "✓"), (style.VERMILION, "✗")


class _Column(NamedTuple):
    """One tracklet of the figure."""

    picture: np.ndarray  # uint8 (H', W, 3): its frames one below the other
    heading: str
    below: str
    colour: str


def draw_ranked(
    store: str | Path, query: int, ranked: pd.DataFrame, figure: str | Path, note: str = ""
) -> None:
    """Write the figure.

    Args:
        query: the number of its tracklet in the store.
        ranked: candidates to show, rows of `evaluation/ranked_list.py`.
        note: what the embeddings are of.

    Raises:
        ValueError: tracklets that the store does not have, or has of other people.
    """
    with TrackletStore(store) as opened:
        _check(opened, ranked)
        size = opened.read_image(opened.frames_of(query).start).shape[:2]
        row = opened.tracklets.iloc[query]
        below = f"person {row.pid}\ncamera {row.camera}"
        columns = [_Column(_frames(opened, query, size), "query", below, style.BLACK)]
        for candidate in ranked.itertuples():
            colour, sign = _RIGHT if candidate.right else _WRONG
            below = f"person {candidate.pid}\ncamera {candidate.camera}\n{candidate.similarity:.3f}"
            picture = _frames(opened, candidate.tracklet, size)
            columns.append(_Column(picture, f"{candidate.rank} {sign}", below, colour))
        title = f"Query {query}: {row['name']}"
        mark = style.store_mark("store", opened.digest)
    with style.styled():
        _draw(columns, title, style.provenance(mark, note), figure)


def _check(store: TrackletStore, ranked: pd.DataFrame) -> None:
    known = store.tracklets["pid"].to_numpy()
    numbers = ranked["tracklet"].to_numpy()
    if (numbers >= len(known)).any() or (known[numbers] != ranked["pid"].to_numpy()).any():
        raise ValueError(f"{store.path}: got other tracklets than the embeddings are of, wanted their store")


def _frames(store: TrackletStore, tracklet: int, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H', W, 3): frames of a tracklet one below the other, white between them."""
    found = pictures(store, spread(store.frames_of(tracklet), FRAMES), size)
    white = np.full((FRAMES, *found.shape[1:]), 255, np.uint8)
    white[: len(found)] = found
    padded = np.pad(white, ((0, 0), (0, _GAP), (0, 0), (0, 0)), constant_values=255)
    return padded.reshape(-1, *found.shape[2:])[:-_GAP]


def _draw(columns: list[_Column], title: str, provenance: str, path: str | Path) -> None:
    height, width = columns[0].picture.shape[:2]
    wide = max(4.5, _WIDTH * len(columns) + 0.4)
    subtitle = "blue ✓: the query's person, orange ✗: somebody else; below: person, camera, cosine similarity"
    figure = style.new_figure(wide, _WIDTH * height / width + 1.5, title, provenance, subtitle)
    grid = figure.add_gridspec(1, len(columns))
    for place, column in enumerate(columns):
        _show(figure.add_subplot(grid[place]), column)
    style.save(figure, path)


def _show(axes: Axes, column: _Column) -> None:
    axes.imshow(column.picture, interpolation="auto")
    axes.set_title(column.heading, fontsize=9, loc="center", color=column.colour, fontweight="bold")
    axes.set_xlabel(column.below, fontsize=7)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color=column.colour, linewidth=2)
