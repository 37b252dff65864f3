"""Samples of networks that see frames in a row: occlusions as they really come and go, laid over a window.

What hides a simulated occlusion is where and when something real hides another train tracklet (its flags),
so that holes are as long, as high and as often double as those that will be filled.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from stcnet_lib.completion.learning.batch import Sample
from stcnet_lib.completion.learning.samples import CompletionSamples, Hidden
from stcnet_lib.completion.neighbours import widened, window_around
from stcnet_lib.config import SamplesConfig, SizeConfig
from stcnet_lib.data.store.tracklets import TrackletStore

_TRIES = 8  # to find a real occlusion that hides what is visible here


class WindowSamples(CompletionSamples):
    """Sample i of the endless sequence that a seed makes out of windows of the train split.

    Samples hold what those of `CompletionSamples` do, of `window` frames in a row (T), and every frame may
    have regions that are hidden on purpose. Frames that a short tracklet lacks are black and flagged.
    """

    def __init__(
        self,
        store: TrackletStore,
        flags: np.ndarray,
        split: int,
        config: SamplesConfig,
        size: SizeConfig,
        seed: int,
    ) -> None:
        """Arguments and errors as of `CompletionSamples`."""
        super().__init__(store, flags, split, config, size, seed)
        rows = np.unique(self.targets[:, 0])  # of people who are held out nothing is learned
        flagged = [(row, frame) for row in rows for frame in np.flatnonzero(self._flags_of(row).any(1))]
        self._lenders = np.array(flagged, dtype=np.int64).reshape(-1, 2)  # tracklet row, frame within it

    def __getitem__(self, index: int) -> Sample:
        random = np.random.default_rng([self.seed, index])
        row, frame = (int(value) for value in self.targets[random.integers(len(self.targets))])
        unseen = ~self._usable(self._flags_of(row))
        return self._sample(row, frame, self._masked(row, frame, unseen, random) & ~unseen, unseen)

    def sample(self, hidden: Hidden) -> Sample:
        """The window around a simulated occlusion, of which the frame itself is to be completed.

        Of its region nothing is shown that references of it could not show either.
        """
        unseen = self._flags_of(hidden.row).copy()
        unseen[:, hidden.region] = ~hidden.usable
        run = slice(max(hidden.run.start, 0), hidden.run.stop)
        unseen[run] |= hidden.masked
        masked = np.zeros_like(unseen)
        masked[hidden.frame] = hidden.masked
        return self._sample(hidden.row, hidden.frame, masked, unseen & ~masked)

    def _masked(self, row: int, frame: int, unseen: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """(T, K) of a tracklet: what an occlusion of another one would hide, of the frame among others."""
        for _ in range(_TRIES if len(self._lenders) else 0):
            lender, moment = self._lenders[random.integers(len(self._lenders))]
            lent = _shifted(self._flags_of(int(lender)), int(moment) - frame, len(unseen))
            if lender != row and (lent[frame] & ~unseen[frame]).any():
                return widened(lent, self.config.reference_margin)
        hidden = self._hide(row, frame, random)  # nothing real does
        masked = np.zeros_like(unseen)
        masked[max(hidden.run.start, 0) : hidden.run.stop] = hidden.masked
        return masked

    def _sample(self, row: int, frame: int, masked: np.ndarray, unseen: np.ndarray) -> Sample:
        """The window around a frame; `masked` on purpose, `unseen` in any case: (T, K) of the tracklet."""
        numbers = window_around(frame, len(masked), self.config.window)
        frames, heights = self.frames_of(row, numbers)
        rows, missing = slice(numbers.start, numbers.stop), self.config.window - len(numbers)

        def filled_up(flags: np.ndarray, value: bool) -> torch.Tensor:
            return torch.from_numpy(np.pad(flags[rows], ((0, missing), (0, 0)), constant_values=value))

        return {
            "frames": F.pad(frames, (0, 0, 0, 0, 0, 0, 0, missing)),
            "heights": F.pad(heights, (0, missing), value=self._size[0]),
            "target": torch.tensor(frame - numbers.start),
            "masked": filled_up(masked, False),
            "flagged": filled_up(unseen, True),
            "label": torch.tensor(self._labels[row]),
        }


def samples_for(
    store: TrackletStore, flags: np.ndarray, split: int, config: SamplesConfig, size: SizeConfig, seed: int
) -> CompletionSamples:
    """What a network learns from: frames in a row, or frames and their references.

    Arguments and errors as of `CompletionSamples`.
    """
    kind = WindowSamples if config.window else CompletionSamples
    return kind(store, flags, split, config, size, seed)


def _shifted(flags: np.ndarray, by: int, length: int) -> np.ndarray:
    """Frame t is frame t + `by`, and beyond these nothing is flagged: (T, K) -> (`length`, K)."""
    moments = np.arange(length) + by
    inside = (moments >= 0) & (moments < len(flags))
    return flags[moments.clip(0, len(flags) - 1)] & inside[:, None]
