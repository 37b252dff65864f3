"""Histograms of the occlusion scores, split by third, with the threshold τ (paper §4.1, Eq. 11-12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from stcnet_lib import REGIONS
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.data.truth import hidden_table
from stcnet_lib.localisation.flags import read_flags
from stcnet_lib.localisation.threshold_file import read_thresholds
from stcnet_lib.report.figures import style
from stcnet_lib.report.tables.conclusions import taus_text

PARTS = {"train": (Role.TRAIN,), "test": (Role.QUERY, Role.GALLERY, Role.DISTRACTOR)}
_BINS = 60


@dataclass(frozen=True)
class Kind:
    """Regions drawn in one colour: all of them, or the hidden or visible ones."""

    name: str
    colour: str


ALL, HIDDEN, VISIBLE = Kind("", style.BLUE), Kind("hidden", style.VERMILION), Kind("visible", style.SKY)


def draw_scores(
    store: str | Path,
    scores: str | Path,
    threshold: str | Path,
    split: int,
    figure: str | Path,
    *,
    truth: str | Path | None = None,
    hidden_share: float = 0.3,
    note: str = "",
) -> None:
    """Write the histograms of one split; with the truth, hidden and visible regions apart.

    Args:
        hidden_share: a third is hidden where more than this share of its person pixels is covered.
    """
    with TrackletStore(store) as opened:
        table, found = read_flags(scores, opened), read_thresholds(threshold, opened.digest)
        table = table.assign(part=_parts(opened, split)[table["tracklet"].to_numpy()])
        marks = [style.store_mark(opened.attributes["dataset"], opened.digest)]
    if truth is not None:
        with TrackletStore(truth) as clean:
            hidden = hidden_table(clean, hidden_share)
        table = table.assign(hidden=hidden[table["frame"].to_numpy(), table["region"].to_numpy()])
        marks.append(f"hidden: more than {hidden_share:.0%} of the person's pixels in a third covered")
    rule = f"τ = {taus_text(found['tau'])} ({found['rule']}), reference {found['reference']}"
    marks += [style.file_marks(scores), rule, f"split {split}", note]
    with style.styled():
        style.save(scores_figure(table, found["tau"], provenance=style.provenance(*marks)), figure)


def _parts(store: TrackletStore, split: int) -> np.ndarray:
    """(N,) train, test or nothing, for every tracklet."""
    parts = np.full(store.num_tracklets, "", object)
    for name, roles in PARTS.items():
        parts[store.tracklets_with(split, *roles)] = name
    return parts


def scores_figure(table: pd.DataFrame, taus: Sequence[float], *, provenance: str) -> Figure:
    """Rows train and test, columns the thirds (inside `style.styled()`).

    Args:
        table: `region`, `score`, `part` (train, test), and `hidden` where the truth is known.
        taus: of the thirds.
    """
    kinds = [VISIBLE, HIDDEN] if "hidden" in table else [ALL]
    title = "Occlusion scores: regions left of τ count as occluded"
    figure = style.new_figure(11, 5.4, title, provenance)
    grid = figure.subplots(len(PARTS), len(REGIONS), sharex=True, sharey="row")
    for row, part in enumerate(PARTS):
        for column, region in enumerate(REGIONS):
            axes = grid[row, column]
            rows = table[(table["part"] == part) & (table["region"] == column)]
            edges = score_bins(table["score"].to_numpy(), taus[column])
            _draw_panel(axes, rows, kinds, edges, taus[column])
            axes.set_title(f"{part}, {region} third")
        grid[row, 0].set_ylabel("regions (count)")
    for axes in grid[-1]:
        axes.set_xlabel("score (cosine, −1 to 1)")
    _add_legend(figure, kinds, taus)
    return figure


def score_bins(scores: np.ndarray, tau: float) -> np.ndarray:
    """Edges of equal bins that end at 1, one edge at τ, so that no bin holds both sides of it.

    The lowest 0.2 % of the scores may lie under the first edge.
    """
    low = min(float(np.quantile(scores, 0.002)), tau) if len(scores) else tau
    low = max(-1.0, low - 0.05 * (1 - low))
    width = (1 - low) / _BINS
    if 1 - tau < width / 2:  # τ is all but 1: an edge there would want countless bins
        return np.linspace(low, 1.0, _BINS + 1)
    above = max(1, round((1 - tau) / width))
    width = (1 - tau) / above
    below = int(np.ceil((tau - low) / width))
    return tau + width * np.arange(-below, above + 1)


def _draw_panel(axes: Axes, rows: pd.DataFrame, kinds: list[Kind], edges: np.ndarray, tau: float) -> None:
    axes.grid(axis="y")
    lines = []
    for kind in kinds:
        chosen = rows if kind is ALL else rows[rows["hidden"] == (kind is HIDDEN)]
        scores = chosen["score"].to_numpy(np.float32)
        # Scores outside the edges (rounded up past 1, or far below) count in the bins at the ends.
        counts = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0]
        axes.stairs(counts, edges, fill=True, color=kind.colour, alpha=0.35)
        axes.stairs(counts, edges, color=kind.colour, linewidth=1.3)
        if len(scores):
            flagged = np.mean(scores < np.float32(tau))
            lines.append((f"{flagged:.1%} of {len(scores):,} {kind.name or 'regions'}", kind))
    axes.axvline(tau, color=style.BLACK, linewidth=1.2, linestyle=(0, (4, 2)), label="tau")
    axes.text(
        0.03, 0.95, "left of τ" if lines else "no regions", transform=axes.transAxes, va="top", fontsize=8
    )
    for i, (text, kind) in enumerate(lines):
        place = (0.03, 0.86 - 0.09 * i)
        axes.text(*place, text, transform=axes.transAxes, va="top", fontsize=8, color=_dark(kind))


def _dark(kind: Kind) -> str:
    return style.BLUE if kind is VISIBLE else kind.colour  # sky blue is too light for small letters


def _add_legend(figure: Figure, kinds: list[Kind], taus: Sequence[float]) -> None:
    label = f"τ = {taus_text(taus)}"
    handles = [Line2D([], [], color=style.BLACK, linewidth=1.2, linestyle=(0, (4, 2)), label=label)]
    if ALL not in kinds:
        handles += [Patch(color=kind.colour, alpha=0.6, label=f"{kind.name} regions") for kind in kinds]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
