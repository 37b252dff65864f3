"""Skill: how much nearer to the truth a network fills a hole than the median of the visible frames does.

    skill = 1 - L1 / L1(median)

on regions of train people whom it never learned from, hidden as in training. 1 is perfect, 0 is as good as
the median, which needs no training, and below 0 the median is better. All of it is of the region for which
the references were chosen, in the network's resolution, with pixels in [-1, 1].
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stcnet_lib import REGIONS
from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import region_mask
from stcnet_lib.completion.learning.batch import Batch, CompletionNetwork
from stcnet_lib.completion.learning.samples import CompletionSamples, Hidden
from stcnet_lib.data.clips.transforms import to_unit

logger = logging.getLogger(__name__)

SAMPLES = 96
TIMES = 10  # how often it is measured while a network trains
RESAMPLES = 2000  # of the tracklets, for the interval
CONTROLS = ("median", "mean", "nearest")
_BATCH = 16  # samples at once


@dataclass(frozen=True)
class Validation:
    """Samples of people who are held out, and how well the controls do on them."""

    batches: tuple[Batch, ...]
    holes: tuple[Tensor, ...]  # (B, 1, H, W) of each batch: 1 where errors count
    tracklets: np.ndarray  # (S,) of each sample
    controls: dict[str, np.ndarray]  # name -> (S,) L1 of each sample
    compute: Compute

    @classmethod
    def of(cls, samples: CompletionSamples, compute: Compute) -> Validation | None:
        """None where nobody is held out."""
        hidden = samples.held_out(SAMPLES)
        if not hidden:
            return None
        batches, holes, errors = [], [], []
        for start in range(0, len(hidden), _BATCH):
            part = hidden[start : start + _BATCH]
            collated = torch.utils.data.default_collate([samples.sample(each) for each in part])
            batch = Batch.of(collated, compute)
            hole = _hole(part, collated, batch)
            guesses = _guesses(samples, part, batch)
            errors.append([hole_l1(batch.frame, guesses[name], hole) for name in CONTROLS])
            batches.append(batch)
            holes.append(hole)
        controls = dict(zip(CONTROLS, np.concatenate(errors, axis=1), strict=True))
        rows = np.array([each.row for each in hidden])
        return cls(tuple(batches), tuple(holes), rows, controls, compute)

    def due(self, done: int, total: int) -> bool:
        """Whether it is time to measure after `done` of `total` steps: `TIMES` times, and in the end."""
        return self.compute.is_main and (done % max(1, total // TIMES) == 0 or done == total)

    @torch.no_grad()
    def l1(self, network: CompletionNetwork) -> np.ndarray:
        """(S,) L1 of each sample, of what the network makes in the end. No random number is drawn."""
        training = network.training
        network.eval()
        errors = []
        for batch, hole in zip(self.batches, self.holes, strict=True):
            with self.compute.autocast(network.config.precision):
                *_, completed = network.stages(batch).values()
            errors.append(hole_l1(batch.frame, completed, hole))
        network.train(training)
        return np.concatenate(errors)

    def columns(self, network: CompletionNetwork) -> dict[str, float]:
        """Columns of `history.csv`."""
        l1 = self.l1(network)
        return skill_columns(l1, self.controls)

    def summary(self, network: CompletionNetwork) -> dict[str, Any]:
        """What `model.json` says of the trained network; it is logged as well."""
        found = skill_summary(self.l1(network), self.controls, self.tracklets)
        logger.info(
            "skill %+.3f [%+.3f, %+.3f] over the median of the visible frames: L1 %.4f in the hole, median "
            "%.4f, mean of both references %.4f, nearest %.4f",
            *(found["skill"], *found["interval"], found["l1"]),
            *(found[f"l1_{name}"] for name in CONTROLS),
        )
        return found


def skill_columns(l1: np.ndarray, controls: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Columns of `history.csv`: of L1 of each sample (S,), the network's and those of controls by name."""
    columns = {"val_l1": float(l1.mean())}
    columns |= {f"val_l1_{name}": float(values.mean()) for name, values in controls.items()}
    return columns | {"skill": skill(l1, controls["median"])}


def skill_summary(
    l1: np.ndarray, controls: Mapping[str, np.ndarray], tracklets: np.ndarray
) -> dict[str, Any]:
    """What `model.json` says of the same; `tracklets` (S,) of each sample."""
    median = controls["median"]
    return {
        "l1": float(l1.mean()),
        **{f"l1_{name}": float(values.mean()) for name, values in controls.items()},
        "skill": skill(l1, median),
        "interval": skill_interval(l1, median, tracklets),
        "samples": len(l1),
        "tracklets": len(np.unique(tracklets)),
    }


def hole_l1(truth: Tensor, guess: Tensor, hole: Tensor) -> np.ndarray:
    """(B,) float64: mean |truth - guess| over the hole's pixels and channels; images (B, 3, H, W)."""
    errors = ((truth.float() - guess.float()).abs() * hole).double().sum((1, 2, 3))
    pixels = hole.double().sum((1, 2, 3)) * truth.shape[1]
    return (errors / pixels.clamp(min=1)).cpu().numpy()


def skill(l1: np.ndarray, median: np.ndarray) -> float:
    """1 - L1 / L1(median), of the means over all samples (S,)."""
    return float(1 - l1.mean() / max(median.mean(), 1e-9))


def skill_interval(
    l1: np.ndarray, median: np.ndarray, tracklets: np.ndarray, resamples: int = RESAMPLES
) -> list[float]:
    """95 % bootstrap interval over tracklets: samples of one are not independent."""
    _, group = np.unique(tracklets, return_inverse=True)
    own, other = (np.bincount(group, weights=values) for values in (l1, median))
    drawn = np.random.default_rng(0).integers(len(own), size=(resamples, len(own)))
    skills = 1 - own[drawn].sum(1) / np.maximum(other[drawn].sum(1), 1e-9)
    return [float(bound) for bound in np.percentile(skills, [2.5, 97.5])]


def _hole(hidden: list[Hidden], collated: dict[str, Tensor], batch: Batch) -> Tensor:
    """(B, 1, H, W): rows of the hidden third alone. Resizing mixes those of others into its edge."""
    height, width = batch.frame.shape[-2:]
    own = torch.nn.functional.one_hot(torch.tensor([each.region for each in hidden]), len(REGIONS)).bool()
    heights = collated["heights"][torch.arange(len(hidden)), collated["target"]].tolist()
    inside, outside = (region_mask(flags, height, width, heights) for flags in (own, ~own))
    return (inside * (1 - outside)).to(batch.frame.device)


def _guesses(samples: CompletionSamples, hidden: list[Hidden], batch: Batch) -> dict[str, Tensor]:
    """What each control puts in the place of the frames: (B, 3, H, W)."""

    def shown(each: Hidden, numbers: Sequence[int]) -> Tensor:  # (F, 3, H, W)
        return to_unit(samples.frames_of(each.row, numbers)[0])

    pairs = torch.stack([shown(each, each.references) for each in hidden])  # (B, 2, 3, H, W)
    medians = [np.median(shown(each, each.shown).numpy(), axis=0) for each in hidden]
    guesses = {
        "median": torch.from_numpy(np.stack(medians)),
        "mean": (pairs[:, 0] + pairs[:, 1]) / 2,
        "nearest": pairs[torch.arange(len(hidden)), [each.nearest for each in hidden]],
    }
    return {name: guess.to(batch.frame.device) for name, guess in guesses.items()}
