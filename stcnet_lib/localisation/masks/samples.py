"""What a mask network learns from: clips of planted train tracklets, and which of their pixels are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
import torch
from PIL import Image

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import MasksConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.masks.evidence import PICTURE, Evidence, tracklet_evidence
from stcnet_lib.localisation.planted_training import ClipDraw, Clips
from stcnet_lib.reid.network import ReIDNetwork


class MaskSamples:
    """Clips of planted tracklets, drawn anew at every step: a pure function of seed, round and step.

    In the first round a network learns from the evidence as it is and from what was planted; in every further
    one from the evidence that the networks before it refined, and what they found counts as hidden too: of
    what really hides people in train frames nobody has told.
    """

    def __init__(
        self,
        evidence: Sequence[Evidence],
        hidden: Sequence[np.ndarray],
        doubtful: Sequence[np.ndarray],
        config: MasksConfig,
        seed: int,
    ) -> None:
        """
        Args:
            hidden: of every tracklet, uint8 (T, h, w): 255 where an occluder hides all of a pixel.
            doubtful: likewise, bool (T, K): thirds that something real may hide.
        """
        self._evidence, self._planted, self._hidden = evidence, hidden, hidden
        rows = np.diff(region_rows(PICTURE[0]))
        self._known = [np.repeat(~own, rows, axis=1)[..., None] for own in doubtful]  # (T, h, 1)
        everyone = np.arange(len(hidden))
        self._draws = ClipDraw(config, [len(own) for own in hidden], [everyone] * config.rounds, seed)

    def refined(self, evidence: Sequence[Evidence], chances: Sequence[np.ndarray]) -> MaskSamples:
        """The same draws of other evidence; what was found by chances (T, h, w) is hidden as well."""
        other = copy(self)
        other._evidence = evidence
        other._hidden = [
            np.maximum(own, np.round(255 * np.clip(4 * found - 2, 0, 1)).astype(np.uint8))
            for own, found in zip(self._planted, chances, strict=True)
        ]
        return other

    def batch(self, turn: int, step: int, device: torch.device) -> Clips:
        drawn = self._draws.draw(turn, step)
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
) -> tuple[MaskSamples, list[Evidence]]:
    """Samples of planted tracklets, and their evidence.

    Args:
        guider: as of `tracklet_evidence`.
    """
    evidence, hidden, doubtful = [], [], []
    with Progress("evidence", probe.num_frames, "frames", seconds=progress_seconds) as progress:
        for number in range(len(probe)):
            frames = probe.frames_of(number)
            evidence.append(tracklet_evidence([probe.read_image(f) for f in frames], guider, compute))
            hidden.append(_small_masks(truth, frames))
            doubtful.append(truth.doubtful[frames.start : frames.stop])
            progress.advance(len(frames))
    return MaskSamples(evidence, hidden, doubtful, config, seed), evidence


def _small_masks(truth: TrackletStore, frames: range) -> np.ndarray:
    """The planted masks of some frames at the size of the pictures: uint8 (T, h, w)."""
    small = []
    for run in truth.truth_runs(frames):
        for mask in truth.read_truth(run)[0]:
            picture = Image.fromarray(mask.astype(np.uint8) * 255)
            small.append(np.asarray(picture.resize(PICTURE[::-1], Image.Resampling.BOX)))
    return np.stack(small)
