"""The mean of the weights of a training's last steps, with batch-norm statistics of its own.

The last steps of a short training wander around a minimum, and where it stops is noise: another seed stops
elsewhere. The mean of these weights lies nearer to the middle (Izmailov et al., 2018, arXiv:1803.05407).
Running means and variances belong to the weights that produced them, so those of the mean are estimated
anew, on clips of one more epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import ReIDConfig
from stcnet_lib.data.clips.loader import ClipDataset, EpochBatches
from stcnet_lib.data.clips.workers import load_batches


class WeightAverage:
    """The running mean of a network's weights over its last steps; a part of the training state.

    With a share of 0 there is no mean: its state is empty, and `network` is the trained network itself.
    """

    def __init__(self, network: nn.Module, share: float, total: int) -> None:
        """
        Args:
            share: of the steps, counted from the end, after which the weights count; at least one if above 0.
            total: steps of the training.
        """
        self._trained = network
        self._mean = AveragedModel(network) if share > 0 else None
        self._first = total - max(1, round(share * total))  # finished steps before the first that counts

    @property
    def network(self) -> nn.Module:
        """The mean, or the trained network where there is none."""
        return self._trained if self._mean is None else self._mean.module

    @property
    def averages(self) -> bool:
        """Whether there is a mean, whose batch-norm statistics are to be estimated."""
        return self._mean is not None

    def after_step(self, done: int) -> None:
        """Count the weights after `done` finished steps, if these are among the last ones."""
        if self._mean is not None and done > self._first:
            self._mean.update_parameters(self._trained)

    def state_dict(self) -> dict[str, Any]:
        """The mean so far and how many weights are in it."""
        return {} if self._mean is None else self._mean.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        if self._mean is not None:
            self._mean.load_state_dict(state)


def estimate_statistics(
    network: nn.Module, dataset: ClipDataset, config: ReIDConfig, workers: int, compute: Compute
) -> None:
    """Set running means and variances to their mean over the train clips of one more epoch.

    These are the clips that the next epoch would have, augmented as in training. Every process estimates on
    its share of them; on GPUs batch norm is synchronised, so all reach the same statistics.
    """
    first = config.epochs * dataset.steps_per_epoch
    last = first + dataset.steps_per_epoch
    sampler = EpochBatches(
        len(dataset), config.batch, dataset.seed, first, last, compute.rank, compute.world_size
    )
    with compute.autocast(config.precision):
        update_bn(_clips(load_batches(dataset, sampler, workers, compute.device)), network, compute.device)


def _clips(batches: Iterable[tuple[Tensor, Tensor]]) -> Iterable[Tensor]:
    return (clips for clips, _ in batches)
