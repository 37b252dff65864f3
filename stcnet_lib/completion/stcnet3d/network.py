"""A spatio-temporal encoder-decoder over a window of frames, which completes all of them at once.

STCnet's encoders become one stack of dilated 3-D convolutions at 1/4 of the resolution with a non-local block
in its middle, and no neighbours are picked: of the frames x_1 … x_T with hidden pixels M_1 … M_T

    w_ts  = softmax over s ≠ t of q_t · k_s / √C
    y_t   = Σ_s w_ts x_s + r_t
    x̂_t   = M_t y_t + (1 - M_t) x_t                                       (as Eq. 5)

for every place, of those x_s that show it; one more source is the temporal median of what the window shows.
The decoder's r_t is zero at the start and all there is where no frame shows the place. So a training starts
near that median, which is hard to beat, and not at a blank page.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.stcnet3d.blocks import DilatedBlock, NonLocalBlock3d
from stcnet_lib.completion.stcnet3d.sources import Sources, sources
from stcnet_lib.config import Stcnet3dNetworkConfig

REDUCTION = 4
_INPUTS = 8  # frame, its mask, the median and where it is known
_HIDDEN = -1e4  # the logit of what is hidden; finite, so that a place that nothing shows has weights too
_SHARP = 16.0  # times the logits: a difference of .3 between two sources is a hundredfold in their weights
_MEDIAN = 2.0  # the median's logit in the beginning; those of frames are 0


class Answers(NamedTuple):
    """What is to be made of the sources, at 1/4 of the resolution or at any other."""

    logits: Tensor  # (B, T, S, h, w)
    residual: Tensor  # (B, T, 3, H, W)


class Stcnet3d(nn.Module):
    """Windows of frames in a row, completed.

    Shapes:
        frames (B, T, 3, H, W) in [-1, 1], hidden (B, T, 1, H, W), 1 where a pixel is dropped, of any form
        -> the frames completed (B, T, 3, H, W). Visible pixels are never changed, not by a bit.
    """

    def __init__(self, config: Stcnet3dNetworkConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        rates = list(zip(config.dilations, config.time_dilations, strict=True))
        blocks = [DilatedBlock(channels, *rate) for rate in rates]
        half = (len(blocks) + 1) // 2
        self.embedding = nn.Conv3d(_INPUTS * REDUCTION**2, channels, 1)
        self.before = nn.Sequential(*blocks[:half])
        self.non_local = NonLocalBlock3d(channels) if config.non_local else nn.Identity()
        self.after = nn.Sequential(*blocks[half:])
        self.queries = nn.Conv3d(channels, channels, 1)
        self.keys = nn.Conv3d(channels, channels, 1)
        self.of_median = nn.Conv3d(channels, 1, 1)
        self.decoder = Decoder(channels)
        for layer in (self.keys, self.of_median):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, frames: Tensor, hidden: Tensor) -> Tensor:
        found = sources(frames, hidden)
        return torch.where(hidden > 0.5, painted(self.answers(found), found), frames)

    def answers(self, found: Sources) -> Answers:
        """What the network makes of what is seen, before any pixel is composed."""
        maps = self.after(self.non_local(self.before(self.embedding(_blocks_of_pixels(found)))))
        queries, keys = self.queries(maps), self.keys(maps)  # (B, C, T, h, w)
        of_frames = torch.einsum("bcthw,bcshw->btshw", queries, keys).float() / math.sqrt(maps.shape[1])
        itself = torch.eye(maps.shape[2], dtype=torch.bool, device=maps.device)[:, :, None, None]
        of_median = self.of_median(maps).float().transpose(1, 2)  # (B, T, 1, h, w)
        logits = torch.cat([of_frames, of_median + _MEDIAN], 2)
        if self.config.choice == "sharp" and not self.training:
            logits = _SHARP * logits
        logits[:, :, :-1].masked_fill_(itself, _HIDDEN)
        return Answers(logits, self.decoder(maps).float())

    def stages(self, batch: Batch) -> dict[str, Tensor]:
        """The frames that are looked at (`CompletionNetwork`): of all that show a place, and as completed."""
        found = sources(batch.window.frames, batch.window.hidden)
        answers = Answers(*(batch.of_target(part)[:, None] for part in self.answers(found)))
        return {
            name: torch.where(batch.mask > 0.5, make(answers, found)[:, 0], batch.frame)
            for name, make in (("routed", routed), ("completed", painted))
        }


class Decoder(nn.Module):
    """From 1/4 to the full resolution, twice by resizing, frame by frame; zero at the start.

    Shapes:
        maps (B, C, T, h, w) -> residual (B, T, 3, 4h, 4w)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.middle = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.fine = nn.Conv2d(channels // 2, channels // 4, 3, padding=1)
        self.out = nn.Conv2d(channels // 4, 3, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, maps: Tensor) -> Tensor:
        shape = maps.shape[0], maps.shape[2]
        maps = maps.transpose(1, 2).flatten(0, 1)  # (BT, C, h, w)
        maps = F.elu(self.middle(F.elu(maps)))
        maps = F.elu(self.fine(_twice(maps)))
        return self.out(_twice(maps)).unflatten(0, shape)


def routed(answers: Answers, found: Sources) -> Tensor:
    """The sources' pixels as the answers weigh them: (B, T, 3, H, W) in [-1, 1]; 0 where none is seen.

    Args:
        found: at the resolution that is wanted, which may be another one than that of the answers.
    """
    with torch.autocast(found.pictures.device.type, enabled=False):  # what is copied is not rounded
        logits = _resized(answers.logits, found.pictures.shape[-2:])  # (B, T, S, H, W)
        unseen = found.unseen.transpose(1, 2)  # (B, 1, S, H, W)
        weights = logits.masked_fill(unseen, _HIDDEN).softmax(2)
        weights = weights.masked_fill(unseen.all(2, keepdim=True), 0)
        return torch.einsum("btshw,bschw->btchw", weights, found.pictures.float())


def painted(answers: Answers, found: Sources) -> Tensor:
    """The same with the decoder's share, (B, T, 3, H, W) in [-1, 1]."""
    return (routed(answers, found) + _resized(answers.residual, found.pictures.shape[-2:])).clamp(-1, 1)


def _blocks_of_pixels(found: Sources) -> Tensor:
    """What is seen, blocks of 4×4 pixels as channels: (B, 8·16, T, H / 4, W / 4)."""
    pictures = found.pictures.masked_fill(found.unseen, 0)
    frames = pictures.shape[1] - 1
    seen = torch.cat([pictures, found.unseen.to(pictures.dtype)], 2)  # (B, S, 4, H, W)
    seen = torch.cat([seen[:, :-1], seen[:, -1:].expand(-1, frames, -1, -1, -1)], 2)  # (B, T, 8, H, W)
    return F.pixel_unshuffle(seen, REDUCTION).transpose(1, 2)


def _resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, T, n, h, w) in another resolution."""
    if maps.shape[-2:] == size:
        return maps
    large = F.interpolate(maps.flatten(0, 1), size, mode="bilinear", align_corners=False)
    return large.unflatten(0, maps.shape[:2])


def _twice(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
