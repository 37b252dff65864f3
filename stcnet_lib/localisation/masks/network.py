"""A small network that says of every pixel of every frame of a tracklet how likely something hides it.

An encoder and a decoder over single frames, joined over time at every resolution: an occluder comes, moves on
and goes. It looks at `evidence.py` alone, and at no re-ID network, so that it needs no guider that knows the
people.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stcnet_lib.config import MasksConfig
from stcnet_lib.localisation.clues import CHANNELS
from stcnet_lib.localisation.masks.evidence import SHARES

_DROPPED = 0.1  # share of channels at the coarsest resolution
_INPUTS = 3 + 3 + 3 + 2 + len(SHARES)  # frame, usual one, their difference, place, rarity


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ELU())


class _OverTime(nn.Module):
    """Adds to every place what it shows in the frames before and after: (B·T, C, h, w) of B clips.

    A convolution over pictures of T rows, one column a place: torch has no fast one over time alone.
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, channels, (3, 1), padding=(dilation, 0), dilation=(dilation, 1))

    def forward(self, maps: Tensor, clips: int) -> Tensor:
        course = maps.unflatten(0, (clips, -1)).flatten(3).transpose(1, 2)  # (B, C, T, h·w)
        return maps + functional.elu(self.layer(course)).transpose(1, 2).reshape(maps.shape)


class MaskNetwork(nn.Module):
    """Logits of being hidden.

    Shapes:
        pictures uint8 (B, T, 3, h, w), usual uint8 (B, 3, h, w), rarity (B, T, C, h, w), and where they are
        guided recurrence (B, T, C', h/4, w/4) of the guider's maps (`clues.py`) -> (B, T, h, w)
    """

    def __init__(self, config: MasksConfig) -> None:
        super().__init__()
        fine, middle, coarse = (config.channels * times for times in (1, 2, 3))
        self.fine = nn.Sequential(_convolution(_INPUTS, fine), _convolution(fine, fine))
        self.middle = nn.Sequential(_convolution(fine, middle, 2), _convolution(middle, middle))
        self.coarse = nn.Sequential(_convolution(middle, coarse, 2))
        guided = CHANNELS if config.guided else 0
        self.joined = _convolution(coarse + guided, coarse)
        self.dropped = nn.Dropout2d(_DROPPED)
        self.coarse_time = nn.ModuleList(_OverTime(coarse, dilation) for dilation in (1, 2, 1))
        self.middle_time, self.fine_time = _OverTime(middle), _OverTime(fine)
        self.to_middle = nn.Sequential(_convolution(coarse + middle, middle), _convolution(middle, middle))
        self.to_fine = nn.Sequential(_convolution(middle + fine, fine), _convolution(fine, fine))
        self.out = nn.Conv2d(fine, 1, 1)

    def forward(
        self, pictures: Tensor, usual: Tensor, rarity: Tensor, recurrence: Tensor | None = None
    ) -> Tensor:
        clips, frames = pictures.shape[:2]
        fine = self.fine(_seen(pictures, usual, rarity))
        middle = self.middle(fine)
        maps = self.coarse(middle)
        if recurrence is not None:
            maps = torch.cat([maps, 6 * (1 - recurrence.flatten(0, 1).float())], 1)
        maps = self.dropped(self.joined(maps))
        for layer in self.coarse_time:
            maps = layer(maps, clips)
        maps = self.to_middle(torch.cat([_twice(maps), self.middle_time(middle, clips)], 1))
        maps = self.to_fine(torch.cat([_twice(maps), self.fine_time(fine, clips)], 1))
        return self.out(maps)[:, 0].unflatten(0, (clips, frames))


class MaskNetworks(nn.ModuleList):
    """One network a round."""

    def __init__(self, config: MasksConfig) -> None:
        super().__init__(MaskNetwork(config) for _ in range(config.rounds))
        self.config = config


def _seen(pictures: Tensor, usual: Tensor, rarity: Tensor) -> Tensor:
    """What goes in: (B·T, `_INPUTS`, h, w)."""
    frames, (height, width) = pictures.shape[1], pictures.shape[-2:]
    picture = pictures.flatten(0, 1).float() / 64 - 2
    wont = usual.float()[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1) / 64 - 2
    down = torch.linspace(-1, 1, height, device=picture.device)[:, None].expand(height, width)
    aside = torch.linspace(-1, 1, width, device=picture.device).abs().expand(height, width)
    place = torch.stack([down, aside]).expand(len(picture), -1, -1, -1)
    return torch.cat([picture, wont, (picture - wont).abs(), place, 3 * rarity.flatten(0, 1).float()], 1)


def _twice(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
