"""What a mask network looks at: a frame, what its tracklet usually shows, and how rare every colour is there.

A place of the person comes back in some other frame, whatever the pose; what passes before them does not. So
of every pixel the colours around the same place in the other frames are sorted by how far they are from its
own, and `rarity` is that distance at the 5 %, 15 % and 35 % of the frames that are nearest. Without it a
network of the same size found little (docs/results.md).

What a first network has found makes the evidence clearer: an occluder that stays is neither usual nor common
once it is left out (`refined`).
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
from stcnet_lib.common.medians import visible_median
from stcnet_lib.localisation.clues import tracklet_clues
from stcnet_lib.reid.network import ReIDNetwork

PICTURE = (64, 32)  # rows and columns at which frames are looked at
SHARES = (0.05, 0.15, 0.35)  # of the other frames
_GAP = 2  # frames around one that do not count as others: an occluder is still there
_OTHERS = 48  # that are looked at, evenly spaced, so that work grows with T and not with T²
_NOWHERE = 9.0  # of a channel: farther from every colour than any other
_FARTHEST = 3.0  # sum over the channels of differences in [0, 1]; also where there are no others


class Evidence(NamedTuple):
    """Of one tracklet of T frames."""

    pictures: np.ndarray  # uint8 (T, 3, h, w)
    usual: np.ndarray  # uint8 (3, h, w): the median of the pictures
    rarity: np.ndarray  # float16 (T, C, h, w)
    recurrence: np.ndarray | None = None  # float16 (T, C', h/4, w/4): `Clues.recurrence`, of a guider's maps

    @property
    def by_frame(self) -> list[np.ndarray]:
        """What there is of every frame, in the order in which networks take it, after pictures and usual."""
        return [self.rarity] if self.recurrence is None else [self.rarity, self.recurrence]


def tracklet_evidence(
    images: Sequence[np.ndarray], guider: ReIDNetwork | None = None, compute: Compute | None = None
) -> Evidence:
    """Evidence of T frames, uint8 (H, W, 3) of any sizes.

    Args:
        guider: in evaluation mode on its device, for networks that are guided.
    """
    small = [
        np.asarray(Image.fromarray(image).resize(PICTURE[::-1], Image.Resampling.BOX)) for image in images
    ]
    pictures = np.stack(small).transpose(0, 3, 1, 2)
    usual = np.median(pictures, axis=0).astype(np.uint8)
    found = None if guider is None else tracklet_clues(guider, images, compute).recurrence
    return Evidence(pictures, usual, rarity(torch.from_numpy(pictures)).half().numpy(), found)


def refined(evidence: Evidence, chances: np.ndarray) -> Evidence:
    """The same frames, compared with what is more likely visible than not in the others.

    Args:
        chances: (T, h, w) of being hidden. A place that is hidden in all frames keeps its median.
    """
    hidden = chances > 0.5
    usual = visible_median(evidence.pictures.transpose(0, 2, 3, 1), hidden).transpose(2, 0, 1)
    usual = np.where(hidden.all(axis=0), evidence.usual, usual)
    found = rarity(torch.from_numpy(evidence.pictures), torch.from_numpy(hidden))
    return evidence._replace(usual=usual, rarity=found.half().numpy())


@torch.inference_mode()
def rarity(pictures: Tensor, hidden: Tensor | None = None) -> Tensor:
    """How far a colour is from those around its place in other frames: uint8 (T, 3, h, w) -> (T, C, h, w).

    In every other frame the nearest of the place and its eight neighbours counts; value c is that of the
    frame at share `SHARES[c]` of all others, the nearest first. Sums over the channels, in [0, 3].

    Args:
        hidden: bool (T, h, w), places that show nothing to compare with; a frame all of whose nine are hidden
            does not count among the others.
    """
    frames, _, height, width = pictures.shape
    colours = pictures.float() / 255
    around = functional.avg_pool2d(functional.pad(colours, (1, 1, 1, 1), mode="replicate"), 3, 1)
    colours = (colours + around) / 2  # noise of single pixels counts less
    chosen = torch.linspace(0, frames - 1, min(frames, _OTHERS)).round().long().unique()
    shown = colours if hidden is None else colours.masked_fill(hidden[:, None], _NOWHERE)
    others = functional.pad(shown[chosen], (1, 1, 1, 1), mode="replicate").transpose(0, 1).contiguous()
    found = colours.new_full((frames, len(SHARES), height, width), _FARTHEST)
    for frame in range(frames):  # one after the other: its distances stay in the processor's cache
        best = _nearest(colours[frame], others)[(chosen - frame).abs() > min(_GAP, frames // 6)]
        if len(best):
            count = (best <= _FARTHEST).sum(0)  # (h, w) frames that show the place
            ordered = best.clamp_(max=_FARTHEST).sort(dim=0).values
            for channel, share in enumerate(SHARES):
                place = torch.minimum((share * count.double()).long(), (count - 1).clamp(min=0))
                found[frame, channel] = ordered.gather(0, place[None])[0]
    return found


def _nearest(colours: Tensor, others: Tensor) -> Tensor:
    """Distances (S, h, w) of colours (3, h, w) to the nearest of 9 places in others (3, S, h + 2, w + 2)."""
    _, height, width = colours.shape
    best = None
    for down in range(3):
        for right in range(3):
            shifted = others[:, :, down : down + height, right : right + width]
            distance = (shifted[0] - colours[0]).abs_()
            for channel in (1, 2):
                distance += (shifted[channel] - colours[channel]).abs_()
            best = distance if best is None else torch.minimum(best, distance, out=best)
    return best
