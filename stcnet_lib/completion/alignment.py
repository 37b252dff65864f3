"""Where the person of one frame stands in another: boxes drift, so a third is not at the same place in both.

The shift between two frames is the one under which what both show looks most alike: the largest normalised
correlation of their colours, over rows that are visible in both and mostly over the middle columns, where the
person is. It is found on small copies of the frames, the whole first and then its surroundings more finely.
What would be hardly more alike than without a shift is not shifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from stcnet_lib.common.regions import region_rows

MOST = 0.12  # of the frame's height and width: how far it looks
LEAST_LIKENESS = 0.5  # correlation, below which the frames show too little of the same
LEAST_GAIN = 0.15  # share of what is missing to a correlation of 1 that a shift must explain
_SMALL = (32, 16)  # pixels of the copies, rows and columns; the finer ones have twice as many
_MIDDLE = 0.25  # of the width: standard deviation of the weights of columns
_LEAST_ROWS = 0.25  # of the frame's height that both must show


class Match(NamedTuple):
    """How another frame has to be moved to lie on a frame, in pixels of that, and how alike they are then."""

    down: int = 0
    right: int = 0
    likeness: float = 0.0  # correlation of what both show, in [-1, 1]; 0 where they show too little


def matches(
    frame: np.ndarray, flags: np.ndarray, others: Sequence[np.ndarray], other_flags: np.ndarray
) -> list[Match]:
    """How each of the others has to be moved to lie on `frame`; by nothing where nothing speaks for it.

    Args:
        frame: uint8 (H, W, 3); others: n of uint8 (h, w, 3), of any sizes.
        flags: (K,), other_flags: (n, K), thirds that are not to be compared.
    """
    height, width = frame.shape[:2]
    result = [Match()] * len(others)
    weights = [_row_weights(flags | own) for own in other_flags]
    known = [i for i, own in enumerate(weights) if own.mean() >= _LEAST_ROWS]
    if not known:
        return result
    chosen = [others[i] for i in known]
    seen = np.stack([weights[i] for i in known])
    reach = (max(1, round(MOST * _SMALL[0])), max(1, round(MOST * _SMALL[1])))
    origin = np.zeros((len(known), 2), int)
    rough, _ = _best(frame, chosen, seen, 1, origin, reach)
    fine, best = _best(frame, chosen, seen, 2, 2 * rough, (1, 1))
    _, still = _best(frame, chosen, seen, 2, origin, (0, 0))
    gain = (best - still) / np.maximum(1 - still, 1e-6)
    for place, i in enumerate(known):
        if best[place] >= LEAST_LIKENESS and gain[place] >= LEAST_GAIN:
            down, right = fine[place] / 2 * (height / _SMALL[0], width / _SMALL[1])
            result[i] = Match(round(down), round(right), float(best[place]))
        else:
            result[i] = Match(likeness=float(still[place]))
    return result


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """A picture moved within its frame; what comes in is the border repeated. uint8 (H, W, 3) -> the same."""
    rows = np.clip(np.arange(image.shape[0]) - down, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - right, 0, image.shape[1] - 1)
    return image[rows[:, None], columns]


def _best(
    frame: np.ndarray,
    others: Sequence[np.ndarray],
    seen: np.ndarray,
    scale: int,
    around: np.ndarray,
    reach: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """The best shifts (n, 2) within `reach` of `around` (n, 2), and their correlations (n,).

    Pixels are those of small copies, `scale` times `_SMALL`; seen: (n, rows) of the smallest ones.
    """
    down, right = reach
    size = (scale * _SMALL[0], scale * _SMALL[1])
    own = torch.from_numpy(_small(frame, size))  # (3, h, w)
    copies = [
        shifted(_small(other, size).transpose(1, 2, 0), *by) for other, by in zip(others, around, strict=True)
    ]
    stack = torch.from_numpy(np.stack(copies)).permute(0, 3, 1, 2)  # (n, 3, h, w)
    padded = functional.pad(stack, (right, right, down, down), mode="replicate")
    patches = functional.unfold(padded, size).view(len(others), 3, size[0] * size[1], -1)  # (n, 3, h·w, S)
    columns = np.exp(-(((np.arange(size[1]) + 0.5) / size[1] - 0.5) ** 2) / (2 * _MIDDLE**2))
    weights = np.repeat(seen, scale, axis=1)[:, :, None] * columns
    weights = torch.from_numpy((weights / weights.sum((1, 2), keepdims=True)).astype(np.float32)).flatten(1)
    flat = own.flatten(1).expand(len(others), -1, -1)  # (n, 3, h·w)

    def mean(values: torch.Tensor) -> torch.Tensor:  # (n, 3, h·w, …) -> (n, 3, …)
        return torch.einsum("np,ncp...->nc...", weights, values)

    centred = flat - mean(flat)[..., None]
    variance = mean(centred**2).sum(1)[:, None]  # (n, 1)
    other_mean = mean(patches)  # (n, 3, S)
    other_variance = (mean(patches**2) - other_mean**2).sum(1)
    product = torch.einsum("np,ncp,ncps->ns", weights, centred, patches)
    likeness = product / (variance * other_variance).clamp(min=1e-6).sqrt()
    found = likeness.max(1)
    # Patch (i, j) of the padded picture lies on the frame if the picture is moved by (down - i, right - j).
    i, j = found.indices // (2 * right + 1), found.indices % (2 * right + 1)
    return around + torch.stack([down - i, right - j], 1).numpy(), found.values.numpy()


def _small(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32 (3, h, w) of an image uint8 (H, W, 3)."""
    part = Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX)
    return np.asarray(part, np.float32).transpose(2, 0, 1)


def _row_weights(hidden: np.ndarray) -> np.ndarray:
    """(rows of the smallest copies,) 1 where thirds (K,) are compared, 0 in hidden ones."""
    return np.repeat(~hidden, np.diff(region_rows(_SMALL[0]))).astype(np.float64)
