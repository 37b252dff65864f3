"""Checks of a source: what a tracklet's frames tell about each other, and tracklets about each other.

Frames that cannot be decoded are found where they are read (`reading.py`), faults of the tree by its layout.
A fault that many frames of a tracklet share is one finding, which names the first of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from stcnet_lib.data.source.layouts.base import Finding, SourceTracklet
from stcnet_lib.data.source.reading import GoodFrame
from stcnet_lib.data.store.tracklets import Role, TrackletStore

# A frame this many times higher or wider than the median of its tracklet, or as much smaller. Boxes of
# somebody who comes nearer grow, but hardly that much.
_SIZE_RATIO = 3.0
# Steps between frame numbers: a tracklet is regular if this share of them is equal, and then any longer step
# is a gap. In others (trackers lose people for a moment) it is a step this many times the median.
_REGULAR, _LEAST_STEPS, _STEP_RATIO = 0.75, 4, 10

# Values of 14 bits in files of 16 decode to at most 63 of 255.
_FEW_BITS = 14

_TEST = (Role.QUERY, Role.GALLERY)

# Names that tell person and camera: 0001C1T0001F001 (MARS), 0001_C6_F0099_X30823 (Duke), 0002_c1s1_000451_01
# (Market-1501 and many that follow it); cam1_person001_00317 (iLIDS-VID).
_TELLING = (
    re.compile(r"(?P<person>-?\d{3,5}|00-1)_?[cC](?P<camera>\d{1,2})(?!\d)"),
    re.compile(r"cam(?P<camera>\d+)_person(?P<person>\d+)(?!\d)"),
)


def check_tracklet(
    tracklet: SourceTracklet, frames: Sequence[GoodFrame], numbers_in_names: bool = True
) -> Iterator[Finding]:
    """What is odd about the usable frames of a tracklet.

    Args:
        numbers_in_names: frame numbers come from file names, not from a table.
    """
    if not frames:
        wrong = "a usable frame" if tracklet.frames else "images"
        yield Finding("no_frames", tracklet.name, f"a tracklet without {wrong}")
        return
    if len(frames) == 1:
        yield Finding("one_frame", tracklet.name, "a tracklet of one frame, which nothing can complete")
    yield from _repeated(tracklet, frames)
    yield from _converted(tracklet, frames)
    yield from _empty_bits(tracklet, frames)
    yield from _jumping_sizes(tracklet, frames)
    yield from _mixed_names(tracklet, frames)
    yield from _gaps(tracklet, frames)
    if numbers_in_names:
        yield from _unsorted(tracklet, frames)


def _repeated(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    first_with: dict[int, str] = {}
    copies = [
        (frame.frame.source, original)
        for frame in frames
        if (original := first_with.setdefault(frame.digest, frame.frame.source)) != frame.frame.source
    ]
    if copies:
        copy, original = copies[0]
        reason = f"{len(copies)} frames of {tracklet.name} repeat another; this one {original}"
        yield Finding("duplicate", copy, reason)


def _converted(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    for changes, count in Counter(frame.facts.changes for frame in frames if frame.facts.changes).items():
        first = next(frame for frame in frames if frame.facts.changes == changes)
        reason = (
            f"{', '.join(changes)}: normalised to upright 8-bit RGB whenever it is read; "
            f"{count} such frames in {tracklet.name}"
        )
        yield Finding("converted", first.frame.source, reason)


def _empty_bits(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    """Images of 16 bits, all of them nearly black: values of a sensor with fewer bits, stored as they are."""
    deep = [frame for frame in frames if frame.facts.used_bits is not None]
    most = max((frame.facts.used_bits for frame in deep), default=16)
    if most <= _FEW_BITS:
        reason = (
            f"the upper bits are almost empty: its 16-bit values need {most} bits, so it decodes to at most "
            f"{(2**most - 1) >> 8} of 255; wanted values scaled to 16 bits; {len(deep)} such frames in "
            f"{tracklet.name}"
        )
        yield Finding("empty_bits", deep[0].frame.source, reason)


def _jumping_sizes(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    sizes = np.array([(frame.facts.height, frame.facts.width) for frame in frames])  # (T, 2)
    median = np.median(sizes, axis=0)  # (2,)
    odd = np.flatnonzero((np.maximum(sizes / median, median / sizes) > _SIZE_RATIO).any(axis=1))
    if len(odd):
        facts = frames[odd[0]].facts
        reason = (
            f"{facts.width}×{facts.height} pixels, while the median of {tracklet.name} is "
            f"{median[1]:g}×{median[0]:g}; {len(odd)} such frames"
        )
        yield Finding("size_jump", frames[odd[0]].frame.source, reason)


def _mixed_names(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    """Names that tell different people or cameras; layouts that go by names have left such frames out."""
    names = [PurePosixPath(frame.frame.source).name for frame in frames]
    for pattern in _TELLING:
        found = [pattern.match(name) for name in names]
        if not all(found):
            continue
        told = [(match["person"], int(match["camera"])) for match in found if match]
        common, count = Counter(told).most_common(1)[0]
        odd = [place for place, label in enumerate(told) if label != common]
        if odd:
            person, camera = told[odd[0]]
            reason = (
                f"its name says person {person} before camera {camera}; "
                f"{count} of {len(told)} names in {tracklet.name} say {common[0]} before {common[1]}"
            )
            yield Finding("mixed_names", frames[odd[0]].frame.source, reason)
        return


def _gaps(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    numbers = [frame.frame.number for frame in frames]
    steps = np.diff(numbers)
    if len(steps) < _LEAST_STEPS:
        return
    common, count = Counter(steps.tolist()).most_common(1)[0]
    regular = count >= _REGULAR * len(steps)
    limit = common if regular else _STEP_RATIO * float(np.median(steps))
    long = np.flatnonzero(steps > limit)
    if len(long):
        at = int(long[0])
        usual = f"the step is {common} elsewhere" if regular else f"the median step is {np.median(steps):g}"
        reason = (
            f"frame {numbers[at + 1]} of {tracklet.name} comes after {numbers[at]}, while {usual}; "
            f"{len(long)} such gap{'s' if len(long) > 1 else ''}"
        )
        yield Finding("gap", frames[at + 1].frame.source, reason)


def _unsorted(tracklet: SourceTracklet, frames: Sequence[GoodFrame]) -> Iterator[Finding]:
    """Names whose last numbers fall in the order of the frames, so that places number them."""
    stems = [PurePosixPath(frame.frame.source).stem for frame in frames]
    digits = [re.findall(r"\d+", stem) for stem in stems]
    if not any(digits):
        return
    # The first of some tools' crops has none: im.jpg, im2.jpg, im3.jpg.
    first = int(not digits[0])
    for place, (before, after) in enumerate(pairwise(digits[first:]), first):
        # Equal ones are no frame numbers: names may end in something that all share.
        if not before or not after or int(before[-1]) > int(after[-1]):
            source = frames[place + 1].frame.source
            reason = f"no number above that of {stems[place]}, after which it comes: places number the frames"
            yield Finding("unsorted", source, reason)
            return


def shared_identities(pids: np.ndarray, roles: np.ndarray, split: int) -> Iterator[Finding]:
    """People of train who are in query or gallery too: their test says nothing about strangers.

    Args:
        pids: int (N,).
        roles: int (N,), of that split.
    """
    train, test = pids[roles == Role.TRAIN], pids[np.isin(roles, _TEST)]
    for pid in np.intersect1d(train, test):
        yield Finding("shared_identity", f"identity {pid}", f"in train and in test of split {split}")


def lonely_queries(store: TrackletStore) -> Iterator[Finding]:
    """Queries nobody can find: no tracklet of that person before another camera."""
    for split, roles in enumerate(store.roles):
        table = store.tracklets.assign(role=roles)
        cameras = table[table["role"].isin(_TEST)].groupby("pid")["camera"].nunique()
        queries = table[table["role"] == Role.QUERY]
        for name in queries[queries["pid"].map(cameras) < 2]["name"]:
            yield Finding("query_without_match", name, f"no other camera, split {split}")


def shared_frames(store: TrackletStore, digests: np.ndarray) -> Iterator[Finding]:
    """The same image as a frame of different people: at least one of the labels is wrong.

    Args:
        digests: uint64 (F,), of the encoded frames.
    """
    order = np.argsort(digests, kind="stable")
    one, other = order[:-1], order[1:]  # equal images are neighbours
    tracklet, pid = store.frame_tracklet, store.tracklets["pid"].to_numpy()
    same = digests[one] == digests[other]
    one, other = one[same], other[same]
    differ = pid[tracklet[one]] != pid[tracklet[other]]
    pairs = pd.DataFrame({"one": one[differ], "other": other[differ]})
    pairs["from"], pairs["to"] = tracklet[pairs["one"]], tracklet[pairs["other"]]
    for (from_tracklet, to_tracklet), group in pairs.groupby(["from", "to"]):
        one_frame, other_frame = group[["one", "other"]].iloc[0].tolist()
        first = store.sources(range(one_frame, one_frame + 1))[0]
        second = store.sources(range(other_frame, other_frame + 1))[0]
        reason = (
            f"the same bytes as {first}, of people {pid[from_tracklet]} and {pid[to_tracklet]}; "
            f"{len(group)} such frames in the two tracklets"
        )
        yield Finding("shared_frame", second, reason)
