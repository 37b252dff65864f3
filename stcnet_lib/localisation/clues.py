"""What a detector of hidden thirds looks at: a frame, what its tracklet usually shows, and what recurs.

The score of the paper (Eq. 11-12) compares a third with the mean of its tracklet, so everything that varies
looks like an occluder: a head that turns, legs that stride, a box that drifts. Here a place of a frame is
compared with the same place *and its neighbours* in other frames, one by one. A part of the person recurs
in some of them, whatever the pose; an occluder that passes does not. `recurrence` says how well: the
cosine with its counterpart in the 3 %, 8 %, … of the other frames that show the most similar one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from stcnet_lib.common.compute import Compute
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.reid.network import ReIDNetwork

PICTURE = (64, 32)  # rows and columns
PLACES = (16, 8)  # of the finer maps; the coarser ones, of half as many, are brought to this size
SHARES = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6)  # of the other frames
CHANNELS = 2 * len(SHARES)  # of the recurrence
_GAP = 2  # frames around one that do not count as others: an occluder is still there
_REFERENCES = 48  # others that are looked at, evenly spaced, so that work grows with T and not with T²
_FRAMES = 128  # that go through the network at once


class Clues(NamedTuple):
    """Of one tracklet."""

    pictures: np.ndarray  # uint8 (T, 3, h, w)
    usual: np.ndarray  # uint8 (3, h, w): the median of the pictures
    recurrence: np.ndarray  # float16 (T, C, *PLACES), cosines


@torch.inference_mode()
def tracklet_clues(guider: ReIDNetwork, images: Sequence[np.ndarray], compute: Compute) -> Clues:
    """Clues of T frames, uint8 (H, W, 3) of any sizes, by a guider in evaluation mode on its device."""
    small = [
        np.asarray(Image.fromarray(image).resize(PICTURE[::-1], Image.Resampling.BOX)) for image in images
    ]
    pictures = np.stack(small).transpose(0, 3, 1, 2)
    transform = TestTransform(guider.config.height, guider.config.width)
    fine, coarse = [], []
    for start in range(0, len(images), _FRAMES):
        batch = [
            transform(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None])
            for image in images[start : start + _FRAMES]
        ]
        moved = torch.cat(batch).to(compute.device, memory_format=torch.channels_last)
        with compute.autocast(guider.config.precision):
            middle, late = guider.backbone.middle_maps(moved)
        fine.append(functional.adaptive_avg_pool2d(middle.float(), PLACES))
        coarse.append(functional.adaptive_avg_pool2d(late.float(), (PLACES[0] // 2, PLACES[1] // 2)))
    near, far = recurrence(torch.cat(fine)), recurrence(torch.cat(coarse))
    far = functional.interpolate(far, PLACES, mode="bilinear", align_corners=False)
    return Clues(
        pictures,
        np.median(pictures, axis=0).astype(np.uint8),
        torch.cat([near, far], 1).half().cpu().numpy(),
    )


def recurrence(maps: Tensor) -> Tensor:
    """How well every place recurs in the other frames: (T, D, h, w) -> (T, len(SHARES), h, w) in [-1, 1].

    In every other frame the best of the same place and its eight neighbours counts, by cosine; value i is
    that of the frame at share i of all others, the most similar first. -1 where there are no others.
    """
    frames, _, height, width = maps.shape
    maps = functional.normalize(maps, dim=1)
    chosen = (
        torch.linspace(0, frames - 1, min(frames, _REFERENCES), device=maps.device).round().long().unique()
    )
    others = functional.pad(maps[chosen], (1, 1, 1, 1))
    best = maps.new_full((frames, len(chosen), height, width), -1.0)
    for dy in range(3):
        for dx in range(3):
            shifted = others[:, :, dy : dy + height, dx : dx + width]
            best = torch.maximum(best, torch.einsum("tdyx,sdyx->tsyx", maps, shifted))
    apart = (torch.arange(frames, device=maps.device)[:, None] - chosen).abs()
    other = apart > min(_GAP, frames // 6)  # (T, S)
    best[~other] = -1.0
    ordered = best.sort(dim=1, descending=True).values
    count = other.sum(1)  # (T,)
    rows = torch.arange(frames, device=maps.device)
    places = [((share * count).long()).clamp(max=(count - 1).clamp(min=0)) for share in SHARES]
    return torch.stack([ordered[rows, place] for place in places], dim=1)
