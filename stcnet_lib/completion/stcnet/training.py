"""STCnet learns: both generators against discriminators, guided by a frozen re-ID network (paper §3.4-3.6).

Of frames x whose region M was hidden on purpose the spatial generator makes x1 and the temporal one x2:

    |x - x1| + |x - x2|                                                          (Eq. 9)

are its L1 terms, and discriminators and guider look at x2 (`game/learner.py`).
"""

from __future__ import annotations

import torch
from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.learner import Completed, GameLearner, Players, check_guider, gathered
from stcnet_lib.completion.game.losses import reconstruction_loss
from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import StcnetConfig
from stcnet_lib.reid.network import ReIDNetwork


def learner(
    config: StcnetConfig, guider: ReIDNetwork, num_classes: int, seed: int, compute: Compute
) -> GameLearner:
    """STCnet at the beginning of its training.

    Args:
        num_classes: people of the train split.

    Raises:
        ValueError: if the guider knows others and the generators are to learn from what it says.
    """
    check_guider(config, guider, num_classes)
    players = build_players(config, guider, seed, compute)
    return GameLearner("STCnet", ("l1", "l1_temporal"), complete, config.game, players, compute)


def build_players(config: StcnetConfig, guider: ReIDNetwork, seed: int, compute: Compute) -> Players:
    """Generators, discriminators and the frozen guider, on their device, with their optimisers."""
    torch.manual_seed(seed)  # initial weights; the only draw from the global generator
    return gathered(config, compute.place(STCnet(config.network)), guider, compute)


def complete(generators: nn.Module, batch: Batch) -> Completed:
    """Both stages; where the frame itself is occluded nobody knows the truth, and no error is counted."""
    completion = generators(batch.frame, *batch.references, batch.mask, *batch.reference_masks)
    l1 = {
        "l1_spatial": reconstruction_loss(batch.frame, completion.x1, batch.known),
        "l1_temporal": reconstruction_loss(batch.frame, completion.x2, batch.known),
    }
    entropy = completion.entropy
    return Completed(completion.x2, l1, {} if entropy is None else {"entropy": entropy.mean()})
