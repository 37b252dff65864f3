"""Fillers that have a network and look at a batch of tasks at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torchvision.transforms.v2 import functional as transforms

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.completion.task import Filling, FillTask
from stcnet_lib.completion.views import views
from stcnet_lib.config import SizeConfig
from stcnet_lib.data.clips.transforms import from_unit, to_unit

# Regions filled at once. Attention maps of more do not fit a CPU's cache: 16 ran 2.3 times as fast as 64.
BATCH = {"cpu": 16, "cuda": 256}


class Seen:
    """What a network is shown of a few tasks, at its size and on its device."""

    def __init__(
        self,
        tasks: Sequence[FillTask],
        images: Sequence[dict[int, np.ndarray]],
        flags: np.ndarray,
        size: SizeConfig,
        compute: Compute,
    ) -> None:
        """
        Args:
            images: of each task, as it needs them (`views`).
            flags: (T, K) of the tracklet.
        """
        self.tasks, self.images, self.flags = tasks, images, flags
        self._size, self._compute = size, compute

    @property
    def frames(self) -> list[int]:
        """The tasks' own frames."""
        return [task.frame for task in self.tasks]

    def pictures(self, numbers: list[int]) -> torch.Tensor:
        """One frame a task: (B, 3, H, W) in [-1, 1]."""
        size = self._size.height, self._size.width
        pictures = [resized_to(images[n], *size) for images, n in zip(self.images, numbers, strict=True)]
        return torch.stack(pictures).to(self._compute.device)

    def masks(self, numbers: list[int]) -> torch.Tensor:
        """What is hidden in one frame a task: (B, 1, H, W)."""
        originals = [len(images[n]) for images, n in zip(self.images, numbers, strict=True)]
        own = torch.from_numpy(self.flags[numbers]).to(self._compute.device)
        return region_mask(own, self._size.height, self._size.width, originals)


class FillsBatches(Protocol):
    """The part of a filler that differs from network to network."""

    def __call__(self, seen: Seen) -> list[Filling | None]:
        """One filling a task."""
        ...


class NetworkFiller:
    """A filler that hands a few tasks at a time to a network, without gradients."""

    def __init__(self, fill_batch: FillsBatches, size: SizeConfig, compute: Compute) -> None:
        """
        Args:
            size: of the pictures that the network takes.
        """
        self._fill_batch, self._size, self._compute = fill_batch, size, compute

    @torch.inference_mode()
    def fill(self, tasks, images, flags):
        todo = [task for task in tasks if not task.leave]
        size = BATCH[self._compute.device.type]
        fillings = {}
        for start in range(0, len(todo), size):
            part = todo[start : start + size]
            shown = [views(task, images, flags) for task in part]
            found = self._fill_batch(Seen(part, shown, flags, self._size, self._compute))
            fillings |= dict(zip(part, found, strict=True))
        return [fillings.get(task) for task in tasks]


def resized_to(image: np.ndarray, height: int, width: int) -> torch.Tensor:
    """A frame as networks take it: uint8 (h, w, 3) -> (3, H, W) in [-1, 1]."""
    tensor = torch.from_numpy(image).permute(2, 0, 1)  # (3, h, w)
    if tensor.shape[1:] != (height, width):
        tensor = transforms.resize(tensor, [height, width], antialias=True)
    return to_unit(tensor)


def as_pictures(images: torch.Tensor) -> np.ndarray:
    """(B, 3, H, W) in [-1, 1] -> uint8 (B, H, W, 3)."""
    return from_unit(images.float().cpu()).permute(0, 2, 3, 1).numpy()
