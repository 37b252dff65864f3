"""How unlike a frame and its candidates look around a place: what can be told without having learned.

A gait has phases: a candidate that looks as the frame does beside a hole mostly shows what belongs in it.
On simulated holes of `walkers_validation`, sources that were weighed by this alone were nearer to the truth
than the median by a sixth.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from stcnet_lib.completion.gather.sources import Sources

REACHES = (64, 32, 16)  # neighbourhoods reach over these shares of the height to all sides, twice over
TRUSTED, TRUST = 1, 60.0  # before anything is learned: in which of them, and how much a difference takes off
HIDDEN = -1e4  # the logit of what is hidden; finite, so that a place that nothing shows has weights too
_AT_LARGE = 0.01  # weight of the whole frame beside that of a neighbourhood in which all is visible


def unlikeness(sources: Sources, reaches: Sequence[int] = REACHES) -> Tensor:
    """Mean absolute difference around every place, of what both show: (B, C, n, H, W) of n neighbourhoods.

    Deep inside of a hole, where nothing around is visible, it is that of the whole frame.
    """
    both = (~sources.hidden[:, None] & ~sources.unseen).float()
    apart = (sources.frame[:, None] - sources.pictures).abs().mean(2, keepdim=True) * both
    at_large = apart.sum((2, 3, 4), keepdim=True) / both.sum((2, 3, 4), keepdim=True).clamp(min=1)
    found = [
        (_around(apart, share) + _AT_LARGE * at_large) / (_around(both, share) + _AT_LARGE)
        for share in reaches
    ]
    return torch.cat(found, 2)


def likest(sources: Sources, most: int) -> Tensor:
    """Numbers (B, n) of what to look at: the `most` frames that would weigh most in the hole, and the median.

    Not those that show most of the hole: what one of them hides another one may show.
    """
    unseen = sources.unseen[:, :-1]
    wanted = sources.hidden[:, None] & ~unseen  # (B, C - 1, 1, H, W)
    logits = -TRUST * unlikeness(sources, REACHES[TRUSTED : TRUSTED + 1])[:, :-1]
    weights = logits.masked_fill(unseen, HIDDEN).softmax(1) * wanted
    frames = weights.sum((2, 3, 4)).argsort(dim=1, stable=True, descending=True)[:, :most]
    median = torch.full_like(frames[:, :1], unseen.shape[1])
    return torch.cat([frames, median], 1)


def _around(maps: Tensor, share: int) -> Tensor:
    """Means over a neighbourhood in which the middle counts most: (B, C, 1, H, W) -> the same."""
    reach = max(1, maps.shape[-2] // share)
    means = maps.flatten(0, 1)
    for kernel in 2 * (
        (2 * reach + 1, 1),
        (1, 2 * reach + 1),
    ):  # in rows, then columns: fewer sums
        means = functional.avg_pool2d(means, kernel, 1, (kernel[0] // 2, kernel[1] // 2))
    return means.unflatten(0, maps.shape[:2])
