"""The network learns by L1 in simulated holes of all frames, and by what the guider says of one of them."""

from __future__ import annotations

from torch import Tensor, nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.learner import Completed, GameLearner, beginning
from stcnet_lib.completion.learning.batch import Batch, Window
from stcnet_lib.completion.stcnet3d.network import Stcnet3d
from stcnet_lib.config import Stcnet3dConfig
from stcnet_lib.reid.network import ReIDNetwork


def learner(
    config: Stcnet3dConfig, guider: ReIDNetwork, num_classes: int, seed: int, compute: Compute
) -> GameLearner:
    """The network at the beginning of its training; arguments and errors as of `beginning`."""

    def make() -> Stcnet3d:
        return Stcnet3d(config.network).to(compute.device)  # channels_last is of 4 dimensions

    return beginning(config, guider, num_classes, seed, make, complete, compute)


def complete(network: nn.Module, batch: Batch) -> Completed:
    """All frames of the windows; the frame that is looked at is shown to the guider."""
    completed = network(batch.window.frames, batch.window.hidden)
    return Completed(batch.of_target(completed), {"l1": window_l1(batch.window, completed)}, {})


def window_l1(window: Window, completed: Tensor) -> Tensor:
    """|x - x̂|₁ of the frames that have a simulated hole, a mean over all their pixels as in STCnet's Eq. 9.

    Where a frame is occluded itself nobody knows the truth, and no error is counted.
    """
    errors = ((window.frames - completed.float()).abs() * window.known).mean((2, 3, 4))  # (B, T)
    return errors.sum() / window.masked.any(2).sum().clamp(min=1)
