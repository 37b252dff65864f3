"""What is to be filled, and what fills it: the form that all methods of completion share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stcnet_lib.completion.alignment import Match


@dataclass(frozen=True)
class FillTask:
    """Regions of one frame to fill from the same references; frames are numbered within the tracklet."""

    frame: int
    regions: tuple[int, ...]
    references: tuple[int, ...] = ()  # the nearest frames that may show the regions, in their order
    leave: bool = False  # nothing to be done, but to be recorded
    shown: tuple[int, ...] = ()  # further ones, the references among them, for methods that look at many
    witnesses: tuple[int, ...] = ()  # likewise those with which a judge compares the result
    moved: tuple[tuple[int, Match], ...] = ()  # references and shown frames that are moved to lie on this one
    window: range = range(0)  # frames in a row around its own, for networks that see such

    @property
    def needed(self) -> set[int]:
        """The frames that filling may look at, its own among them."""
        return {self.frame, *self.references, *self.shown, *self.window, *self.witnesses}


@dataclass(frozen=True)
class Filling:
    """A completed frame, uint8 (h, w, 3), of which only the task's regions are used."""

    image: np.ndarray
    method: str
    around: np.ndarray | None = None  # uint8 (H, W, 3) as the frame: what the source shows beyond the regions


class Filler(Protocol):
    """Fills the tasks of one tracklet."""

    def fill(
        self, tasks: Sequence[FillTask], images: dict[int, np.ndarray], flags: np.ndarray
    ) -> list[Filling | None]:
        """One filling a task; None leaves the region as it is.

        Args:
            images: the tracklet's frames that the tasks name, uint8 (H, W, 3).
            flags: (T, K) of the tracklet.
        """
        ...
