"""How the network fills: windows of a tracklet, each once for all flagged regions that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.completion.methods.network import as_pictures, resized_to
from stcnet_lib.completion.stcnet3d.network import Answers, Stcnet3d, painted
from stcnet_lib.completion.stcnet3d.sources import sources
from stcnet_lib.completion.task import Filler, Filling, FillTask
from stcnet_lib.completion.views import fitted, views
from stcnet_lib.config import CompletionConfig, Stcnet3dNetworkConfig
from stcnet_lib.data.clips.transforms import to_unit

BATCH = {"cpu": 4, "cuda": 32}  # windows at once


@dataclass(frozen=True)
class _Seen:
    """A window of a tracklet and what is filled in it."""

    window: range
    tasks: list[FillTask]
    images: dict[int, np.ndarray]  # as the tasks need them, by number within the tracklet
    flags: np.ndarray  # (T, K): what is hidden of its frames

    def frames(self, height: int, width: int) -> Tensor:
        """(T, 3, H, W) in [-1, 1] in the network's size."""
        return torch.stack([resized_to(self.images[n], height, width) for n in self.window])

    def own_frames(self, height: int, width: int) -> Tensor:
        """The same in the size of a frame, every third by itself."""
        pictures = np.stack([fitted(self.images[n], height, width) for n in self.window])
        return to_unit(torch.from_numpy(pictures).permute(0, 3, 1, 2))

    def hidden(self, height: int, width: int, own: bool = False) -> Tensor:
        """(T, 1, H, W); `own`: of frames in a size in which thirds are their own."""
        heights = None if own else [len(self.images[n]) for n in self.window]
        return region_mask(torch.from_numpy(self.flags), height, width, heights)


class WindowFiller:
    """Fills the tasks of one tracklet, a few windows at a time."""

    def __init__(self, network: Stcnet3d, compute: Compute) -> None:
        self._network, self._compute = network.to(compute.device).eval(), compute

    @torch.inference_mode()
    def fill(
        self, tasks: Sequence[FillTask], images: dict[int, np.ndarray], flags: np.ndarray
    ) -> list[Filling | None]:
        fillings: dict[FillTask, Filling] = {}
        size = BATCH[self._compute.device.type]
        seen = _windows([task for task in tasks if not task.leave], images, flags)
        for length in sorted({len(each.window) for each in seen}):  # those of short tracklets are shorter
            alike = [each for each in seen if len(each.window) == length]
            for start in range(0, len(alike), size):
                fillings |= self._filled(alike[start : start + size])
        return [fillings.get(task) for task in tasks]

    def _filled(self, seen: list[_Seen]) -> dict[FillTask, Filling]:
        """The fillings of windows of one length."""
        config, device = self._network.config, self._compute.device
        size = config.height, config.width
        frames = torch.stack([each.frames(*size) for each in seen]).to(device)
        hidden = torch.stack([each.hidden(*size) for each in seen]).to(device)
        with self._compute.autocast(config.precision):
            answers = self._network.answers(sources(frames, hidden))
        result = {}
        for i, each in enumerate(seen):
            own = Answers(*(part[i : i + 1] for part in answers))
            for shape in sorted({each.images[task.frame].shape[:2] for task in each.tasks}):
                result |= self._pictures(each, own, shape)
        return result

    def _pictures(self, seen: _Seen, answers: Answers, shape: tuple[int, int]) -> dict[FillTask, Filling]:
        """Of a window the tasks whose frames have a shape, out of the frames' own pixels.

        Beyond the regions the network has not learned what to make, so fillings say nothing of it (`around`).
        """
        device = self._compute.device
        found = sources(
            seen.own_frames(*shape)[None].to(device), seen.hidden(*shape, own=True)[None].to(device)
        )
        result = {}
        for task in seen.tasks:
            if seen.images[task.frame].shape[:2] == shape:
                place = seen.window.index(task.frame)
                one = Answers(*(part[:, place : place + 1] for part in answers))
                image = as_pictures(painted(one, found)[0])[0]
                result[task] = Filling(image, "window" if task.shown else "painted")
        return result


class _Key(NamedTuple):
    """Tasks that can be filled together: others see frames that were moved onto their own."""

    window: range
    frame: int | None


def _windows(tasks: Sequence[FillTask], images: dict[int, np.ndarray], flags: np.ndarray) -> list[_Seen]:
    """The windows that the tasks are filled in.

    Args:
        flags: (T, K) of the tracklet.
    """
    together: dict[_Key, list[FillTask]] = {}
    for task in tasks:
        together.setdefault(_Key(task.window, task.frame if task.moved else None), []).append(task)
    result = []
    for key, group in together.items():
        unseen = flags[key.window.start : key.window.stop].copy()
        for task in group:  # frames near an occluder do not show the region, though it is not flagged there
            near = [n - key.window.start for n in key.window if n != task.frame and n not in task.shown]
            unseen[np.ix_(near, task.regions)] = True
        result.append(_Seen(key.window, group, views(group[0], images, flags), unseen))
    return result


def build(config: Stcnet3dNetworkConfig) -> Stcnet3d:
    """The network, untrained."""
    return Stcnet3d(config)


def filler(config: CompletionConfig, network: Stcnet3d, compute: Compute) -> Filler:
    """The network on its device, in evaluation mode."""
    return WindowFiller(network, compute)
