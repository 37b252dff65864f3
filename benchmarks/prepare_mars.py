"""Preparing a data set of the size of MARS: memory, frames a second, opening the store, random reads.

A tree in MARS's layout is generated (`mars_tree.py`), and the real command prepares it.

    python -m benchmarks.prepare_mars --frames 1190000
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.mars_tree import ALL, PARTS, Part, scaled, write_tree
from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.store.tracklets import TrackletStore

READS = 20_000


def all_processes(first: int) -> Iterator[int]:
    """A process and its children, where the system tells (Linux)."""
    yield first
    try:
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from all_processes(int(child))


def shared_out_memory(process: int) -> int:
    """Bytes of a process and its children, what they share counted once; 0 where the system does not tell."""
    total = 0
    for number in all_processes(process):
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def prepare_tree(root: Path, out: Path, processes: int) -> dict[str, float]:
    """Run the command of the rule; seconds and memory."""
    config = DatasetConfig(name="mars", layout="mars", root=str(root)).canonical_json()
    command = [sys.executable, "-m", "workflow.scripts.prepare_dataset", "--config", config]
    command += ["--store", str(out / "tracklets.h5"), "--report", str(out / "integrity.json")]
    started = time.perf_counter()
    running = subprocess.Popen([*command, "--processes", str(processes)])
    together = 0
    while True:
        done, status, usage = os.wait4(running.pid, os.WNOHANG)
        if done:
            break
        together = max(together, shared_out_memory(running.pid))
        time.sleep(0.5)
    if status:
        raise SystemExit(f"prepare_dataset ended with {os.waitstatus_to_exitcode(status)}")
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "largest": usage.ru_maxrss * 1024, "together": together}


def read_store(path: Path) -> dict[str, float]:
    """Seconds to open it with all tables; reads and decoded reads a second, in random order."""
    started = time.perf_counter()
    store = TrackletStore(path)
    tables = (store.tracklets, store.roles, store.frame_number, store.frame_tracklet, store.num_frames)
    opened = time.perf_counter() - started
    frames = np.random.default_rng(1).integers(0, tables[-1], READS).tolist()
    rates = []
    for read in (store.read_bytes, store.read_image):
        started = time.perf_counter()
        for frame in frames:
            read(frame)
        rates.append(READS / (time.perf_counter() - started))
    store.close()
    return {"opened": opened, "reads": rates[0], "images": rates[1]}


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument(
        "--frames", type=int, default=ALL, help="of the data set; published: %(default)s"
    )
    commandline.add_argument("--processes", type=int, default=2, help="that check frames")
    commandline.add_argument("--folder", type=Path, help="to work in; it needs 6 kB a frame")
    options = commandline.parse_args()
    parts = [scaled(part, min(1, options.frames / ALL)) for part in PARTS]
    folder = Path(tempfile.mkdtemp(prefix="prepare_mars_", dir=options.folder))
    try:
        print_table(measure(folder, parts, options.processes))
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, parts: list[Part], processes: int) -> dict[str, str]:
    """The rows of the table."""
    frames = sum(part.frames for part in parts)
    started = time.perf_counter()
    write_tree(folder / "MARS", parts)
    written = time.perf_counter() - started
    found = prepare_tree(folder / "MARS", folder / "out", processes)
    read = read_store(folder / "out/tracklets.h5")
    report = read_json(folder / "out/integrity.json")
    counts, differing = report["published"]["counts"], report["published"]["differing"]
    size = (folder / "out/tracklets.h5").stat().st_size
    return {
        "frames, tracklets": f"{frames:,}, {sum(part.tracklets for part in parts):,}",
        "published counts found": f"{len(counts) - len(differing)} of {len(counts)}",
        "faults found": f"{sum(report['found'].values())}",
        "writing the tree": f"{written:.0f} s",
        f"preparing with {processes} processes": f"{found['seconds']:.0f} s",
        "frames a second": f"{frames / found['seconds']:,.0f}",
        "peak memory, largest process": f"{found['largest'] / 1e6:.0f} MB",
        "peak memory, all processes (shared pages once)": f"{found['together'] / 1e6:.0f} MB",
        "store": f"{size / 1e6:.0f} MB",
        "opening the store, with its tables": f"{1000 * read['opened']:.0f} ms",
        "random frames a second, encoded": f"{read['reads']:,.0f}",
        "random frames a second, decoded": f"{read['images']:,.0f}",
    }


def print_table(rows: dict[str, str]) -> None:
    """In Markdown."""
    print("| | |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows.items()), flush=True)


if __name__ == "__main__":
    main()
