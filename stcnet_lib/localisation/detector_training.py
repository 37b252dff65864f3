"""Training of the detectors on planted occluders (`localisation/detector.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.config import DetectorConfig, RuntimeConfig
from stcnet_lib.data.planting.probe import truth_shares
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE
from stcnet_lib.localisation.clues import Clues, tracklet_clues
from stcnet_lib.localisation.detector import Detectors
from stcnet_lib.localisation.planted_training import ClipDraw, Clips, people_folds, train_in_turn
from stcnet_lib.reid.network import ReIDNetwork

VISIBLE = 0.1  # share of the person covered below which a third is a sample of visible ones
# See `train_in_turn`. On a street with planted occluders: average precision .795 without, .821 with it.
_SURE = 1.0


class DetectorSamples:
    """Clips of planted tracklets, drawn anew at every step: a pure function of seed, fold and step."""

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
        self.fold = fold
        sources = [np.flatnonzero(fold != left_out) for left_out in range(config.folds)]
        self.draws = ClipDraw(config, [len(own.pictures) for own in clues], sources, seed)

    def batch(self, left_out: int, step: int, device: torch.device) -> Clips:
        drawn = self.draws.draw(left_out, step)
        pictures, usual, recurrence, hidden, counts = [], [], [], [], []
        for place, (number, frames) in enumerate(zip(drawn.tracklets, drawn.frames, strict=True)):
            clues = self._clues[number]
            pictures.append(drawn.lit(place, clues.pictures[frames]))
            usual.append(drawn.lit(place, clues.usual))
            recurrence.append(clues.recurrence[frames])
            covered = self._covered[number][frames]
            hidden.append(covered > HIDDEN_SHARE)
            counts.append(hidden[-1] | ((covered < VISIBLE) & ~self._doubtful[number][frames]))
        inputs = [torch.from_numpy(np.stack(part)) for part in (pictures, usual, recurrence)]
        if drawn.flip:
            inputs = [part.flip(-1) for part in inputs]
        known = [torch.from_numpy(np.stack(part)).to(device) for part in (hidden, counts)]
        return Clips(tuple(part.to(device) for part in inputs), *known)


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


def train_detectors(
    config: DetectorConfig,
    samples: DetectorSamples,
    seed: int,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[Detectors, History, TrainingState]:
    """`train_in_turn` of detectors."""
    torch.manual_seed(seed)  # initial weights, and what dropout drops
    networks = Detectors(config)
    return train_in_turn("detector", config, networks, samples, _SURE, folder, resume_key, runtime, compute)
