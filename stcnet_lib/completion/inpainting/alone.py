"""What networks that complete a frame by itself share: the frame in, the frame out, learning and filling."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.learner import Completed, GameLearner, beginning
from stcnet_lib.completion.game.losses import reconstruction_loss
from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.methods.network import NetworkFiller, Seen, as_pictures
from stcnet_lib.completion.task import Filler, Filling
from stcnet_lib.config import GuidedNetworkConfig
from stcnet_lib.config.section import Section
from stcnet_lib.reid.network import ReIDNetwork


class FrameNetwork(nn.Module, ABC):
    """x̂ = M·G((1-M)·x, M) + (1-M)·x, of a generator G that a subclass has: `colours`."""

    def __init__(self, config: Section) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def colours(self, seen: Tensor) -> Tensor:
        """What is painted: the visible frame and its mask (B, 4, H, W) -> (B, 3, H, W) in [-1, 1]."""

    def forward(self, frames: Tensor, hidden: Tensor) -> Tensor:
        """frames (B, 3, H, W) in [-1, 1], hidden (B, 1, H, W), of any form -> (B, 3, H, W)."""
        mask = hidden > 0.5
        painted = self.colours(torch.cat([frames.masked_fill(mask, 0), mask.to(frames)], 1))
        return torch.where(mask, painted.to(frames.dtype), frames)

    def stages(self, batch: Batch) -> dict[str, Tensor]:
        """The completed frames (`CompletionNetwork`)."""
        return {"completed": self(batch.frame, batch.mask)}


def learner_of(
    network: type[FrameNetwork],
    config: GuidedNetworkConfig,
    guider: ReIDNetwork,
    num_classes: int,
    seed: int,
    compute: Compute,
) -> GameLearner:
    """A network of this type at the beginning of its training; arguments and errors as of `beginning`."""

    def make() -> FrameNetwork:
        return compute.place(network(config.network))

    return beginning(config, guider, num_classes, seed, make, complete, compute)


def complete(network: nn.Module, batch: Batch) -> Completed:
    """The frames, and their error where the truth is known."""
    completed = network(batch.frame, batch.mask)
    return Completed(completed, {"l1": reconstruction_loss(batch.frame, completed, batch.known)}, {})


def filler_of(network: FrameNetwork, compute: Compute) -> Filler:
    """The network on its device, in evaluation mode."""
    network = compute.place(network).eval()
    kind = network.config.kind

    def fill(seen: Seen) -> list[Filling]:
        pictures, masks = seen.pictures(seen.frames), seen.masks(seen.frames)
        with compute.autocast(network.config.precision):
            completed = as_pictures(network(pictures, masks))
        return [Filling(picture, kind) for picture in completed]

    return NetworkFiller(fill, network.config, compute)
