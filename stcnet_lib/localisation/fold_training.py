"""Training of networks that find what was planted, one a fold of the train people.

The train people are parted into folds, and each network learns without one of them: what it says of those is
what it would say of strangers, so that thresholds found on train people hold for others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.loop import Course, run_steps
from stcnet_lib.common.training.schedule import set_rate
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.config import DetectorConfig, MasksConfig, RuntimeConfig

_WARMUP = 0.1  # share of the steps
_AFTER = 0.4  # share of the steps after which a network no longer learns to doubt what it is sure of
_WEIGHT_DECAY = 1e-3
_CLIP, _FOLDS = 21, 22  # streams of random numbers


class Clips(NamedTuple):
    """What a network learns from in one step."""

    inputs: tuple[Tensor, ...]
    hidden: Tensor  # as the network's logits: bool, or the share of a pixel that is hidden
    counts: Tensor  # bool, likewise: whether anybody knows


class FoldSamples(Protocol):
    """Clips drawn anew at every step: a pure function of seed, fold and step."""

    def batch(self, left_out: int, step: int, device: torch.device) -> Clips: ...


def people_folds(pids: Sequence[int], folds: int, seed: int) -> dict[int, int]:
    """Which fold a person is left out of.

    Raises:
        ValueError: fewer people than folds.
    """
    people = np.unique(np.asarray(pids))
    if len(people) < folds:
        raise ValueError(
            f"occlusion.scores: got 'planted' with {len(people)} train people, wanted {folds} at least, one "
            "a fold; set it to 'cosine', and occlusion.masks to 'thirds'"
        )
    order = np.random.default_rng([_FOLDS, seed]).permutation(people)
    return {int(pid): place % folds for place, pid in enumerate(order)}


class ClipDraw:
    """Which clips a step is of, and in what light: frames (B, T) of tracklets (B,)."""

    def __init__(
        self, config: DetectorConfig | MasksConfig, lengths: Sequence[int], fold: np.ndarray, seed: int
    ) -> None:
        """
        Args:
            lengths, fold: (N,) frames of each tracklet, and which fold it is left out of.
        """
        self._config, self._lengths, self._seed = config, lengths, seed
        self.fold = fold
        self.sources = [np.flatnonzero(fold != left_out) for left_out in range(config.folds)]

    def draw(self, left_out: int, step: int) -> Draw:
        rng = np.random.default_rng([_CLIP, self._seed, left_out, step])
        tracklets = rng.choice(self.sources[left_out], self._config.batch)
        flip = bool(rng.random() < 0.5)
        gain, tint = rng.uniform(0.8, 1.25, len(tracklets)), rng.normal(0, 16, (len(tracklets), 3))
        frames = []
        for number in tracklets:
            length, clip = self._lengths[number], self._config.clip
            first = int(rng.integers(max(length - clip, 0) + 1))
            frames.append(np.minimum(first + np.arange(clip), length - 1))
        return Draw(tracklets, frames, flip, gain, tint)


class Draw(NamedTuple):
    tracklets: np.ndarray  # (B,)
    frames: list[np.ndarray]  # (T,) each, within the tracklet; the last one repeats in short tracklets
    flip: bool
    gain: np.ndarray  # (B,)
    tint: np.ndarray  # (B, 3) grey levels

    def lit(self, place: int, pictures: np.ndarray) -> np.ndarray:
        """uint8 pictures (…, 3, h, w) of clip `place`, in another light."""
        colour = self.tint[place][:, None, None]
        return np.clip((pictures - 128.0) * self.gain[place] + 128 + colour, 0, 255).astype(np.uint8)


def train_folds(
    name: str,
    config: DetectorConfig | MasksConfig,
    networks: nn.ModuleList,
    samples: FoldSamples,
    sure: float,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[nn.ModuleList, History, TrainingState]:
    """Train one network a fold, one after the other.

    Args:
        name: of the networks, as their section is called under `occlusion`.
        sure: something real hides some of what nothing was planted on, and learning that it is visible would
            make a network doubt itself: what it gives a logit above this after a while no longer counts as
            visible.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if the loss is no longer a number.
    """
    networks = networks.to(compute.device)
    optimizers = [
        torch.optim.AdamW(network.parameters(), config.lr, weight_decay=_WEIGHT_DECAY) for network in networks
    ]
    parts = {"networks": networks} | {f"optimizer_{i}": o for i, o in enumerate(optimizers)}
    state = TrainingState(folder, resume_key, parts, compute, runtime.save_steps)
    total = config.steps * config.folds
    history = History(state, total)
    first = state.resume()
    networks.train()

    def train_step(step: int, clips: Clips) -> tuple[dict[str, Tensor], float]:
        fold, place = divmod(step, config.steps)
        rate = fold_rate(config, place)
        with compute.autocast(config.precision):
            logits = networks[fold](*clips.inputs)
        counts = clips.counts
        if place >= _AFTER * config.steps:
            counts = counts & ((clips.hidden > 0) | (logits.detach() < sure))
        loss = functional.binary_cross_entropy_with_logits(
            logits.float(), clips.hidden.float(), counts.float()
        )
        set_rate(optimizers[fold], rate)
        optimizers[fold].zero_grad(set_to_none=True)
        loss.backward()
        optimizers[fold].step()
        return {"loss": loss}, rate

    batches: Iterator[Clips] = (
        samples.batch(*divmod(step, config.steps), compute.device) for step in range(first, total)
    )
    course = Course(name, f"occlusion.{name}", ("loss", "loss"), total)
    run_steps(course, first, batches, train_step, state, history, compute, runtime.progress_seconds)
    return networks.eval(), history, state


def fold_rate(config: DetectorConfig | MasksConfig, step: int) -> float:
    """The rate at a step of one fold: up linearly, down as a cosine."""
    warmup = _WARMUP * config.steps
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    return config.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (config.steps - warmup)))
