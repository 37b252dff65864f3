"""Image names that tell person, camera and frame, and tracklets in which they disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stcnet_lib.data.source.layouts.base import Finding, Frame, numbered


class NamedFrame(NamedTuple):
    """What the name of an image says."""

    person: str
    camera: int
    number: int
    source: str


def whole_number(text: str) -> int:
    """ "0007" is 7 and "00-1" is -1."""
    sign = -1 if "-" in text else 1
    return sign * int(text.replace("-", ""))


def of_one_person(
    frames: Sequence[NamedFrame], tracklet: str, findings: list[Finding]
) -> tuple[NamedFrame, ...]:
    """The frames with the commonest person and camera; others are added to `findings`.

    Of equally common ones the first in alphabetical order stays.
    """
    counts = Counter((frame.person, frame.camera) for frame in frames)
    if len(counts) < 2:
        return tuple(frames)
    person, camera = min(counts, key=lambda label: (-counts[label], label))
    findings += [
        Finding(
            "mixed_tracklet",
            frame.source,
            f"shows person {frame.person} before camera {frame.camera}, "
            f"while tracklet {tracklet} is of person {person} before camera {camera}",
        )
        for frame in frames
        if (frame.person, frame.camera) != (person, camera)
    ]
    return tuple(frame for frame in frames if (frame.person, frame.camera) == (person, camera))


def in_order(frames: Sequence[NamedFrame]) -> tuple[Frame, ...]:
    """By frame number."""
    return numbered((frame.number, frame.source) for frame in frames)
