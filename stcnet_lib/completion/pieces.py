"""What is replaced in a tracklet, region by region: from which frames, and how it is pasted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from stcnet_lib import REGIONS
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.alignment import matches
from stcnet_lib.completion.judging import WITNESSES
from stcnet_lib.completion.neighbours import nearest, nearest_frames, usable_frames, window_around
from stcnet_lib.completion.pixels.within import PixelsWithin
from stcnet_lib.completion.seams import border_gap, hide_seams
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.views import aligned
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.config.methods import METHODS
from stcnet_lib.data.store.tracklets import TrackletStore


@dataclass(frozen=True)
class Piece:
    """One region of a task, and what it is replaced by: None leaves it."""

    task: FillTask
    region: int
    filling: Filling | None
    flagged: np.ndarray | None = None  # bool (K,), of its frame, if its seams are to be hidden
    gap: float = float("nan")  # to what is beside it (`border_gap`); not a number where nobody judges
    confidence: float = float("nan")  # that this is better; likewise

    @property
    def method(self) -> str:
        return "left" if self.filling is None else self.filling.method

    def picture(self, images: dict[int, np.ndarray]) -> np.ndarray:
        """The frame as it will be if this region alone is replaced, uint8 (H, W, 3)."""
        image = images[self.task.frame]
        if self.filling is not None:
            image = image.copy()
            self.paste(image, images)
        return image

    def paste(self, image: np.ndarray, images: dict[int, np.ndarray]) -> None:
        """Put the region into its frame `image`, uint8 (H, W, 3), in place."""
        paste_band(image, self.filling.image, self.region)
        if self.flagged is not None:
            hide_seams(image, images[self.task.frame], self.filling.around, self.region, self.flagged)


@dataclass(frozen=True)
class Work:
    """What is to be filled in the frames of one tracklet."""

    tasks: list[FillTask]
    images: dict[int, np.ndarray]  # that the tasks need, uint8 (H, W, 3), by number within the tracklet
    flags: np.ndarray  # bool (T, K)
    masks: Sequence[np.ndarray] | None = None  # bool (H, W) each: hidden pixels, if these alone are replaced
    _likeness: dict[tuple[int, int], float] = field(default_factory=dict)  # of pairs of frames, once compared

    @classmethod
    def of(
        cls,
        config: CompletionConfig,
        store: TrackletStore,
        frames: range,
        flags: np.ndarray,
        references: ReferencesConfig,
        witnesses: bool = False,
        masks: Sequence[np.ndarray] | None = None,
    ) -> Work:
        """
        Args:
            frames: of the tracklet; flags: (T, K) of it.
            references: which frames they are filled from.
            witnesses: whether a judge compares the results with other frames.
            masks: hidden pixels of its frames, if in flagged thirds these alone are replaced.
        """
        tasks = [
            task
            for t in np.flatnonzero(flags.any(1))
            for task in _tasks(config, flags, int(t), references, witnesses)
        ]
        needed = sorted(set().union(*(task.needed for task in tasks)))
        images = {t: store.read_image(frames.start + t) for t in needed}
        return cls(aligned(tasks, images, flags) if config.align else tasks, images, flags, masks)

    def likeness(self, task: FillTask) -> float:
        """How alike the task's frame and its nearest witness are in thirds that both show (`Match`)."""
        t = min(task.witnesses, key=lambda t: abs(t - task.frame))
        pair = (task.frame, t)
        if pair not in self._likeness:
            images, flags = self.images, self.flags
            (match,) = matches(images[task.frame], flags[task.frame], [images[t]], flags[[t]])
            self._likeness[pair] = match.likeness
        return self._likeness[pair]

    def filled(
        self, filler: Filler | PixelsWithin, seam: str, tasks: list[FillTask] | None = None
    ) -> list[Piece]:
        """The tasks, or other ones of the tracklet, region by region.

        Args:
            filler: of pixels where there are masks; seam: as in `CompletionConfig`, of no use to pixels.
        """
        tasks = self.tasks if tasks is None else tasks
        if self.masks is not None:
            filler, seam = filler.of(self.masks), "none"
        return [
            self._piece(task, region, filling, seam)
            for task, filling in zip(tasks, filler.fill(tasks, self.images, self.flags), strict=True)
            for region in task.regions
        ]

    def _piece(self, task: FillTask, region: int, filling: Filling | None, seam: str) -> Piece:
        flagged = self.flags[task.frame]
        piece = Piece(task, region, filling, flagged if seam == "blend" else None)
        if filling is None or not task.witnesses:
            return piece
        gap = border_gap(self.images[task.frame], filling.around, region, flagged)
        return replace(piece, gap=gap)


def _tasks(
    config: CompletionConfig, flags: np.ndarray, t: int, references: ReferencesConfig, witnesses: bool
) -> list[FillTask]:
    """What to fill in frame t: all its regions at once, or each with references of its own."""
    flagged = tuple(int(k) for k in np.flatnonzero(flags[t]))
    if len(flagged) == len(REGIONS) and config.all_occluded == "leave":
        return [FillTask(t, flagged, leave=True)]
    groups = [(region,) for region in flagged] if references.references == "region" else [flagged]
    tasks = []
    for regions in groups:
        usable = usable_frames(flags, regions[0], references)
        chosen = nearest(usable, t - 1, t + 1)
        leave = not chosen and config.no_reference == "leave"
        looks_around = METHODS[config.method].looks_around or config.of_pixels
        shown = nearest_frames(usable, t, t) if looks_around else ()
        window = range(0)
        if references.window:
            window = window_around(t, len(flags), references.window)
            shown = tuple(n for n in window if usable[n] and n != t)
        compared = nearest_frames(usable, t, t, WITNESSES) if witnesses else ()
        tasks.append(FillTask(t, regions, chosen, leave, shown, compared, window=window))
    return tasks


def paste_band(image: np.ndarray, filling: np.ndarray, region: int) -> None:
    """Put one region of `filling`, resized if need be, into `image` in place; no other pixel changes.

    The band is made of the rows that overlap it and of no others: beside them `filling` holds what was
    visible. All of them are inside the mask under which the region was filled (`touched_rows`).

    Args:
        image: uint8 (H, W, 3).
        filling: uint8 (h, w, 3), a completion of the same frame at any size.
    """
    height, width = image.shape[:2]
    top, bottom = region_rows(height)[region : region + 2]
    if filling.shape == image.shape:
        image[top:bottom] = filling[top:bottom]
        return
    if top == bottom:  # a frame of two rows has no middle third
        return
    rows, columns = filling.shape[:2]
    first, last = top * rows // height, -(-bottom * rows // height)
    box = (0, top * rows / height - first, columns, bottom * rows / height - first)
    part = Image.fromarray(filling[first:last])
    band = part.resize((width, bottom - top), Image.Resampling.BICUBIC, box=box)
    image[top:bottom] = np.asarray(band)
