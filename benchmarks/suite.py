"""All benchmarks that two cores do in ten minutes: a table, and JSON that the documentation is made of.

make bench
python -m benchmarks.suite --json results/bench.json --figure docs/pictures/scaling.png
python -m benchmarks.page results/bench.json docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

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


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--json", type=Path, required=True, help="file to write")
    commandline.add_argument("--figure", type=Path, help="plot of the scaling to write")
    commandline.add_argument("--torchreid", type=Path, help="a folder of that project, see published_ranking")
    names = [*parts(None), "scaling"]
    commandline.add_argument("--only", nargs="+", choices=names, default=names, help="these alone")
    options = commandline.parse_args()
    torch.set_num_threads(1)
    found = {"machine": machine() | {name: version(name) for name in PACKAGES}, "rows": [], "curves": []}
    start = time.perf_counter()
    for name, compare in parts(options.torchreid).items():
        if name in options.only:
            rows = list(compare())
            print(f"\n{name}\n\n" + "\n".join(table(rows)), flush=True)
            found["rows"] += [row.as_dict() for row in rows]
    if "scaling" in options.only:
        curves = list(scaling.curves(steps=4))
        print("\nscaling\n\n" + "\n".join(scaling.lines(curves)), flush=True)
        found["curves"] = [one.as_dict() for one in curves]
        if options.figure:
            scaling.draw(curves, options.figure)
    found["seconds"] = round(time.perf_counter() - start, 1)
    found["machine"]["load_after"] = machine()["load_before"]
    write_json(options.json, found)
    print(f"\n{found['machine']}\n{found['seconds']} s, {options.json}")


if __name__ == "__main__":
    main()
