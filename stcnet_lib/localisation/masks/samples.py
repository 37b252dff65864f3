"""What a mask network learns from: clips of planted train tracklets, and which of their pixels are hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import MasksConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.fold_training import ClipDraw, Clips, people_folds
from stcnet_lib.localisation.masks.evidence import PICTURE, Evidence, tracklet_evidence
from stcnet_lib.reid.network import ReIDNetwork


class MaskSamples:
    """Clips of planted tracklets, drawn anew at every step: a pure function of seed, fold and step."""

    def __init__(
        self,
        evidence: Sequence[Evidence],
        hidden: Sequence[np.ndarray],
        doubtful: Sequence[np.ndarray],
        fold: np.ndarray,
        config: MasksConfig,
        seed: int,
    ) -> None:
        """
        Args:
            hidden: of every tracklet, uint8 (T, h, w): 255 where an occluder hides all of a pixel.
            doubtful: likewise, bool (T, K): thirds that something real may hide.
            fold: (N,) which each tracklet is left out of.
        """
        self._evidence, self._hidden = evidence, hidden
        rows = np.diff(region_rows(PICTURE[0]))
        self._known = [np.repeat(~own, rows, axis=1)[..., None] for own in doubtful]  # (T, h, 1)
        self.draws = ClipDraw(config, [len(own) for own in hidden], fold, seed)

    @property
    def fold(self) -> np.ndarray:
        return self.draws.fold

    def batch(self, left_out: int, step: int, device: torch.device) -> Clips:
        drawn = self.draws.draw(left_out, step)
        pictures, usual, found, hidden, known = [], [], [], [], []
        for place, (number, frames) in enumerate(zip(drawn.tracklets, drawn.frames, strict=True)):
            own = self._evidence[number]
            pictures.append(drawn.lit(place, own.pictures[frames]))
            usual.append(drawn.lit(place, own.usual))
            found.append([part[frames] for part in own.by_frame])
            hidden.append(self._hidden[number][frames])
            known.append(np.broadcast_to(self._known[number][frames], hidden[-1].shape))
        parts = [
            torch.from_numpy(np.stack(part))
            for part in (pictures, usual, *zip(*found, strict=True), hidden, known)
        ]
        if drawn.flip:
            parts = [part.flip(-1) for part in parts]
        *inputs, hidden, known = (part.to(device) for part in parts)
        hidden = hidden.float() / 255
        return Clips(tuple(inputs), hidden, known | (hidden > 0))


def probe_masks(
    probe: TrackletStore,
    truth: TrackletStore,
    config: MasksConfig,
    seed: int,
    progress_seconds: float,
    guider: ReIDNetwork | None = None,
    compute: Compute | None = None,
) -> tuple[MaskSamples, list[Evidence], dict[int, int]]:
    """Samples of planted tracklets, their evidence, and the fold that each person is left out of.

    Args:
        guider: as of `tracklet_evidence`.
    """
    pids = probe.tracklets["pid"].tolist()
    folds = people_folds(pids, config.folds, seed)
    evidence, hidden, doubtful = [], [], []
    with Progress("evidence", probe.num_frames, "frames", seconds=progress_seconds) as progress:
        for number in range(len(probe)):
            frames = probe.frames_of(number)
            evidence.append(tracklet_evidence([probe.read_image(f) for f in frames], guider, compute))
            hidden.append(_small_masks(truth, frames))
            doubtful.append(truth.doubtful[frames.start : frames.stop])
            progress.advance(len(frames))
    fold = np.array([folds[pid] for pid in pids])
    return MaskSamples(evidence, hidden, doubtful, fold, config, seed), evidence, folds


def _small_masks(truth: TrackletStore, frames: range) -> np.ndarray:
    """The planted masks of some frames at the size of the pictures: uint8 (T, h, w)."""
    small = []
    for run in truth.truth_runs(frames):
        for mask in truth.read_truth(run)[0]:
            picture = Image.fromarray(mask.astype(np.uint8) * 255)
            small.append(np.asarray(picture.resize(PICTURE[::-1], Image.Resampling.BOX)))
    return np.stack(small)
