"""One box of a track, and boxes as a text of MOTChallenge."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stcnet_lib.common.files import replacing

UNKNOWN = -1


class Box(NamedTuple):
    """What one tool said of one frame."""

    frame: int  # from 1
    track: int  # -1: of none
    left: float  # pixels, of the upper left corner
    top: float
    width: float  # pixels
    height: float
    confidence: float = UNKNOWN
    category: int = UNKNOWN  # number of its class


def write_mot(path: Path, boxes: Iterable[Box]) -> None:
    """Write `frame, id, x, y, width, height, confidence, class`, a box a line, by frame and track."""
    lines = [
        f"{box.frame},{box.track},{box.left:.3f},{box.top:.3f},{box.width:.3f},{box.height:.3f},"
        f"{box.confidence:g},{box.category}\n"
        for box in sorted(boxes)
    ]
    with replacing(path) as partial:
        partial.write_text("".join(lines), encoding="utf-8")
