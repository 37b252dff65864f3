"""From candidates to what fills a hole: what the network sees of them, and what its answers make of them.

Of a frame x whose pixels M are hidden, candidates y_c with hidden pixels M_c, logits a_c and flows f_c, and
what else is known of them, e_c (`likeness`, gaps in time, which one is the median):

    y'_c, M'_c = y_c and M_c moved by f_c
    w_c        = softmax over c of a_c + t e_c, without those that are hidden there
    soft       = Σ w_c y'_c
    sharp      = y'_c of that c with the largest w_c, summed over a small neighbourhood

The median of the visible frames is the last candidate. It stays where it is, so that what any frame shows
has a source.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from stcnet_lib.completion.gather.likeness import HIDDEN, unlikeness
from stcnet_lib.completion.gather.network import CLEARER, GatherNetwork
from stcnet_lib.completion.gather.sources import Sources

_GAP = 8.0  # frames in time that count as 1
_VISIBLE = 0.999  # a moved pixel that mixes more than the rest of hidden ones in is hidden
_AROUND = 64  # the neighbourhood of a sharp choice is this share of the height to all sides


class Answers(NamedTuple):
    """What is to be made of candidates, at any resolution."""

    logits: Tensor  # (B, C, 1, h, w)
    flow: Tensor  # (B, C, 2, h, w) in shares of half the width and height


def asked(network: GatherNetwork, sources: Sources) -> Answers:
    """The network's answers, at half the resolution of the sources."""
    inputs = functional.avg_pool2d(seen(sources).flatten(0, 1), 2)
    logits, flow = (maps.unflatten(0, sources.gaps.shape) for maps in network(inputs))
    return Answers(logits, torch.cat([flow[:, :-1], torch.zeros_like(flow[:, -1:])], 1))


def seen(sources: Sources) -> Tensor:
    """What the network sees of every candidate, nothing hidden among it: (B, C, `INPUTS`, H, W)."""
    count = sources.pictures.shape[1]

    def each(maps: Tensor) -> Tensor:  # (B, n, H, W) -> (B, C, n, H, W)
        return maps[:, None].expand(-1, count, -1, -1, -1)

    frame = each(sources.frame.masked_fill(sources.hidden, 0))
    pictures = sources.pictures.masked_fill(sources.unseen, 0)
    hidden, visible = each(sources.hidden), ~sources.unseen
    median = pictures[:, -1:].expand_as(pictures)
    gaps = (sources.gaps / _GAP)[..., None, None, None].expand(-1, -1, 1, *frame.shape[-2:])
    is_median = torch.zeros_like(gaps)
    is_median[:, -1] = 1
    maps = [
        frame,
        hidden.float(),
        pictures,
        sources.unseen.float(),
        CLEARER * (frame - pictures).abs() * (visible & ~hidden),
        CLEARER * (pictures - median).abs() * visible,
        median,
        gaps,
        gaps.abs(),
        is_median,
        CLEARER * unlikeness(sources),
    ]
    return torch.cat(maps, 2)


def composed(answers: Answers, pictures: Tensor, unseen: Tensor, choice: Literal["soft", "sharp"]) -> Tensor:
    """What fills the holes: (B, 3, H, W) in [-1, 1], of no meaning where no candidate shows anything.

    Args:
        pictures, unseen: as in `Sources`, of any resolution.
    """
    moved, unseen = _moved(pictures.masked_fill(unseen, 0), unseen, _resized(answers.flow, pictures))
    weights = _resized(answers.logits, pictures).masked_fill(unseen, HIDDEN).softmax(1)  # (B, C, 1, H, W)
    if choice == "soft":
        return (weights * moved).sum(1)
    best = _summed_around(weights).masked_fill(unseen, -1).argmax(1, keepdim=True)  # (B, 1, 1, H, W)
    return moved.gather(1, best.expand(-1, -1, 3, -1, -1))[:, 0]


def _resized(maps: Tensor, pictures: Tensor) -> Tensor:
    """(B, C, n, h, w) in the resolution of the pictures."""
    large = functional.interpolate(
        maps.flatten(0, 1), pictures.shape[-2:], mode="bilinear", align_corners=False
    )
    return large.unflatten(0, maps.shape[:2])


def _moved(pictures: Tensor, unseen: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
    """Candidates and what is hidden of them, looked up where the flow points; beyond the edge is the edge."""
    height, width = pictures.shape[-2:]
    down = (torch.arange(height, device=flow.device) * 2 + 1) / height - 1
    right = (torch.arange(width, device=flow.device) * 2 + 1) / width - 1
    grid = flow.flatten(0, 1).permute(0, 2, 3, 1) + torch.stack(
        [right.expand(height, -1), down[:, None].expand(-1, width)], -1
    )
    maps = torch.cat([pictures, (~unseen).float()], 2).flatten(0, 1)
    found = functional.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    found = found.unflatten(0, pictures.shape[:2])
    return found[:, :, :3], found[:, :, 3:] < _VISIBLE


def _summed_around(weights: Tensor) -> Tensor:
    """Means over a small neighbourhood, (B, C, 1, H, W): a single pixel does not choose for itself."""
    reach = max(1, round(weights.shape[-2] / _AROUND))
    around = functional.avg_pool2d(weights.flatten(0, 1), 2 * reach + 1, 1, reach, count_include_pad=False)
    return around.unflatten(0, weights.shape[:2])
