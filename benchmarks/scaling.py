"""Time and memory over a decade of sizes: queries, gallery, frames, and positions of the attention.

python -m benchmarks.scaling
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from matplotlib.figure import Figure

from benchmarks.attention import blocked, inference, maps
from benchmarks.measuring import machine, shown, timed
from benchmarks.stages import Stages, store_of
from stcnet_lib.common.compute import Compute
from stcnet_lib.config import load_config
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.evaluation.protocols import evaluate_protocols

DIMENSIONS = 512
QUERIES, GALLERY = 300, 2000  # where the other one grows
TRACKLETS = 6  # of 16 frames, the least


@dataclass(frozen=True)
class Curve:
    """What one size costs while it grows tenfold."""

    what: str
    size: str  # what grows
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]  # of CPU
    megabytes: tuple[float, ...]  # peak, above what was in memory before

    @property
    def growth(self) -> float:
        """The exponent of the size in the time, between the ends: 1 is linear."""
        ends = np.log([self.sizes[0], self.sizes[-1]]), np.log([self.seconds[0], self.seconds[-1]])
        return float(np.diff(ends[1])[0] / np.diff(ends[0])[0])

    @classmethod
    def of(cls, values: dict[str, Any]) -> Curve:
        """What `as_dict` gave."""
        return cls(**{name: value for name, value in values.items() if name != "growth"})

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the growth."""
        return {**asdict(self), "growth": self.growth}


def curve(what: str, size: str, sizes: Iterable[int], work: Callable[[int], Callable[[], Any]]) -> Curve:
    """Measure a function of each size.

    Args:
        work: makes it, with its data, outside of what is measured.
    """
    sizes = tuple(sizes)
    runs = [timed(work(one), repeats=2) for one in sizes]
    return Curve(
        what, size, sizes, tuple(run.cpu_seconds for run in runs), tuple(run.megabytes for run in runs)
    )


def ranking(queries: int, gallery: int) -> Callable[[], None]:
    """All protocols, for so many tracklets of each role, of as many people as there are queries."""
    rng = np.random.default_rng(0)
    count = queries + gallery
    role = np.repeat([int(Role.QUERY), int(Role.GALLERY)], [queries, gallery])
    pid = np.concatenate([np.arange(queries), rng.integers(0, queries, gallery)])
    features = rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    data = {"features": features, "pid": pid, "camera": rng.integers(0, 6, count), "role": role}

    def work() -> None:
        evaluate_protocols(data, "official")

    return work


def attention(positions: int) -> Callable[[], None]:
    """The temporal attention of one sample."""
    inputs = maps(1, positions // 16, 16)

    def work() -> None:
        inference(blocked, inputs)

    return work


def curves(steps: int) -> Iterator[Curve]:
    """All curves, each over a decade in `steps` sizes."""
    factors = np.logspace(0, 1, steps)
    yield curve(
        f"ranking, gallery of {GALLERY:,}", "queries", _sizes(100, factors), lambda n: ranking(n, GALLERY)
    )
    yield curve(
        f"ranking, {QUERIES} queries", "gallery", _sizes(1000, factors), lambda n: ranking(QUERIES, n)
    )
    rows = _sizes(16, factors)
    yield curve("temporal attention", "positions", (16 * row for row in rows), attention)
    config = load_config(yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8")))
    guider, compute = config.guider, Compute(torch.device("cpu"))
    for what in ("region features", "embedding"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)

            def stage(frames: int, what: str = what, path: Path = path) -> Callable[[], None]:
                store_of(path / f"{frames}.h5", frames // 16, guider.height, guider.width)
                stages = Stages(config, path, compute, workers=0)

                def work() -> None:
                    with TrackletStore(path / f"{frames}.h5") as store:
                        stages.stage(what)(store)

                return work

            yield curve(what, "frames", (16 * n for n in _sizes(TRACKLETS, factors)), stage)


def _sizes(least: int, factors: np.ndarray) -> list[int]:
    return [round(least * factor) for factor in factors]


def draw(found: list[Curve], path: Path) -> None:
    """Time and memory over the size, both axes logarithmic."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    for axes, name, label in zip(
        figure.subplots(1, 2), ("seconds", "megabytes"), ("CPU time, s", "peak memory, MB"), strict=True
    ):
        for one in found:
            values = np.maximum(getattr(one, name), 1e-3)
            axes.loglog(np.array(one.sizes) / one.sizes[0], values, marker="o", markersize=3, label=one.what)
        axes.set_xlabel("size, as a multiple of the least")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=6)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)


def lines(found: list[Curve]) -> list[str]:
    """A table in Markdown."""
    rows = [
        f"| {one.what} | {one.sizes[0]:,} to {one.sizes[-1]:,} {one.size} | "
        f"{shown(one.seconds[0], 's')} to {shown(one.seconds[-1], 's')} | "
        f"{one.megabytes[0]:.0f} to {one.megabytes[-1]:.0f} MB | {one.growth:.2f} |"
        for one in found
    ]
    return ["| what | size | CPU time | peak | exponent of the time |", "|:--|:--|:--|:--|--:|", *rows]


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--steps", type=int, default=4, help="sizes of a curve")
    commandline.add_argument("--figure", type=Path, help="a plot to write (.png or .svg)")
    options = commandline.parse_args()
    torch.set_num_threads(1)
    found = list(curves(options.steps))
    print(machine(), "\n")
    print("\n".join(lines(found)))
    if options.figure:
        draw(found, options.figure)


if __name__ == "__main__":
    main()
