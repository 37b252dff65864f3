"""STCnet learns: both generators against discriminators, guided by a frozen re-ID network (paper §3.4-3.6).

Of frames x whose region M was hidden on purpose the spatial generator makes x1 and the temporal one x2:

    |x - x1| + |x - x2|                                                          (Eq. 9)

are its L1 terms, and discriminators and guider look at x2 (`game/learner.py`).
"""

from __future__ import annotations

from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.game.learner import Completed, GameLearner, beginning
from stcnet_lib.completion.game.losses import reconstruction_loss
from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import StcnetConfig
from stcnet_lib.reid.network import ReIDNetwork


def learner(
    config: StcnetConfig, guider: ReIDNetwork, num_classes: int, seed: int, compute: Compute
) -> GameLearner:
    """STCnet at the beginning of its training; arguments and errors as of `beginning`."""

    def make() -> STCnet:
        return compute.place(STCnet(config.network))

    shown = ("l1", "l1_temporal")
    return beginning(config, guider, num_classes, seed, make, complete, compute, name="STCnet", shown=shown)


def complete(generators: nn.Module, batch: Batch) -> Completed:
    """Both stages; where the frame itself is occluded nobody knows the truth, and no error is counted."""
    completion = generators(batch.frame, *batch.references, batch.mask, *batch.reference_masks)
    l1 = {
        "l1_spatial": reconstruction_loss(batch.frame, completion.x1, batch.known),
        "l1_temporal": reconstruction_loss(batch.frame, completion.x2, batch.known),
    }
    entropy = completion.entropy
    return Completed(completion.x2, l1, {} if entropy is None else {"entropy": entropy.mean()})
