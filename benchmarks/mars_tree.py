"""A tree in MARS's layout and of its size.

The counts are the published ones (8,298 train tracklets of 509,914 frames, 12,180 test tracklets of 681,089,
of which 870 junk and 3,248 distractors; 625 and 626 people, 1,980 queries). Of the lengths of tracklets only
least (5), median (36, of train), most (900) and the sums are published: they are drawn as the quantiles of a
log-normal distribution with that median, cut at 5 and 900, whose spread is found by bisection so that the sum
is right; the median of test is assumed to be that of train. Images are JPEGs of 8×16 pixels, no two files
alike (a comment in each holds its number).
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.io
from PIL import Image
from scipy.special import ndtri

LEAST, MEDIAN, MOST = 5, 36, 900  # frames of a tracklet
CAMERAS = 6
PICTURES = 256  # that differ in pixels


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
