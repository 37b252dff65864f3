"""How unlike a frame and its candidates look around a place: what can be told without having learned.

A gait has phases: a candidate that looks as the frame does beside a hole mostly shows what belongs in it.
On simulated holes of `walkers_validation`, sources that were weighed by this alone were nearer to the truth
than the median by a sixth.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stcnet_lib.completion.gather.sources import Sources

_AROUND = 32  # the neighbourhood reaches over this share of the height to all sides, twice over
_AT_LARGE = 0.01  # weight of the whole frame beside that of a neighbourhood in which all is visible
_TRUST = 60.0  # in a difference, as a logit; of 30, 60 and 100 the best on `walkers_validation`
HIDDEN = -1e4  # the logit of what is hidden; finite, so that a place that nothing shows has weights too


def unlikeness(sources: Sources) -> Tensor:
    """Mean absolute difference around every place, of what both show: (B, C, 1, H, W) of images in [-1, 1].

    Deep inside of a hole, where nothing around is visible, it is that of the whole frame.
    """
    both = (~sources.hidden[:, None] & ~sources.unseen).float()
    apart = (sources.frame[:, None] - sources.pictures).abs().mean(2, keepdim=True) * both
    at_large = apart.sum((2, 3, 4), keepdim=True) / both.sum((2, 3, 4), keepdim=True).clamp(min=1)
    return (_around(apart) + _AT_LARGE * at_large) / (_around(both) + _AT_LARGE)


def likeness(unlike: Tensor) -> Tensor:
    """Logits of the candidates, by what they look like alone."""
    return -_TRUST * unlike


def likest(sources: Sources, unlike: Tensor, most: int) -> Tensor:
    """Numbers (B, n) of what to look at: the `most` frames that would weigh most in the hole, and the median.

    Not those that show most of the hole: what one of them hides another one may show.
    """
    unseen = sources.unseen[:, :-1]
    wanted = sources.hidden[:, None] & ~unseen  # (B, C - 1, 1, H, W)
    weights = likeness(unlike[:, :-1]).masked_fill(unseen, HIDDEN).softmax(1) * wanted
    frames = weights.sum((2, 3, 4)).argsort(dim=1, stable=True, descending=True)[:, :most]
    median = torch.full_like(frames[:, :1], unseen.shape[1])
    return torch.cat([frames, median], 1)


def _around(maps: Tensor) -> Tensor:
    """Means over a neighbourhood in which the middle counts most: (B, C, 1, H, W) -> the same."""
    reach = max(1, maps.shape[-2] // _AROUND)
    means = maps.flatten(0, 1)
    for _ in range(2):
        means = functional.avg_pool2d(means, 2 * reach + 1, 1, reach)
    return means.unflatten(0, maps.shape[:2])
