"""Preparing a data set of the size of MARS: memory, frames a second, opening the store, random reads.

A tree in MARS's layout is generated with the published counts (8,298 train tracklets of 509,914 frames,
12,180 test tracklets of 681,089, of which 870 junk and 3,248 distractors; 625 and 626 people, 1,980 queries).
Of the lengths of tracklets only least (5), median (36, of train), most (900) and the sums are published: they
are drawn as the quantiles of a log-normal distribution with that median, cut at 5 and 900, whose spread is
found by bisection so that the sum is right; the median of test is assumed to be that of train. Images are
JPEGs of 8×16 pixels, no two files alike (a comment in each holds its number). The real command prepares the
tree.

    python -m benchmarks.prepare_mars --frames 1190000
"""

from __future__ import annotations

import argparse
import io
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.io
from PIL import Image
from scipy.special import ndtri

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.store import TrackletStore
from stcnet_lib.files import read_json

LEAST, MEDIAN, MOST = 5, 36, 900  # frames of a tracklet
CAMERAS = 6
PICTURES = 256  # that differ in pixels
READS = 20_000


class Part(NamedTuple):
    """Published counts of train or test."""

    name: str
    tracklets: int
    frames: int
    people: int
    junk: int
    distractors: int
    queries: int


PARTS = (Part("train", 8_298, 509_914, 625, 0, 0, 0), Part("test", 12_180, 681_089, 626, 870, 3_248, 1_980))
ALL = sum(part.frames for part in PARTS)


class Tracklet(NamedTuple):
    """A row of the tables, before its frames have lines."""

    person: int
    camera: int
    number: int  # among those of the person before the camera
    length: int


def scaled(part: Part, share: float) -> Part:
    """A smaller data set of the same make."""
    counts = {key: math.ceil(value * share) for key, value in part._asdict().items() if key != "name"}
    return part._replace(**counts)


def tracklet_lengths(tracklets: int, frames: int, seed: int = 0) -> np.ndarray:
    """int (N,): lengths with the published median and range and the sum `frames`, in random order."""
    normal = ndtri((np.arange(tracklets) + 0.5) / tracklets)

    def at(spread: float) -> np.ndarray:
        return np.clip(np.rint(MEDIAN * np.exp(spread * normal)), LEAST, MOST).astype(int)

    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle).sum() < frames else (low, middle)
    lengths = np.random.default_rng(seed).permutation(at(low))
    # Rounding leaves a few frames over: one each for the first tracklets that have room.
    missing = frames - int(lengths.sum())
    room = np.flatnonzero(lengths < MOST)[:missing]
    lengths[room] += 1
    if int(lengths.sum()) != frames:
        raise ValueError(f"{frames} frames do not fit into {tracklets} tracklets of {LEAST} to {MOST}")
    return lengths


def tracklets_of(part: Part) -> list[Tracklet]:
    """People take turns, and cameras in turn within a person; junk and distractors come first."""
    owners = [-1] * part.junk + [0] * part.distractors
    others = part.tracklets - len(owners)
    first = 1 if part.name == "train" else 1 + sum(other.people for other in PARTS)
    owners += [first + place * part.people // others for place in range(others)]
    seen: dict[int, int] = {}
    rows = []
    for person, length in zip(owners, tracklet_lengths(part.tracklets, part.frames).tolist(), strict=True):
        place = seen[person] = seen.get(person, -1) + 1
        rows.append(Tracklet(person, 1 + place % CAMERAS, 1 + place // CAMERAS, length))
    return rows


def pictures() -> list[bytes]:
    """JPEGs of noise."""
    encoded = []
    for image in np.random.default_rng(0).integers(0, 256, (PICTURES, 16, 8, 3), np.uint8):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG")
        encoded.append(buffer.getvalue())
    return encoded


def write_tree(root: Path, parts: list[Part]) -> None:
    """The data set, with its tables."""
    templates, serial = pictures(), 0
    (root / "info").mkdir(parents=True)
    for part in parts:
        names, rows, tracklets = [], [], tracklets_of(part)
        for tracklet in tracklets:
            person = "00-1" if tracklet.person < 0 else f"{tracklet.person:04d}"
            folder = root / f"bbox_{part.name}" / person
            folder.mkdir(parents=True, exist_ok=True)
            first = len(names) + 1
            for frame in range(1, tracklet.length + 1):
                names.append(f"{person}C{tracklet.camera}T{tracklet.number:04d}F{frame:03d}.jpg")
                data, serial = templates[serial % PICTURES], serial + 1
                comment = b"\xff\xfe\x00\x0a" + serial.to_bytes(8)
                with open(f"{folder}/{names[-1]}", "wb", buffering=0) as file:
                    file.write(data[:2] + comment + data[2:])
            rows.append((first, len(names), tracklet.person, tracklet.camera))
        (root / f"info/{part.name}_name.txt").write_text("".join(f"{name}\n" for name in names))
        table = {f"track_{part.name}_info": np.array(rows, np.float64)}
        scipy.io.savemat(root / f"info/tracks_{part.name}_info.mat", table)
    queries = np.array([query_rows(tracklets, part.queries)], np.float64)
    scipy.io.savemat(root / "info/query_IDX.mat", {"query_IDX": queries})


def query_rows(tracklets: list[Tracklet], count: int) -> list[int]:
    """1-based rows: the first tracklets of everybody before the first camera, then the second, …"""
    rows = [row for row, tracklet in enumerate(tracklets, 1) if tracklet.person > 0]
    rows.sort(key=lambda row: (tracklets[row - 1].number, tracklets[row - 1].camera, row))
    return sorted(rows[:count])


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
