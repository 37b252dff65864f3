"""Training of the mask networks on planted occluders, in rounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.config import MasksConfig, RuntimeConfig
from stcnet_lib.data.planting.pieces import body_prior
from stcnet_lib.localisation.masks.evidence import PICTURE, Evidence, refined
from stcnet_lib.localisation.masks.network import MaskNetworks
from stcnet_lib.localisation.masks.prediction import chances_of, network_logits
from stcnet_lib.localisation.masks.samples import MaskSamples
from stcnet_lib.localisation.planted_training import Clips, train_in_turn

# See `train_in_turn`. As hidden as not: on walkers, of whose train frames a sixth is really hidden, average
# precision of the person's pixels was .876 at 2 and .905 at 0 (seed 1, 1000 steps).
_SURE = 0.0
_PERSON = 3.0  # weight of a pixel where the person mostly is, beside 1 of others


class _Rounds:
    """What each network learns from: the evidence as the networks before it refined it."""

    def __init__(
        self,
        samples: MaskSamples,
        evidence: Sequence[Evidence],
        networks: MaskNetworks,
        compute: Compute,
        progress_seconds: float,
    ) -> None:
        self._samples, self._evidence, self._networks = samples, evidence, networks
        self._compute, self._seconds = compute, progress_seconds
        self._turn = 0

    def batch(self, turn: int, step: int, device: torch.device) -> Clips:
        while self._turn < turn:  # several at once, where a training goes on in a later round
            self._refine()
        return self._samples.batch(turn, step, device)

    def _refine(self) -> None:
        network = self._networks[self._turn].eval()
        evidence, chances = [], []
        with Progress("refining", len(self._evidence), "tracklets", seconds=self._seconds) as progress:
            for own in self._evidence:
                chances.append(chances_of(network_logits(network, own, self._compute)))
                evidence.append(refined(own, chances[-1]))
                progress.advance(1)
        self._turn, self._evidence = self._turn + 1, evidence
        self._samples = self._samples.refined(evidence, chances)


def train_mask_networks(
    config: MasksConfig,
    samples: MaskSamples,
    evidence: Sequence[Evidence],
    seed: int,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[MaskNetworks, History, TrainingState]:
    """`train_in_turn` of mask networks, one a round.

    Args:
        evidence: of the samples' tracklets.
    """
    torch.manual_seed(seed)  # initial weights, and what dropout drops
    networks = MaskNetworks(config).to(compute.device, memory_format=torch.channels_last)
    rounds = _Rounds(samples, evidence, networks, compute, runtime.progress_seconds)
    weight = 1 + (_PERSON - 1) * torch.tensor(body_prior(*PICTURE)).float()
    return train_in_turn(
        "masks",
        config,
        networks,
        rounds,
        _SURE,
        folder,
        resume_key,
        runtime,
        compute,
        weight=weight / weight.mean(),
        onwards=True,
    )
