"""The cumulative matching characteristic of several variants (paper §5.1: rank-1, 5, 10, 20)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stcnet_lib.report.figures import style

_LINES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))  # solid, dashed, dotted, dash-dotted


def draw_cmc(
    files: Sequence[str | Path],
    labels: Sequence[str],
    figure: str | Path,
    *,
    max_rank: int = 20,
    note: str = "",
) -> None:
    """Read one `cmc.csv` a label and write the curves as one figure."""
    if len(files) != len(labels):
        raise ValueError(f"--labels: got {len(labels)} for {len(files)} files of --cmc, wanted one a file")
    repeated = sorted({label for label in labels if list(labels).count(label) > 1})
    if repeated:
        raise ValueError(f"--labels: got {', '.join(repeated)} more than once, wanted different labels")
    curves = {label: read_cmc(path) for label, path in zip(labels, files, strict=True)}
    provenance = style.provenance(style.file_marks(*files), note)
    with style.styled():
        picture = cmc_figure(curves, max_rank=max_rank, provenance=provenance)
        style.save(picture, figure)


def read_cmc(path: str | Path) -> pd.DataFrame:
    """A table with `rank` (1, 2, …) and `cmc` (share of queries, 0 to 1).

    Raises:
        ValueError: for missing columns, shares outside 0 to 1, or a curve that falls.
    """
    table = pd.read_csv(path)
    if not {"rank", "cmc"} <= set(table.columns):
        raise ValueError(f"{path}: got columns {', '.join(table.columns)}, wanted rank and cmc")
    table = table.sort_values("rank", ignore_index=True)
    values = table["cmc"].to_numpy()
    if len(table) == 0 or not (np.all(values >= 0) and np.all(values <= 1) and np.all(np.diff(values) >= 0)):
        raise ValueError(f"{path}: got a cmc that is empty, falls or leaves 0 to 1, wanted shares of queries")
    return table


def cmc_figure(curves: dict[str, pd.DataFrame], *, max_rank: int, provenance: str) -> Figure:
    """One line a variant, best rank-1 first in the legend (inside `style.styled()`)."""
    height = max(4.2, 1.6 + 0.22 * len(curves))
    title = "CMC: how often a true match is among the first candidates"
    figure = style.new_figure(9, height, title, provenance)
    axes = style.new_axes(figure)
    # Colours follow the order given, so that a variant keeps its colour when the results change.
    looks = {
        label: {
            "color": style.PALETTE[i % len(style.PALETTE)],
            "linestyle": _LINES[i // len(style.PALETTE) % len(_LINES)],
        }
        for i, label in enumerate(curves)
    }
    for label in sorted(curves, key=lambda name: -curves[name]["cmc"].iloc[0]):  # stable: ties as given
        table = curves[label][curves[label]["rank"] <= max_rank]
        percent = 100 * table["cmc"]
        axes.plot(
            table["rank"],
            percent,
            label=f"{percent.iloc[0]:5.1f}  {label}",
            marker="o" if len(table) <= 25 else None,
            markersize=3,
            **looks[label],
        )
    axes.set_xlabel("rank (position in the candidate list)")
    axes.set_ylabel("queries with a true match (%)")
    axes.set_xlim(0.5, max_rank + 0.5)
    axes.set_ylim(top=100.5)
    ticks = MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]).tick_values(1, max_rank)
    axes.set_xticks([1, *[tick for tick in ticks if 1 < tick <= max_rank]])
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside right upper",
        title="rank-1 (%), variant",
        alignment="left",
        handlelength=3.2,  # long enough to show how a line is dashed
    )
    return figure
