"""Training of the detectors on planted occluders (`localisation/detector.py`).

The train people are parted into folds, and each network learns without one of them: what it says of those is
what it would say of strangers, so that thresholds found on train people hold for others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.loop import Course, run_steps
from stcnet_lib.common.training.schedule import set_rate
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.config import DetectorConfig, RuntimeConfig
from stcnet_lib.data.planting.probe import truth_shares
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE
from stcnet_lib.localisation.clues import Clues, tracklet_clues
from stcnet_lib.localisation.detector import Detectors
from stcnet_lib.reid.network import ReIDNetwork

VISIBLE = 0.1  # share of the person covered below which a third is a sample of visible ones
_WARMUP = 0.1  # share of the steps
# Something real hides some of the thirds on which nothing was planted, and learning that these are visible
# would make the network doubt itself. So what it is sure of after a while no longer counts as visible. On
# a street video with planted occluders: average precision .795 without, .821 with it.
_SURE, _AFTER = 1.0, 0.4  # a logit; share of the steps
_WEIGHT_DECAY = 1e-3
_CLIP, _FOLDS = 21, 22  # streams of random numbers


def people_folds(pids: Sequence[int], folds: int, seed: int) -> dict[int, int]:
    """Which fold a person is left out of.

    Raises:
        ValueError: fewer people than folds.
    """
    people = np.unique(np.asarray(pids))
    if len(people) < folds:
        raise ValueError(
            f"occlusion.scores: got 'planted' with {len(people)} train people, wanted {folds} at least, one "
            "a fold; set it to 'cosine'"
        )
    order = np.random.default_rng([_FOLDS, seed]).permutation(people)
    return {int(pid): place % folds for place, pid in enumerate(order)}


class DetectorSamples:
    """Clips of planted tracklets, drawn anew at every step: a pure function of seed and step."""

    def __init__(
        self,
        clues: Sequence[Clues],
        covered: Sequence[np.ndarray],
        doubtful: Sequence[np.ndarray],
        fold: np.ndarray,
        config: DetectorConfig,
        seed: int,
    ) -> None:
        """
        Args:
            clues, covered, doubtful: of every tracklet; shares (T, K) of the person that an occluder covers,
                and thirds of which nobody knows.
            fold: (N,) which each tracklet is left out of.
        """
        self._clues, self._covered, self._doubtful = clues, covered, doubtful
        self.fold, self._config, self._seed = fold, config, seed
        self.sources = [np.flatnonzero(fold != left_out) for left_out in range(config.folds)]

    def batch(self, left_out: int, step: int, device: torch.device) -> dict[str, Tensor]:
        """`pictures`, `usual`, `recurrence` as the detector takes them, `hidden` and `counts` (B, T, K)."""
        rng = np.random.default_rng([_CLIP, self._seed, left_out, step])
        tracklets = rng.choice(self.sources[left_out], self._config.batch)
        flip = rng.random() < 0.5
        gain, tint = rng.uniform(0.8, 1.25, len(tracklets)), rng.normal(0, 16, (len(tracklets), 3))
        parts: dict[str, list[np.ndarray]] = {
            name: [] for name in ("pictures", "usual", "recurrence", "hidden", "counts")
        }
        for place, number in enumerate(tracklets):
            clues = self._clues[number]
            first = int(rng.integers(max(len(clues.pictures) - self._config.clip, 0) + 1))
            frames = np.minimum(first + np.arange(self._config.clip), len(clues.pictures) - 1)
            colour = tint[place][:, None, None]
            parts["pictures"].append(_lit(clues.pictures[frames], gain[place], colour))
            parts["usual"].append(_lit(clues.usual, gain[place], colour))
            parts["recurrence"].append(clues.recurrence[frames])
            covered = self._covered[number][frames]
            hidden = covered > HIDDEN_SHARE
            parts["hidden"].append(hidden)
            parts["counts"].append(hidden | ((covered < VISIBLE) & ~self._doubtful[number][frames]))
        tensors = {name: torch.from_numpy(np.stack(values)) for name, values in parts.items()}
        if flip:
            tensors |= {name: tensors[name].flip(-1) for name in ("pictures", "usual", "recurrence")}
        return {name: tensor.to(device) for name, tensor in tensors.items()}


def probe_samples(
    probe: TrackletStore,
    truth: TrackletStore,
    guider: ReIDNetwork,
    config: DetectorConfig,
    seed: int,
    compute: Compute,
    progress_seconds: float,
) -> tuple[DetectorSamples, list[Clues], dict[int, int]]:
    """Samples of planted tracklets, their clues, and the fold that each person is left out of."""
    pids = probe.tracklets["pid"].tolist()
    folds = people_folds(pids, config.folds, seed)
    clues = []
    with Progress("clues", probe.num_frames, "frames", seconds=progress_seconds) as progress:
        for tracklet in range(len(probe)):
            frames = probe.frames_of(tracklet)
            clues.append(tracklet_clues(guider, [probe.read_image(f) for f in frames], compute))
            progress.advance(len(frames))
    starts = probe.tracklets["start"].to_numpy()[1:]
    covered, doubtful = np.split(truth_shares(truth), starts), np.split(truth.doubtful, starts)
    fold = np.array([folds[pid] for pid in pids])
    return DetectorSamples(clues, covered, doubtful, fold, config, seed), clues, folds


def _lit(pictures: np.ndarray, gain: float, tint: np.ndarray) -> np.ndarray:
    """uint8 pictures (…, 3, h, w) in another light."""
    return np.clip((pictures - 128.0) * gain + 128 + tint, 0, 255).astype(np.uint8)


def train_detectors(
    config: DetectorConfig,
    samples: DetectorSamples,
    seed: int,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[Detectors, History, TrainingState]:
    """Train one network a fold, one after the other.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if the loss is no longer a number.
    """
    torch.manual_seed(seed)  # initial weights, and what dropout drops
    networks = Detectors(config).to(compute.device)
    optimizers = [
        torch.optim.AdamW(network.parameters(), config.lr, weight_decay=_WEIGHT_DECAY) for network in networks
    ]
    parts = {"networks": networks} | {f"optimizer_{i}": o for i, o in enumerate(optimizers)}
    state = TrainingState(folder, resume_key, parts, compute, runtime.save_steps)
    total = config.steps * config.folds
    history = History(state, total)
    first = state.resume()
    networks.train()

    def train_step(step: int, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], float]:
        fold, place = divmod(step, config.steps)
        rate = detector_rate(config, place)
        with compute.autocast(config.precision):
            logits = networks[fold](batch["pictures"], batch["usual"], batch["recurrence"])
        counts = batch["counts"]
        if place >= _AFTER * config.steps:
            counts = counts & (batch["hidden"] | (logits.detach() < _SURE))
        loss = functional.binary_cross_entropy_with_logits(
            logits.float(), batch["hidden"].float(), counts.float()
        )
        set_rate(optimizers[fold], rate)
        optimizers[fold].zero_grad(set_to_none=True)
        loss.backward()
        optimizers[fold].step()
        return {"loss": loss}, rate

    batches = (samples.batch(*divmod(step, config.steps), compute.device) for step in range(first, total))
    course = Course("detector", "occlusion.detector", ("loss", "loss"), total)
    run_steps(course, first, batches, train_step, state, history, compute, runtime.progress_seconds)
    return networks.eval(), history, state


def detector_rate(config: DetectorConfig, step: int) -> float:
    """The rate at a step of one fold: up linearly, down as a cosine."""
    warmup = _WARMUP * config.steps
    if step < warmup:
        return config.lr * (step + 1) / (warmup + 1)
    return config.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (config.steps - warmup)))
