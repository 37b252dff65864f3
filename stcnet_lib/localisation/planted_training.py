"""Training of several networks that find what was planted, one after the other.

Detectors of thirds learn in folds: each without a part of the train people, so that what it says of those is
what it would say of strangers. Mask networks learn in rounds: each from what the one before it found.
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

_WARMUP = 0.1  # share of a network's steps
_AFTER = 0.4  # share of its steps after which a network no longer learns to doubt what it is sure of
_WEIGHT_DECAY = 1e-3
_CLIP, _FOLDS = 21, 22  # streams of random numbers


class Clips(NamedTuple):
    """What a network learns from in one step."""

    inputs: tuple[Tensor, ...]
    hidden: Tensor  # as the network's logits: bool, or the share of a pixel that is hidden
    counts: Tensor  # bool, likewise: whether anybody knows


class Samples(Protocol):
    """Clips drawn anew at every step: a pure function of seed, turn and step."""

    def batch(self, turn: int, step: int, device: torch.device) -> Clips:
        """Of one step of network `turn`; the networks before it are trained by then."""
        ...


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
        self,
        config: DetectorConfig | MasksConfig,
        lengths: Sequence[int],
        sources: Sequence[np.ndarray],
        seed: int,
    ) -> None:
        """
        Args:
            lengths: (N,) frames of each tracklet.
            sources: of every turn, the tracklets that its network learns from.
        """
        self._config, self._lengths, self._seed = config, lengths, seed
        self.sources = sources

    def draw(self, turn: int, step: int) -> Draw:
        rng = np.random.default_rng([_CLIP, self._seed, turn, step])
        tracklets = rng.choice(self.sources[turn], self._config.batch)
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


def train_in_turn(
    name: str,
    config: DetectorConfig | MasksConfig,
    networks: nn.ModuleList,
    samples: Samples,
    sure: float,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
    weight: Tensor | None = None,
    onwards: bool = False,
) -> tuple[nn.ModuleList, History, TrainingState]:
    """Train the networks one after the other, `config.steps` each.

    Args:
        name: of the networks, as their section is called under `occlusion`.
        sure: something real hides some of what nothing was planted on, and learning that it is visible would
            make a network doubt itself: what it gives a logit above this after a while no longer counts as
            visible.
        weight: how much the losses of one frame's logits count; None: alike.
        onwards: every network but the first starts as the one before it has become.

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
    total = config.steps * len(networks)
    importance = (torch.ones(()) if weight is None else weight).to(compute.device)
    history = History(state, total)
    first = state.resume()
    networks.train()

    def train_step(step: int, clips: Clips) -> tuple[dict[str, Tensor], float]:
        turn, place = divmod(step, config.steps)
        rate = rate_at(config, place)
        goes_on = onwards and turn > 0
        if goes_on and place == 0:
            networks[turn].load_state_dict(networks[turn - 1].state_dict())
        with compute.autocast(config.precision):
            logits = networks[turn](*clips.inputs)
        believes = goes_on or place >= _AFTER * config.steps
        loss = _loss(logits, clips, sure if believes else None, importance)
        set_rate(optimizers[turn], rate)
        optimizers[turn].zero_grad(set_to_none=True)
        loss.backward()
        optimizers[turn].step()
        return {"loss": loss}, rate

    batches: Iterator[Clips] = (
        samples.batch(*divmod(step, config.steps), compute.device) for step in range(first, total)
    )
    course = Course(name, f"occlusion.{name}", ("loss", "loss"), total)
    run_steps(course, first, batches, train_step, state, history, compute, runtime.progress_seconds)
    return networks.eval(), history, state


def _loss(logits: Tensor, clips: Clips, sure: float | None, importance: Tensor) -> Tensor:
    """Cross-entropy of what counts.

    Args:
        sure: what has a logit above it does not count as visible; None: whatever nobody hid does.
        importance: by which the losses of one frame's logits are multiplied.
    """
    counts = clips.counts
    if sure is not None:
        counts = counts & ((clips.hidden > 0) | (logits.detach() < sure))
    return functional.binary_cross_entropy_with_logits(
        logits.float(), clips.hidden.float(), counts * importance
    )


def rate_at(config: DetectorConfig | MasksConfig, step: int) -> float:
    """The rate at a step of one network: up linearly, down as a cosine."""
    warmup = _WARMUP * config.steps
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    return config.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (config.steps - warmup)))
