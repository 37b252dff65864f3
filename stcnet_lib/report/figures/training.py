"""The course of a training: one small panel a quantity of `history.csv`, over the steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stcnet_lib.report.figures import style

# Beside the error of held-out samples those of what needs no training: lines in its panel.
_CONTROLS = {"val_l1_median": "median", "val_l1_mean": "mean", "val_l1_nearest": "nearest"}
_NOT_DRAWN = ("step", "epoch", "seconds", *_CONTROLS)
# In this order, the rest after them in the order of the file. Title, unit on the axis, colour.
_KNOWN = {
    "loss": ("training loss", "cross-entropy (nats)", style.BLUE),
    "l1": ("L1", "mean |x − completed| (0 to 2)", style.BLUE),
    "l1_spatial": ("L1, spatial generator", "mean |x − x₁| (0 to 2)", style.BLUE),
    "l1_temporal": ("L1, temporal generator", "mean |x − x₂| (0 to 2)", style.BLUE),
    "val_l1": ("L1 in holes, people held out", "mean |x − x₂| (0 to 2)", style.BLUE),
    "skill": ("skill over the median", "1 − L1 / L1(median)", style.GREEN),
    "guider": ("guider's ID loss", "cross-entropy (nats)", style.GREEN),
    "adversarial": ("generator against discriminators", "binary cross-entropy (nats)", style.VERMILION),
    "discriminator": ("discriminators", "binary cross-entropy (nats)", style.VERMILION),
    "accuracy": ("accuracy on training clips", "share of clips (0 to 1)", style.GREEN),
    "entropy": ("entropy of the temporal attention", "nats", style.PURPLE),
    "lr": ("learning rate", "", style.GREY),
}


def draw_training(history: str | Path, title: str, figure: str | Path, *, note: str = "") -> None:
    """Read a `history.csv` and write its panels as one figure."""
    table = read_history(history)
    parts = [style.file_marks(history), f"{len(table)} of {int(table['step'].iloc[-1])} steps recorded"]
    if "seconds" in table:
        parts.append(f"{table['seconds'].median():.3g} s a step (median)")
    with style.styled():
        picture = training_figure(table, title=title, provenance=style.provenance(*parts, note))
        style.save(picture, figure)


def read_history(path: str | Path) -> pd.DataFrame:
    """The table in order of `step`.

    Raises:
        ValueError: if there is no row, no `step`, or nothing to draw over it.
    """
    try:
        table = pd.read_csv(path)
    except pd.errors.EmptyDataError:
        table = pd.DataFrame()
    if "step" not in table or len(table) == 0 or not quantities(table):
        raise ValueError(
            f"{path}: got {len(table)} rows of columns {', '.join(table.columns) or 'none'}, "
            "wanted rows of step and a numeric column such as loss"
        )
    return table.sort_values("step", ignore_index=True)


def quantities(table: pd.DataFrame) -> list[str]:
    """The columns to draw: known ones in a fixed order, then others in the file's; empty ones never."""
    drawn = [
        name
        for name in table.columns
        if name not in _NOT_DRAWN and pd.api.types.is_numeric_dtype(table[name]) and table[name].notna().any()
    ]
    order = list(_KNOWN)
    others = [name for name in drawn if name not in order]
    before_rate = [name for name in order[:-1] if name in drawn]
    return before_rate + others + [name for name in order[-1:] if name in drawn]


def smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the values at most `window // 2` places away; fewer at the ends, so that nothing is invented.

    Args:
        values: (n,).
    """
    reach = window // 2
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    places = np.arange(len(values))
    start, end = np.maximum(places - reach, 0), np.minimum(places + reach + 1, len(values))
    return (sums[end] - sums[start]) / (end - start)


def training_figure(table: pd.DataFrame, *, title: str, provenance: str) -> Figure:
    """Small multiples with one axis of steps (inside `style.styled()`)."""
    names = quantities(table)
    columns = min(len(names), 3 if len(names) <= 6 else 4)
    rows = -(-len(names) // columns)
    width = max(5.5, 3.6 * columns)
    figure = style.new_figure(width, 2.5 * rows + 0.9, f"Training: {title}", provenance)
    last = table["step"].iloc[-1]
    for place, name in enumerate(names):
        axes = style.new_axes(figure, rows, columns, place + 1)
        _draw_panel(axes, table[["step", name]].dropna(), name)
        if name == "val_l1":
            _draw_controls(axes, table)
        if name == "skill":
            axes.axhline(0, color=style.GREY, linewidth=0.8)
        axes.set_xlim(0, last)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        if place + columns >= len(names):  # nothing below it
            axes.set_xlabel("step")
    return figure


def _draw_controls(axes: Axes, table: pd.DataFrame) -> None:
    """What the controls come to on the same samples: constants of a training."""
    for column, label in _CONTROLS.items():
        if column in table:
            value = table[column].mean()
            axes.axhline(value, color=style.GREY, linewidth=0.8, linestyle="--")
            axes.text(0.01, value, label, fontsize=7, va="bottom", transform=axes.get_yaxis_transform())


def _draw_panel(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    heading, unit, colour = _KNOWN.get(name, (name.replace("_", " "), "value", style.BLUE))
    steps, values = rows["step"].to_numpy(), rows[name].to_numpy(np.float64)
    axes.set_title(heading)
    axes.set_ylabel(unit, fontsize=8.5)
    if name == "lr":
        power = int(np.floor(np.log10(values.max()))) if values.max() > 0 else 0
        axes.plot(steps, values / 10.0**power, color=colour)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(f"$\\times\\,10^{{{power}}}$")
        return
    window = max(1, len(values) // 15)
    means = smoothed(values, window)
    axes.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8, label="raw")
    axes.plot(steps, means, color=colour, label="smoothed")
    axes.annotate(
        f"{means[-1]:.3g}",
        (1, means[-1]),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=colour,
        annotation_clip=False,
    )
    if name == "accuracy":
        axes.set_ylim(0, 1.02)
