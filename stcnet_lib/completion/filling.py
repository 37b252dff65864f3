"""Ways to fill a flagged region: STCnet, its spatial generator, and the controls it must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2 import functional as transforms

from stcnet_lib import REGIONS
from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.alignment import Match, matches, shifted
from stcnet_lib.completion.neighbours import NONE, both_sides
from stcnet_lib.completion.seams import BEYOND
from stcnet_lib.completion.stcnet.blending import Routes, route
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.clips.transforms import from_unit, to_unit

# Regions filled at once. Attention maps of more do not fit a CPU's cache: 16 ran 2.3 times as fast as 64.
BATCH = {"cpu": 16, "cuda": 256}


@dataclass(frozen=True)
class FillTask:
    """Regions of one frame to fill from the same references; frames are numbered within the tracklet."""

    frame: int
    regions: tuple[int, ...]
    previous: int
    next: int
    leave: bool = False  # nothing to be done, but to be recorded
    shown: tuple[int, ...] = ()  # the nearest frames that may show the regions, for methods that look at many
    witnesses: tuple[int, ...] = ()  # likewise, with which a judge compares the result
    moved: tuple[tuple[int, Match], ...] = ()  # sources and shown frames that are moved to lie on this one

    @property
    def sources(self) -> tuple[int, int]:
        """Both references, a missing side replaced by the other one."""
        return both_sides(self.previous, self.next)

    @property
    def needed(self) -> set[int]:
        """The frames that filling may look at, its own among them."""
        return {self.frame, *self.sources, *self.shown, *self.witnesses} - {NONE}

    @property
    def has_reference(self) -> bool:
        return self.sources[0] != NONE


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


def copy_nearest(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """The same third of the nearest frame in which it is visible: no network at all."""
    if not task.has_reference:
        return None
    previous, following = task.sources
    closer = previous if abs(task.frame - previous) <= abs(following - task.frame) else following
    picture = fitted(images[closer], *images[task.frame].shape[:2])
    return Filling(picture, "copy", without_hidden(picture, flags[closer]))


def aligned(tasks: Sequence[FillTask], images: dict[int, np.ndarray], flags: np.ndarray) -> list[FillTask]:
    """The tasks of one tracklet, with how the frames that they restore from have to be moved.

    Args:
        images: the frames that the tasks need; flags: (T, K).
    """
    found: dict[int, dict[int, Match]] = {}  # by frame: tasks of one frame share most of the others
    result = []
    for task in tasks:
        known = found.setdefault(task.frame, {})
        others = sorted({*task.sources, *task.shown} - {NONE, task.frame})
        if new := [t for t in others if t not in known]:
            pictures = [images[t] for t in new]
            known.update(
                zip(new, matches(images[task.frame], flags[task.frame], pictures, flags[new]), strict=True)
            )
        moved = tuple((t, known[t]) for t in others if known[t].down or known[t].right)
        result.append(replace(task, moved=moved))
    return result


def views(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> dict[int, np.ndarray]:
    """The images as the task needs them: frames to be moved have its frame's size, and are moved.

    Hidden thirds of these show the nearest visible row first, so that none of them moves into another third.
    """
    if not task.moved:
        return images
    size = images[task.frame].shape[:2]
    return images | {
        t: shifted(without_hidden(fitted(images[t], *size), flags[t]), match.down, match.right)
        for t, match in task.moved
    }


def fitted(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A frame in the size of another one, third by third, so that no third takes pixels of the next.

    uint8 (h, w, 3) -> (height, width, 3).
    """
    if image.shape[:2] == (height, width):
        return image
    return np.concatenate([fitted_region(image, region, height, width) for region in range(len(REGIONS))])


def fitted_region(image: np.ndarray, region: int, height: int, width: int) -> np.ndarray:
    """One third of a frame as it is in a frame of another size: uint8 (h, w, 3) -> (rows, width, 3)."""
    start, end = region_rows(len(image))[region : region + 2]
    if image.shape[:2] == (height, width):
        return image[start:end]
    first, last = region_rows(height)[region : region + 2]
    if first == last:  # frames of one or two rows lack a third
        return np.empty((0, width, 3), np.uint8)
    part = Image.fromarray(image[start : max(end, start + 1)])
    return np.asarray(part.resize((width, last - first), Image.Resampling.BICUBIC))


def without_hidden(image: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """A copy in which flagged thirds show the nearest visible row, so that none of their colours is used.

    uint8 (H, W, 3), bool (K,) -> (H, W, 3); a frame with all thirds flagged stays as it is.
    """
    bounds = region_rows(len(image))
    visible = np.repeat(~flags, np.diff(bounds))
    if visible.all() or not visible.any():
        return image.copy()
    rows, shown = np.arange(len(image)), np.flatnonzero(visible)
    nearest = shown[np.abs(rows[:, None] - shown).argmin(axis=1)]
    return image[nearest]


def mean_colour(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """The mean colour of the region in both references: the least a completion must beat."""
    if not task.has_reference:
        return None
    filled = images[task.frame].copy()
    for region in task.regions:
        colours = []
        for source in task.sources:
            rows = region_rows(images[source].shape[0])
            colours.append(images[source][rows[region] : rows[region + 1]].mean((0, 1)))
        rows = region_rows(filled.shape[0])
        filled[rows[region] : rows[region + 1]] = np.mean(colours, 0).round().astype(np.uint8)
    return Filling(filled, "mean")


def median_of_shown(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> Filling | None:
    """The median of each pixel and channel over the nearest frames that show the third: no network at all.

    It drops what is in the way in less than half of the frames, and blurs what moves. Of an even number of
    frames it is the mean of the two middle values, rounded to the nearest even number.
    """
    if not task.shown:
        return None
    height, width = images[task.frame].shape[:2]
    filled, around = images[task.frame].copy(), images[task.frame].copy()
    shown = np.stack([without_hidden(fitted(images[t], height, width), flags[t]) for t in task.shown])
    for region in task.regions:
        top, bottom = region_rows(height)[region : region + 2]
        rows = slice(max(top - BEYOND, 0), bottom + BEYOND)
        around[rows] = np.median(shown[:, rows], axis=0).round().astype(np.uint8)
        filled[top:bottom] = around[top:bottom]
    return Filling(filled, "median", around)


@dataclass(frozen=True)
class OneByOne:
    """A filler that looks at one task at a time."""

    fill_one: Callable[[FillTask, dict[int, np.ndarray], np.ndarray], Filling | None]

    def fill(self, tasks, images, flags):
        return [
            None if task.leave else self.fill_one(task, views(task, images, flags), flags) for task in tasks
        ]


class Completion:
    """STCnet: the temporal generator where a reference exists, the spatial one elsewhere."""

    def __init__(self, network: STCnet, method: str, compute: Compute) -> None:
        """
        Args:
            method: "stcnet", or "spatial" for the spatial generator alone.
        """
        self._network = compute.place(network).eval()
        self._temporal = method == "stcnet" and network.config.temporal != "none"
        self._compute = compute

    def fill(self, tasks, images, flags):
        todo = [task for task in tasks if not task.leave]
        size = BATCH[self._compute.device.type]
        fillings = {}
        for start in range(0, len(todo), size):
            part = todo[start : start + size]
            seen = [views(task, images, flags) for task in part]
            fillings |= self._fill_batch(part, seen, torch.from_numpy(flags.copy()))
        return [fillings.get(task) for task in tasks]

    @torch.inference_mode()
    def _fill_batch(
        self, tasks: Sequence[FillTask], seen: Sequence[dict[int, np.ndarray]], flags: torch.Tensor
    ) -> dict[FillTask, Filling]:
        """The fillings of a few tasks; `seen` are the images of each (`views`)."""
        config = self._network.config

        def stack(numbers: list[int]) -> torch.Tensor:  # (B, 3, H, W) in [-1, 1]
            pictures = [self._resized(images[n]) for images, n in zip(seen, numbers, strict=True)]
            return torch.stack(pictures).to(self._compute.device)

        def masks(numbers: list[int]) -> torch.Tensor:  # (B, 1, H, W)
            originals = [len(images[n]) for images, n in zip(seen, numbers, strict=True)]
            own = flags[numbers].to(self._compute.device)
            return region_mask(own, config.height, config.width, originals)

        frames = [task.frame for task in tasks]
        if not self._temporal:
            with self._compute.autocast(config.precision):
                spatial = _pictures(self._network.spatial(stack(frames), masks(frames)))
            return {task: Filling(spatial[i], "spatial") for i, task in enumerate(tasks)}
        # Without a reference the frame stands in for it, and the temporal result is not used.
        previous = [task.sources[0] if task.has_reference else task.frame for task in tasks]
        following = [task.sources[1] if task.has_reference else task.frame for task in tasks]
        pictures = (stack(numbers) for numbers in (frames, previous, following))
        hidden = (masks(numbers) for numbers in (frames, previous, following))
        with self._compute.autocast(config.precision):
            completion = self._network(*pictures, *hidden)
        spatial, temporal = _pictures(completion.x1), _pictures(completion.x2)
        fillings = {}
        for i, task in enumerate(tasks):
            if not task.has_reference:
                fillings[task] = Filling(spatial[i], "spatial")
                continue
            if completion.routes is None:
                fillings[task] = Filling(temporal[i], "temporal")
                continue
            own = Routes(*(part[i : i + 1].float() for part in completion.routes))
            routed = self._routed(task, seen[i], flags, own)
            same = routed.shape == temporal[i].shape
            fillings[task] = Filling(temporal[i] if same else routed, "temporal", routed)
        return fillings

    def _routed(
        self, task: FillTask, images: dict[int, np.ndarray], flags: torch.Tensor, routes: Routes
    ) -> np.ndarray:
        """What the network routed, out of the references' own pixels: uint8 (H, W, 3) as the frame."""
        height, width = images[task.frame].shape[:2]
        references = []
        for t in task.sources:
            shown = without_hidden(fitted(images[t], height, width), flags[t].numpy())
            references.append(
                to_unit(torch.from_numpy(shown).permute(2, 0, 1)[None]).to(self._compute.device)
            )
        return _pictures(route(routes, (references[0], references[1])))[0]

    def _resized(self, image: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(image).permute(2, 0, 1)  # (3, h, w)
        size = [self._network.config.height, self._network.config.width]
        if list(tensor.shape[1:]) != size:
            tensor = transforms.resize(tensor, size, antialias=True)
        return to_unit(tensor)


def _pictures(images: torch.Tensor) -> np.ndarray:
    """(B, 3, H, W) in [-1, 1] -> uint8 (B, H, W, 3)."""
    return from_unit(images.float().cpu()).permute(0, 2, 3, 1).numpy()


def filler_for(config: CompletionConfig, network: STCnet | None, compute: Compute) -> Filler | None:
    """The filler a completion asks for; none to discard frames."""
    if config.method in ("stcnet", "spatial"):
        return Completion(network, config.method, compute)
    controls = {
        "copy": OneByOne(copy_nearest),
        "mean": OneByOne(mean_colour),
        "median": OneByOne(median_of_shown),
        "discard": None,
    }
    return controls[config.method]
