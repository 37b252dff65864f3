"""What completion networks are given: a batch of samples on their device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.config import CompletionNetworkConfig
from stcnet_lib.data.clips.transforms import to_unit

Sample = dict[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """A batch of samples on the device; images in [-1, 1], masks 1 where a pixel is dropped."""

    frame: Tensor  # (B, 3, H, W)
    references: tuple[Tensor, ...]  # (B, 3, H, W) each
    mask: Tensor  # (B, 1, H, W) hidden from the generators: to be filled, or occluded anyway
    reference_masks: tuple[Tensor, ...]  # (B, 1, H, W) each
    known: Tensor  # (B, 1, H, W) 1 where the frame shows the person, so that it is a target
    masked: Tensor  # (B, K) bool: the regions hidden on purpose, which the local discriminator looks at
    label: Tensor  # (B,)

    def shown(self, x2: Tensor) -> Tensor:
        """What discriminators and guider look at: the completion, but occluders that are there anyway.

        Nobody knows what belongs behind those, so an opinion about it would only teach noise.
        """
        return torch.where(self.known.bool(), x2, self.frame)

    @classmethod
    def of(cls, sample: Sample, compute: Compute) -> Batch:
        """Move a collated sample to the device."""
        moved = {key: value.to(compute.device, non_blocking=True) for key, value in sample.items()}
        height, width = moved["frame"].shape[-2:]

        own, *others = sample["heights"].T.tolist()  # B originals each

        def image(pixels: Tensor) -> Tensor:
            return to_unit(pixels).contiguous(memory_format=torch.channels_last)

        def mask(flags: Tensor, originals: list[int] = own) -> Tensor:
            return region_mask(flags, height, width, originals)

        flagged = moved["references_flagged"].unbind(1)  # R times (B, K)

        return cls(
            frame=image(moved["frame"]),
            references=tuple(image(pixels) for pixels in moved["references"].unbind(1)),
            mask=mask(moved["masked"] | moved["flagged"]),
            reference_masks=tuple(map(mask, flagged, others)),
            known=1 - mask(moved["flagged"]),
            masked=moved["masked"],
            label=moved["label"],
        )


class CompletionNetwork(Protocol):
    """A `torch.nn.Module` that completes frames."""

    config: CompletionNetworkConfig  # or the part of it that is `network`: with kind and precision

    def stages(self, batch: Batch) -> dict[str, Tensor]:
        """What it makes of a batch, (B, 3, H, W) in [-1, 1] by name; the last one is the completion."""
        ...
