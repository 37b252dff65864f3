"""Holes, and the frames that they may be filled from, as the network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stcnet_lib.common.medians import visible_median
from stcnet_lib.completion.pixels.holes import Hole
from stcnet_lib.data.clips.transforms import to_unit


class Sources(NamedTuple):
    """B holes, and C candidates of each: frames, and the median of the visible ones as the last."""

    frame: Tensor  # (B, 3, H, W) in [-1, 1]
    hidden: Tensor  # (B, 1, H, W) bool: of the frame
    pictures: Tensor  # (B, C, 3, H, W) in [-1, 1]
    unseen: Tensor  # (B, C, 1, H, W) bool: hidden of the candidates
    gaps: Tensor  # (B, C) float32: frames from the frame to the candidate, below 0 before it; 0 of the median

    def picked(self, numbers: Tensor) -> Sources:
        """With some of the candidates alone: numbers (B, n)."""

        def of(maps: Tensor) -> Tensor:
            index = numbers.reshape(*numbers.shape, *[1] * (maps.ndim - 2))
            return maps.gather(1, index.expand(-1, -1, *maps.shape[2:]))

        return self._replace(pictures=of(self.pictures), unseen=of(self.unseen), gaps=of(self.gaps))

    def small(self, height: int, width: int) -> Sources:
        """Copies of another size, in which a pixel that mixes a hidden one in is hidden."""
        return Sources(
            small(self.frame, height, width),
            small_mask(self.hidden, height, width),
            small(self.pictures, height, width),
            small_mask(self.unseen, height, width),
            self.gaps,
        )


def sources(holes: Sequence[Hole], device: torch.device) -> Sources:
    """Holes of one size on the device; those with fewer frames get ones that show nothing."""
    most = max(len(hole.numbers) for hole in holes)
    parts = [_padded(hole, most) for hole in holes]
    pictures, unseen, gaps = (
        torch.from_numpy(np.stack(part)).to(device) for part in zip(*parts, strict=True)
    )
    frames = torch.from_numpy(np.stack([hole.picture for hole in holes])).to(device)
    hidden = torch.from_numpy(np.stack([hole.hidden for hole in holes])).to(device)
    return Sources(
        to_unit(frames.movedim(-1, -3)),
        hidden.unsqueeze(-3),
        to_unit(pictures.movedim(-1, -3)),
        unseen.unsqueeze(-3),
        gaps,
    )


def small(pictures: Tensor, height: int, width: int) -> Tensor:
    """Means of the pixels that fall into one of a copy: (..., n, H, W) -> (..., n, height, width)."""
    if pictures.shape[-2:] == (height, width):
        return pictures
    copies = functional.adaptive_avg_pool2d(pictures.flatten(0, -4), (height, width))
    return copies.unflatten(0, pictures.shape[:-3])


def small_mask(masks: Tensor, height: int, width: int) -> Tensor:
    """Likewise bool: what mixes a hidden pixel in is hidden."""
    return small(masks.float(), height, width) > 0


def _padded(hole: Hole, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of `most` frames and the median: uint8 (C, H, W, 3), what is unseen bool (C, H, W), gaps (C,)."""
    own = len(hole.numbers)
    pictures = np.zeros((most + 1, *hole.picture.shape), np.uint8)
    unseen = np.ones((most + 1, *hole.hidden.shape), bool)
    gaps = np.zeros(most + 1, np.float32)
    pictures[:own], unseen[:own], gaps[:own] = hole.others, hole.others_hidden, hole.numbers - hole.frame
    pictures[-1] = visible_median(hole.others, hole.others_hidden)
    unseen[-1] = hole.others_hidden.all(axis=0)
    return pictures, unseen, gaps
