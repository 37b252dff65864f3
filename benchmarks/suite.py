"""All benchmarks that two cores do in ten minutes: a table, and JSON that the documentation is made of.

make bench
python -m benchmarks.suite --json results/bench.json --figure docs/pictures/scaling.png
python -m benchmarks.page results/bench.json docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks import attention, decoders, planning, published_ranking, ranking, scaling, stages
from benchmarks.measuring import Row, machine, table
from stcnet_lib.common.files import write_json

FEWER = 166  # people for re-ranking, whose plain form takes N² memory: a quarter of MARS
PACKAGES = ("numpy", "torch", "torchvision", "pillow", "snakemake")


def parts(torchreid: Path | None) -> dict[str, Callable[[], Iterator[Row]]]:
    """What is compared, by name, in order."""
    size = ranking.PEOPLE, 2048
    return {
        "ranking": partial(ranking.compare_ranking, *size, repeats=2),
        "torchreid": partial(published_ranking.compare, *size, torchreid),
        "reranking": partial(ranking.compare_reranking, FEWER, 2048, repeats=2),
        "attention": partial(attention.compare, batch=32, repeats=5),
        "stages": partial(stages.compare, tracklets=96, threads=1),
        "decoders": partial(decoders.compare, count=500, repeats=3),
        "planning": planning.compare,
    }


def measured(name: str, torchreid: Path | None) -> list[dict[str, Any]]:
    """Rows of a part, or curves, for JSON; in a process of its own, whose memory nothing else has used."""
    multiprocessing.set_start_method("fork", force=True)  # of loaders' workers, as in a job
    torch.set_num_threads(1)
    found = list(scaling.curves(steps=4) if name == "scaling" else parts(torchreid)[name]())
    lines = scaling.lines(found) if name == "scaling" else table(found)
    print(f"\n{name}\n\n" + "\n".join(lines), flush=True)
    return [one.as_dict() for one in found]


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--json", type=Path, required=True, help="file to write")
    commandline.add_argument("--figure", type=Path, help="plot of the scaling to write")
    commandline.add_argument("--torchreid", type=Path, help="a folder of that project, see published_ranking")
    names = [*parts(None), "scaling"]
    commandline.add_argument("--only", nargs="+", choices=names, default=names, help="these alone")
    options = commandline.parse_args()
    found = {"machine": machine() | {name: version(name) for name in PACKAGES}, "rows": [], "curves": []}
    start = time.perf_counter()
    for name in options.only:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            values = process.submit(measured, name, options.torchreid).result()
        found["curves" if name == "scaling" else "rows"] += values
    found["seconds"] = round(time.perf_counter() - start, 1)
    found["machine"]["load_after"] = machine()["load_before"]
    write_json(options.json, found)
    if options.figure and found["curves"]:
        scaling.draw([scaling.Curve.of(values) for values in found["curves"]], options.figure)
    print(f"\n{found['machine']}\n{found['seconds']} s, {options.json}")


if __name__ == "__main__":
    main()
