"""A network that says of every third of every frame of a tracklet how likely something hides it.

It sees what `clues.py` finds, frame by frame, and what it thinks of the frames before and after: an occluder
comes, stays and goes. It is small, since it learns from one data set's train tracklets alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stcnet_lib import REGIONS
from stcnet_lib.common.masks import strip_weights
from stcnet_lib.config import DetectorConfig
from stcnet_lib.localisation.clues import CHANNELS, PLACES

_WIDTH = 64  # of the features of a third
_DROPPED = 0.1  # share of channels


class OcclusionDetector(nn.Module):
    """Logits of being hidden.

    Shapes:
        pictures uint8 (B, T, 3, h, w), usual uint8 (B, 3, h, w), recurrence (B, T, C, 16, 8) -> (B, T, K)
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        width = config.channels
        self.seen = nn.Sequential(
            nn.Conv2d(9, width // 2, 3, 2, 1), nn.ELU(), nn.Conv2d(width // 2, width, 3, 2, 1), nn.ELU()
        )
        self.joined = nn.Sequential(
            nn.Conv2d(width + CHANNELS, width, 3, 1, 1),
            nn.ELU(),
            nn.Dropout2d(_DROPPED),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.ELU(),
            nn.Conv2d(width, width, 3, 1, 2, dilation=2),
            nn.ELU(),
        )
        self.third = nn.Linear(2 * width + len(REGIONS), _WIDTH)
        self.near = nn.Conv1d(_WIDTH, _WIDTH, 5, padding=2)
        self.far = nn.Conv1d(_WIDTH, _WIDTH, 5, padding=4, dilation=2)
        self.out = nn.Linear(_WIDTH, 1)
        self.register_buffer("strips", strip_weights(PLACES[0]).float(), persistent=False)

    def forward(self, pictures: Tensor, usual: Tensor, recurrence: Tensor) -> Tensor:
        clips, frames = pictures.shape[:2]
        picture = pictures.flatten(0, 1).float() / 64 - 2
        wont = usual.float()[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1) / 64 - 2
        seen = self.seen(torch.cat([picture, wont, (picture - wont).abs()], 1))
        rarity = 6 * (1 - recurrence.flatten(0, 1).float())
        maps = self.joined(torch.cat([seen, rarity], 1))  # (B·T, C, 16, 8)
        quarter = PLACES[1] // 4
        middle = maps[..., quarter:-quarter]  # where the person is
        pooled = [torch.einsum("kh,nch->nkc", self.strips, part.mean(3)) for part in (maps, middle)]
        which = torch.eye(len(REGIONS), device=maps.device).expand(len(maps), -1, -1)
        third = functional.elu(self.third(torch.cat([*pooled, which], 2)))  # (B·T, K, F)
        course = third.view(clips, frames, len(REGIONS), -1).permute(0, 2, 3, 1).flatten(0, 1)  # (B·K, F, T)
        course = course + functional.elu(self.near(course))
        course = course + functional.elu(self.far(course))
        course = course.view(clips, len(REGIONS), -1, frames).permute(0, 3, 1, 2)
        return self.out(course)[..., 0]


class Detectors(nn.ModuleList):
    """One detector a fold."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__(OcclusionDetector(config) for _ in range(config.folds))
