"""Which frames a hole may be filled from: the nearest that show it, and the median of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from stcnet_lib.completion.gather.composition import Sources
from stcnet_lib.completion.pixels.holes import Hole
from stcnet_lib.completion.pixels.median import visible_median
from stcnet_lib.data.clips.transforms import to_unit

_SHOWS = 0.5  # share of what can be seen of a hole that a frame has to show to come before the others


class Candidates(NamedTuple):
    """C sources of one hole, the median the last; ones that are made up are hidden everywhere."""

    pictures: np.ndarray  # uint8 (C, H, W, 3)
    unseen: np.ndarray  # bool (C, H, W)
    gaps: np.ndarray  # float32 (C,)


def candidates(hole: Hole, most: int) -> Candidates:
    """`most` frames and the median: C is always one more, so that holes make batches."""
    chosen = nearest_showing(hole, most)
    size = hole.hidden.shape
    pictures = np.zeros((most + 1, *size, 3), np.uint8)
    unseen = np.ones((most + 1, *size), bool)
    gaps = np.zeros(most + 1, np.float32)
    pictures[: len(chosen)], unseen[: len(chosen)] = hole.others[chosen], hole.others_hidden[chosen]
    gaps[: len(chosen)] = hole.numbers[chosen] - hole.frame
    pictures[-1] = visible_median(hole.others, hole.others_hidden)
    unseen[-1] = hole.others_hidden.all(axis=0)
    return Candidates(pictures, unseen, gaps)


def nearest_showing(hole: Hole, most: int) -> np.ndarray:
    """Numbers of `hole.others`: the nearest that show half of the hole, then those that show less."""
    shows = ~hole.others_hidden[:, hole.shown]  # (S, P) of the pixels that any of them shows
    if not shows.size:
        return np.arange(len(shows))[:most]
    return np.argsort(shows.mean(axis=1) < _SHOWS, kind="stable")[:most]


def sources(holes: Sequence[Hole], found: Sequence[Candidates], device: torch.device) -> Sources:
    """Holes of one size on the device."""

    def images(pictures: Sequence[np.ndarray]) -> torch.Tensor:  # (..., H, W, 3) each -> (B, ..., 3, H, W)
        return to_unit(torch.from_numpy(np.stack(pictures)).to(device).movedim(-1, -3))

    def masks(maps: Sequence[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(maps)).to(device).unsqueeze(-3)

    return Sources(
        images([hole.picture for hole in holes]),
        masks([hole.hidden for hole in holes]),
        images([own.pictures for own in found]),
        masks([own.unseen for own in found]),
        torch.from_numpy(np.stack([own.gaps for own in found])).to(device),
    )


def small(pictures: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Means of the pixels that fall into one of a copy: (..., n, H, W) -> (..., n, height, width)."""
    if pictures.shape[-2:] == (height, width):
        return pictures
    copies = functional.adaptive_avg_pool2d(pictures.flatten(0, -4), (height, width))
    return copies.unflatten(0, pictures.shape[:-3])


def small_mask(masks: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Likewise bool: what mixes a hidden pixel in is hidden."""
    return small(masks.float(), height, width) > 0


def small_sources(large: Sources, height: int, width: int) -> Sources:
    """Copies in which the network looks for sources."""
    return Sources(
        small(large.frame, height, width),
        small_mask(large.hidden, height, width),
        small(large.pictures, height, width),
        small_mask(large.unseen, height, width),
        large.gaps,
    )
