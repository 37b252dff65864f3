"""What completion networks are given: a batch of windows of frames on their device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.config import CompletionNetworkConfig
from stcnet_lib.data.clips.transforms import to_unit

Sample = dict[str, Tensor]


@dataclass(frozen=True)
class Window:
    """Frames of one tracklet, of each sample of a batch; images in [-1, 1]."""

    frames: Tensor  # (B, T, 3, H, W)
    hidden: Tensor  # (B, T, 1, H, W) 1 where a pixel is dropped: to be filled, or occluded anyway
    known: Tensor  # (B, T, 1, H, W) 1 where a frame shows the person, so that it is a target
    masked: Tensor  # (B, T, K) bool: the regions hidden on purpose


@dataclass(frozen=True)
class Batch:
    """A batch of samples on the device: windows, and which frame of each is looked at.

    Networks that complete one frame from references find them under names of their own.
    """

    window: Window
    target: Tensor  # (B,) the place of that frame in its window
    label: Tensor  # (B,)

    @cached_property
    def frame(self) -> Tensor:
        """(B, 3, H, W) the frame that is looked at."""
        return _channels_last(self.of_target(self.window.frames))

    @cached_property
    def mask(self) -> Tensor:
        """(B, 1, H, W) what is hidden of it."""
        return self.of_target(self.window.hidden)

    @cached_property
    def known(self) -> Tensor:
        """(B, 1, H, W) 1 where it is a target."""
        return self.of_target(self.window.known)

    @cached_property
    def masked(self) -> Tensor:
        """(B, K) bool: its regions hidden on purpose, which the local discriminator looks at."""
        return self.of_target(self.window.masked)

    @cached_property
    def references(self) -> tuple[Tensor, ...]:
        """(B, 3, H, W) each: the other frames of the window, in their order."""
        return tuple(map(_channels_last, self._others(self.window.frames)))

    @cached_property
    def reference_masks(self) -> tuple[Tensor, ...]:
        """(B, 1, H, W) each: what is hidden of them."""
        return self._others(self.window.hidden)

    def of_target(self, maps: Tensor) -> Tensor:
        """Of every window that of its frame: (B, T, ...) -> (B, ...)."""
        return maps[torch.arange(len(maps), device=maps.device), self.target]

    def _others(self, maps: Tensor) -> tuple[Tensor, ...]:
        """Of every window all but that of its frame: (B, T, ...) -> T - 1 times (B, ...)."""
        places = torch.arange(maps.shape[1] - 1, device=maps.device)
        places = places + (places >= self.target[:, None])  # (B, T - 1)
        samples = torch.arange(len(maps), device=maps.device)
        return tuple(maps[samples, place] for place in places.unbind(1))

    def shown(self, x2: Tensor) -> Tensor:
        """What discriminators and guider look at: the completion, but occluders that are there anyway.

        Nobody knows what belongs behind those, so an opinion about it would only teach noise.
        """
        return torch.where(self.known.bool(), x2, self.frame)

    @classmethod
    def of(cls, sample: Sample, compute: Compute) -> Batch:
        """Move a collated sample to the device."""
        moved = {key: value.to(compute.device, non_blocking=True) for key, value in sample.items()}
        shape = moved["frames"].shape  # (B, T, 3, H, W)
        heights = sample["heights"].flatten().tolist()  # of the originals

        def mask(flags: Tensor) -> Tensor:  # (B, T, K) -> (B, T, 1, H, W)
            return region_mask(flags.flatten(0, 1), *shape[-2:], heights).unflatten(0, shape[:2])

        window = Window(
            frames=to_unit(moved["frames"]),
            hidden=mask(moved["masked"] | moved["flagged"]),
            known=1 - mask(moved["flagged"]),
            masked=moved["masked"],
        )
        return cls(window, moved["target"], moved["label"])


class CompletionNetwork(Protocol):
    """A `torch.nn.Module` that completes frames."""

    config: CompletionNetworkConfig  # or the part of it that is `network`: with kind and precision

    def stages(self, batch: Batch) -> dict[str, Tensor]:
        """What it makes of the frames of a batch, (B, 3, H, W) in [-1, 1] by name; the last one counts."""
        ...


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
