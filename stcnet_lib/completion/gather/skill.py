"""Skill of the network on people who are held out: how much nearer to the truth than the median it fills.

    skill = 1 - L1 / L1(median of the visible frames)

over the pixels of simulated holes that some other frame shows, in the size of the copies, in [-1, 1].
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.gather.composition import Answers, asked, composed
from stcnet_lib.completion.gather.network import GatherNetwork
from stcnet_lib.completion.gather.samples import GatherBatch, GatherSamples
from stcnet_lib.completion.gather.sources import Sources, sources
from stcnet_lib.completion.learning.skill import SAMPLES, hole_l1, skill_columns, skill_summary

logger = logging.getLogger(__name__)

TIMES = 4  # how often it is measured while the network trains
_BATCH = 16  # samples at once
_APART = 100.0  # logits between one candidate and the next that leave no weight to the next


@dataclass(frozen=True)
class GatherValidation:
    """Holes of people who are held out, and how well the controls do on them."""

    batches: tuple[GatherBatch, ...]
    tracklets: np.ndarray  # (S,) of each sample
    controls: dict[str, np.ndarray]  # name -> (S,) L1 of each sample
    compute: Compute

    @classmethod
    def of(cls, samples: GatherSamples, compute: Compute) -> GatherValidation | None:
        """None where nobody is held out."""
        drawn = samples.held_out(SAMPLES)
        if not drawn:
            return None
        batches, found = [], {"median": [], "nearest": []}
        for start in range(0, len(drawn), _BATCH):
            part = [sample for _, sample in drawn[start : start + _BATCH]]
            batch = samples.together(part, compute.device)
            everything = sources([sample.hole for sample in part], compute.device)
            found["median"].append(_l1(batch, batch.sources.pictures[:, -1]))
            found["nearest"].append(_l1(batch, nearest(everything)))
            batches.append(batch)
        controls = {name: np.concatenate(errors) for name, errors in found.items()}
        return cls(tuple(batches), np.array([tracklet for tracklet, _ in drawn]), controls, compute)

    def due(self, done: int, total: int) -> bool:
        """Whether it is time to measure after `done` of `total` steps: `TIMES` times, and in the end."""
        return done % max(1, total // TIMES) == 0 or done == total

    def l1(self, network: GatherNetwork, choice: Literal["soft", "sharp"]) -> np.ndarray:
        """(S,) L1 of each sample."""
        errors = [_l1(batch, filled(network, batch, choice, self.compute)) for batch in self.batches]
        return np.concatenate(errors)

    def columns(self, network: GatherNetwork) -> dict[str, float]:
        """Columns of `history.csv`."""
        return skill_columns(self.l1(network, network.config.choice), self.controls)

    def summary(self, network: GatherNetwork) -> dict[str, Any]:
        """What `model.json` says of the trained network; it is logged as well."""
        both = {choice: self.l1(network, choice) for choice in ("soft", "sharp")}
        found = skill_summary(both[network.config.choice], both | self.controls, self.tracklets)
        logger.info(
            "skill %+.3f [%+.3f, %+.3f] over the median of the visible frames: L1 %.4f in the hole, "
            "median %.4f, nearest %.4f; soft %.4f, sharp %.4f",
            *(found["skill"], *found["interval"], found["l1"]),
            *(found[f"l1_{name}"] for name in ("median", "nearest", "soft", "sharp")),
        )
        return found


@torch.no_grad()
def filled(
    network: GatherNetwork, batch: GatherBatch, choice: Literal["soft", "sharp"], compute: Compute
) -> Tensor:
    """What the network makes of a batch: (B, 3, H, W) in [-1, 1]."""
    with compute.autocast(network.config.precision):
        answers = asked(network, batch.sources)
    return composed(answers, batch.sources.pictures, batch.sources.unseen, choice)


def nearest(found: Sources) -> Tensor:
    """Every pixel from the first candidate that shows it, of all in the order of time: (B, 3, H, W)."""
    logits = -_APART * torch.arange(found.gaps.shape[1]).to(found.pictures)
    logits = logits.expand_as(found.gaps)[..., None, None, None]
    still = torch.zeros_like(logits).expand(-1, -1, 2, -1, -1)
    return composed(Answers(logits, still), found.pictures, found.unseen, "soft")


def _l1(batch: GatherBatch, filled: Tensor) -> np.ndarray:
    return hole_l1(batch.sources.frame, filled, batch.counts)
