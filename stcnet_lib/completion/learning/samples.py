"""What completion networks learn from: visible regions of train frames, hidden on purpose (paper §5.2).

Every decision about a sample is a pure function of the seed and its number, so any step can be rebuilt
when a training resumes, with any number of workers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as transforms

from stcnet_lib import REGIONS
from stcnet_lib.completion.learning.batch import Sample
from stcnet_lib.completion.neighbours import both_sides, nearest, nearest_frames, usable_frames
from stcnet_lib.config import SamplesConfig, SizeConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore

logger = logging.getLogger(__name__)

LEAST_HELD_OUT = 4  # tracklets, below which nothing is held out: skill would be that of one or two pictures
_HELD_OUT = 1  # stream of random numbers, beside that of the samples to learn from


@dataclass(frozen=True)
class Hidden:
    """A simulated occlusion: frames are numbered within the tracklet."""

    row: int  # of the train tracklets
    frame: int
    region: int  # the one that the references were chosen for
    masked: np.ndarray  # (K,) bool: it, and now and then another one
    references: tuple[int, int]  # before and after it; as many in every sample, for they make batches
    run: range  # the frames that the occluder is meant to hide, and the margin
    usable: np.ndarray  # (T,) bool: frames that may show the region

    @property
    def nearest(self) -> int:
        """Which of the references is nearest, the first of those that are equally far."""
        return int(np.abs(np.array(self.references) - self.frame).argmin())

    @property
    def shown(self) -> tuple[int, ...]:
        """The frames that a median is of: the nearest ones outside the run that show the region."""
        return nearest_frames(self.usable, self.run.start, self.run.stop - 1)


class CompletionSamples(Dataset):
    """Sample i of the endless sequence that a seed makes out of the train split.

    A sample holds uint8 `frames` (T, 3, H, W), here the reference before, the frame and the reference after
    it, and their `heights` (T,) before they were resized, of which regions are thirds; `target`, the place of
    the frame among them; booleans `masked` (T, K) (dropped from it, to be filled) and `flagged` (T, K)
    (regions that are occluded themselves: dropped too, but nobody knows what belongs there); and `label`,
    the class of the person for the guider.

    People who are held out (`SamplesConfig.validation`) keep their class but are in no sample; `held_out`
    hides regions of their frames.
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
        """
        Args:
            flags: (F, K) regions that count as occluded.
            size: of the samples.

        Raises:
            ValueError: if no train frame can be used.
        """
        self.store, self.flags, self.config, self.seed = store, flags, config, seed
        self._size = [size.height, size.width]
        tracklets = store.tracklets.iloc[store.tracklets_with(split, Role.TRAIN)]
        classes = {pid: label for label, pid in enumerate(sorted(tracklets["pid"].unique()))}
        self._spans = [
            (start, start + length)
            for start, length in zip(tracklets["start"], tracklets["length"], strict=True)
        ]
        self._labels = [classes[pid] for pid in tracklets["pid"]]
        self.num_classes = len(classes)
        targets = self._list_targets()  # (S, 2): tracklet row, frame within it
        pids = tracklets["pid"].to_numpy()
        self.held_out_people = held_out_people(pids, np.unique(targets[:, 0]), config.validation, seed)
        held = np.isin(pids[targets[:, 0]], self.held_out_people)
        self.targets, self.held_out_targets = targets[~held], targets[held]
        if not len(self.targets):
            raise ValueError(
                "no train frame is unoccluded and has an unoccluded neighbour, so STCnet has nothing to "
                "learn from: lower occlusion.tau, or set stcnet.references to 'region', in config.yaml"
            )

    def _usable(self, flags: np.ndarray) -> np.ndarray:
        """(T, K) regions that may be targets and references; those of a third need to be two at least."""
        usable = np.stack(
            [usable_frames(flags, k, self.config) for k in range(len(REGIONS))],
            axis=1,
        )
        return usable & (usable.sum(0) > 1)

    def _list_targets(self) -> np.ndarray:
        targets = []
        for row, (start, end) in enumerate(self._spans):
            frames = np.flatnonzero(self._usable(self.flags[start:end]).any(1))
            targets += [(row, frame) for frame in frames]
        return np.array(targets, dtype=np.int64).reshape(-1, 2)

    def __getitem__(self, index: int) -> Sample:
        random = np.random.default_rng([self.seed, index])
        row, frame = self.targets[random.integers(len(self.targets))]
        return self.sample(self._hide(int(row), int(frame), random))

    def held_out(self, most: int) -> list[Hidden]:
        """`most` regions of people who are held out, hidden as restoration meets them; tracklets take turns.

        The lengths of the simulated occlusions are those of the flagged ones, and `reference_margin` keeps
        references away from them: a sample to learn from mostly has a reference in the next frame, whose
        copy is hard to beat, and restoration has none there. Always the same for a seed. Empty where nobody
        is held out.
        """
        lengths = self._flagged_lengths()
        rows = np.random.default_rng([self.seed, _HELD_OUT]).permutation(
            np.unique(self.held_out_targets[:, 0])
        )
        hidden = []
        for index in range(most if len(rows) else 0):
            # The number first: [seed, number] is the stream of a sample, which ends in an unwritten 0.
            random = np.random.default_rng([self.seed, index, _HELD_OUT])
            row = int(rows[index % len(rows)])
            frames = self.held_out_targets[self.held_out_targets[:, 0] == row, 1]
            frame = int(frames[random.integers(len(frames))])
            hidden.append(self._hide(row, frame, random, lengths, self.config.reference_margin))
        return hidden

    def _flagged_lengths(self) -> np.ndarray:
        """For every flagged third of a train frame: for how many frames on end it is flagged."""
        lengths: list[int] = []
        for start, end in self._spans:
            for flags in self.flags[start:end].T:
                edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
                lengths += [int(b - a) for a, b in edges.reshape(-1, 2) for _ in range(a, b)]
        return np.array(lengths, int)

    def sample(self, hidden: Hidden) -> Sample:
        """The sample of a simulated occlusion."""
        before, after = hidden.references
        numbers = (before, hidden.frame, after)
        frames, heights = self.frames_of(hidden.row, numbers)
        masked = np.zeros((len(numbers), len(REGIONS)), bool)
        masked[1] = hidden.masked
        flags = self._flags_of(hidden.row)[list(numbers)]
        return {
            "frames": frames,
            "heights": heights,
            "target": torch.tensor(1),
            "masked": torch.from_numpy(masked),
            "flagged": torch.from_numpy(flags & ~masked),
            "label": torch.tensor(self._labels[hidden.row]),
        }

    def frames_of(self, row: int, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames of a train tracklet in the samples' size, uint8 (F, 3, H, W), and their rows before."""
        start = self._spans[row][0]
        images = [self.store.read_image(int(start + t)) for t in numbers]
        heights = torch.tensor([len(image) for image in images])
        return torch.stack([self._resized(image) for image in images]), heights

    def _flags_of(self, row: int) -> np.ndarray:
        """(T, K) of a train tracklet."""
        start, end = self._spans[row]
        return self.flags[start:end]

    def _hide(
        self,
        row: int,
        frame: int,
        random: np.random.Generator,
        lengths: np.ndarray | None = None,
        margin: int = 0,
    ) -> Hidden:
        """Choose the region (now and then two) to hide, and the references to restore it from.

        Args:
            lengths: (n,) of simulated occlusions, one of which is drawn; none: 1 to `occlusion_run`.
            margin: frames beside it that are no references either, if two others are left.
        """
        flags = self._flags_of(row)
        usable_regions = self._usable(flags)
        candidates = np.flatnonzero(usable_regions[frame])
        region = int(candidates[random.integers(len(candidates))])
        masked = np.zeros(len(REGIONS), bool)
        masked[region] = True
        others = [k for k in range(len(REGIONS)) if k != region and not flags[frame, k]]
        if others and random.random() < self.config.two_regions:
            masked[others[random.integers(len(others))]] = True
        usable = usable_regions[:, region]
        # An occluder hides a region for a run of frames; the frame's place in that run is drawn too.
        run = int(random.integers(1, self.config.occlusion_run + 1))
        if lengths is not None and len(lengths):
            run = int(lengths[random.integers(len(lengths))])
        behind = int(random.integers(1, run + 1))
        first, last = frame - behind + 1, frame + run - behind
        excluded = _excluded(usable, first, last, margin) or range(frame, frame + 1)
        references = both_sides(nearest(usable, excluded.start - 1, excluded.stop))
        return Hidden(row, frame, region, masked, references, excluded, usable)

    def _resized(self, image: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(image).permute(2, 0, 1)  # (3, h, w)
        if list(tensor.shape[1:]) == self._size:
            return tensor
        return transforms.resize(tensor, self._size, antialias=True)


def held_out_people(
    pids: np.ndarray, usable: np.ndarray, share: float, seed: int, section: str = "stcnet"
) -> np.ndarray:
    """The people that a network never learns from, so that its skill can be measured on them.

    A share of all, and as many more as it takes to have `LEAST_HELD_OUT` tracklets with targets. Nobody, if
    that takes more than half of the people.

    Args:
        pids: (N,) of the train tracklets.
        usable: numbers of the tracklets that have targets.
        section: of the configuration, for what is said where nobody is held out.
    """
    people = np.unique(pids)
    if share == 0:
        return people[:0]
    order = np.random.default_rng([seed, _HELD_OUT]).permutation(people)
    least = max(1, round(share * len(people)))
    tracklets = np.cumsum([np.sum(pids[usable] == pid) for pid in order])  # of the first, first two, …
    enough = int(np.searchsorted(tracklets, LEAST_HELD_OUT)) + 1
    if max(least, enough) > len(people) // 2:
        logger.warning(
            "%s.validation: got %d people with %d usable tracklets, and nobody is held out: "
            "%d tracklets would be of more than half of them. The network's skill stays unknown",
            *(section, len(people), len(usable), LEAST_HELD_OUT),
        )
        return people[:0]
    return np.sort(order[: max(least, enough)])


def _excluded(usable: np.ndarray, first: int, last: int, margin: int) -> range | None:
    """Frames that are no references for an occlusion from `first` to `last`; None if no others were left.

    The margin counts if it leaves two frames, as in `usable_frames`.
    """
    for more in (margin, 0):
        excluded = range(first - more, last + more + 1)
        left = usable[: max(excluded.start, 0)].sum() + usable[excluded.stop :].sum()
        if left >= (2 if more else 1):
            return excluded
    return None
