"""What a hidden pixel can be taken from: the frames of the window, and the median of what they show."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Sources(NamedTuple):
    """Frames of a window and their median behind them, as they are, hidden pixels of any colour."""

    pictures: Tensor  # (B, S, 3, H, W) in [-1, 1], S = T + 1
    unseen: Tensor  # (B, S, 1, H, W) bool


def sources(frames: Tensor, hidden: Tensor) -> Sources:
    """
    Args:
        frames: (B, T, 3, H, W); hidden: (B, T, 1, H, W), 1 where a pixel is.
    """
    unseen = hidden > 0.5
    median, shown = visible_median(frames, unseen)
    pictures = torch.cat([frames, median[:, None]], 1)
    return Sources(pictures, torch.cat([unseen, ~shown[:, None]], 1))


def visible_median(frames: Tensor, unseen: Tensor) -> tuple[Tensor, Tensor]:
    """The temporal median of what is visible, of each pixel and channel.

    Args:
        frames: (B, T, 3, H, W); unseen: (B, T, 1, H, W) bool.

    Returns:
        (B, 3, H, W), of an even number the mean of the two middle values, 0 where no frame shows the place;
        and (B, 1, H, W) bool, where one does.
    """
    count = (~unseen).sum(1)  # (B, 1, H, W)
    ordered = frames.masked_fill(unseen, torch.inf).sort(dim=1).values  # hidden ones come last
    last = (count - 1).clamp(min=0)
    middle = torch.stack([last // 2, torch.minimum(count // 2, last)], 1)  # (B, 2, 1, H, W)
    pair = ordered.gather(1, middle.expand(-1, -1, frames.shape[2], -1, -1))
    return pair.mean(1).masked_fill(count == 0, 0), count > 0
