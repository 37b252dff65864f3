"""The look all figures share, and how they are written: equal input gives equal bytes.

Figures are built on `matplotlib.figure.Figure` alone, inside `styled()`: neither pyplot's state nor a
user's matplotlibrc takes part, and the settings in force before come back afterwards.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stcnet_lib.common.files import file_digest, replacing

# Okabe and Ito's palette, which colour-blind readers tell apart; its yellow is too light for lines.
BLUE, ORANGE, GREEN, VERMILION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PURPLE, SKY, BLACK = "#cc79a7", "#56b4e9", "#000000"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
GREY, LIGHT_GREY = "#6f6f6f", "#d9d9d9"

WEBP_QUALITY = 80  # of 100: text stays sharp, and faces and clothes look as in the frames

_SETTINGS = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the picture is the same everywhere
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "axes.axisbelow": True,
    "grid.color": LIGHT_GREY,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "savefig.dpi": 150,
}
_TITLE_SIZE, _SUBTITLE_SIZE, _PROVENANCE_SIZE = 12, 9.5, 6.5  # points


@contextmanager
def styled() -> Iterator[None]:
    """The style is in force inside the block, for building and for writing a figure."""
    with mpl.style.context(["default", _SETTINGS]), mpl.rc_context({"svg.hashsalt": "stcnet"}):
        yield


def new_figure(width: float, height: float, title: str, provenance: str, subtitle: str = "") -> Figure:
    """An empty figure (width and height in inches): title and subtitle above, provenance below."""
    figure = Figure(figsize=(width, height), layout="constrained")
    title = _wrapped(title, width, _TITLE_SIZE)
    figure.suptitle(title, x=0.01, ha="left", fontsize=_TITLE_SIZE, fontweight="bold")
    if subtitle:
        # The layout keeps room for the title alone: empty lines of it make room for the subtitle.
        lines = _wrapped(subtitle, width, _SUBTITLE_SIZE).count("\n") + 1
        figure.suptitle(title + "\n" * lines, x=0.01, ha="left", fontsize=_TITLE_SIZE, fontweight="bold")
        offset = 6 + (title.count("\n") + 1) * _TITLE_SIZE * 1.3
        figure.text(
            0.01,
            1 - offset / 72 / height,
            _wrapped(subtitle, width, _SUBTITLE_SIZE),
            va="top",
            fontsize=_SUBTITLE_SIZE,
            color=GREY,
        )
    if provenance:
        # A "label below all axes" is what the layout keeps room for.
        text = _wrapped(provenance, width, _PROVENANCE_SIZE)
        figure.supxlabel(text, x=0.01, ha="left", fontsize=_PROVENANCE_SIZE, color=GREY, linespacing=1.3)
    return figure


def _wrapped(text: str, width: float, points: float) -> str:
    """Lines that fit into `width` inches: a letter of this font is about 0.62 times its size wide."""
    letters = int(width * 72 / (0.62 * points))
    return "\n".join(textwrap.wrap(text, letters, break_on_hyphens=False))


def new_axes(figure: Figure, *position: int) -> Axes:
    """`figure.add_subplot` with the horizontal grid of the style."""
    axes = figure.add_subplot(*position)
    axes.grid(axis="y")
    return axes


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure whole or not at all; the suffix names the format.

    Drawings are .svg. Photographs are .webp, lossy and a tenth of .png, which keeps every pixel.

    Raises:
        ValueError: another suffix.
    """
    path = Path(path)
    wanted: dict[str, dict[str, Any]] = {
        ".svg": {"metadata": {"Date": None, "Creator": None}},
        ".png": {"metadata": {"Software": None}},
        ".webp": {"pil_kwargs": {"quality": WEBP_QUALITY, "method": 6}},
    }
    if path.suffix not in wanted:
        raise ValueError(f"--figure: got '{path}', wanted a name that ends in .svg, .png or .webp")
    with replacing(path) as partial:
        figure.savefig(partial, **wanted[path.suffix])


def provenance(*parts: str) -> str:
    """One line out of the parts that are not empty."""
    return " · ".join(part for part in parts if part)


def file_marks(*paths: str | Path) -> str:
    """`name 1a2b3c4d`: files and the beginnings of their digests; a name that several share stands once.

    The blank between them is one at which no line ends.
    """
    digests: dict[str, list[str]] = {}
    for path in paths:
        digests.setdefault(Path(path).name, []).append(file_digest(path)[:8])
    return " · ".join(f"{name}\u00a0{' '.join(marks)}" for name, marks in digests.items())


def store_mark(name: str, digest: str) -> str:
    """The same for a store, which knows its digest: reading gigabytes again would take minutes."""
    return f"{name}\u00a0{digest[:8]}"


def settings_mark(canonical_json: str) -> str:
    """`method stcnet, masks oracle`: a section of the configuration in words."""
    return ", ".join(f"{key} {value}" for key, value in json.loads(canonical_json).items())
