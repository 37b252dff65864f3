"""What STCnet learns from: visible regions of train frames, hidden on purpose (paper §5.2).

Every decision about a sample is a pure function of the seed and its number, so any step can be rebuilt
when a training resumes, with any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as transforms

from stcnet_lib import REGIONS
from stcnet_lib.config import StcnetConfig
from stcnet_lib.data.store import Role, TrackletStore
from stcnet_lib.data.workers import load_batches
from stcnet_lib.references import NONE, both_sides, nearest, usable_frames
from stcnet_lib.training.compute import Compute

Sample = dict[str, torch.Tensor]
IMAGES = ("frame", "previous", "next")  # of a sample


class CompletionSamples(Dataset):
    """Sample i of the endless sequence that a seed makes out of the train split.

    A sample holds uint8 (3, H, W) `frame`, `previous`, `next`, and their `heights` (3,) before they were
    resized, of which regions are thirds; booleans (K,) `masked` (dropped from the
    frame, to be filled), `flagged` (regions of the frame that are occluded themselves: dropped too, but
    nobody knows what belongs there), `previous_flagged`, `next_flagged`; and `label`, the class of the
    person for the guider.
    """

    def __init__(
        self, store: TrackletStore, flags: np.ndarray, split: int, config: StcnetConfig, seed: int
    ) -> None:
        """
        Args:
            flags: (F, K) regions that count as occluded.

        Raises:
            ValueError: if no train frame can be used.
        """
        self.store, self.flags, self.config, self.seed = store, flags, config, seed
        tracklets = store.tracklets.iloc[store.tracklets_with(split, Role.TRAIN)]
        classes = {pid: label for label, pid in enumerate(sorted(tracklets["pid"].unique()))}
        self._spans = [
            (start, start + length)
            for start, length in zip(tracklets["start"], tracklets["length"], strict=True)
        ]
        self._labels = [classes[pid] for pid in tracklets["pid"]]
        self.num_classes = len(classes)
        self.targets = self._list_targets()  # (S, 2): tracklet row, frame within it
        if not len(self.targets):
            raise ValueError(
                "no train frame is unoccluded and has an unoccluded neighbour, so STCnet has nothing to "
                "learn from: lower occlusion.tau, or set stcnet.references to 'region', in config.yaml"
            )

    def _usable(self, flags: np.ndarray) -> np.ndarray:
        """(T, K) regions that may be targets and references; those of a third need to be two at least."""
        config = self.config
        usable = np.stack(
            [
                usable_frames(flags, k, config.references, config.reference_margin)
                for k in range(len(REGIONS))
            ],
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
        start, end = self._spans[row]
        flags = self.flags[start:end]
        masked, previous, following = self._hide(flags, int(frame), random)
        flagged = flags[frame] & ~masked
        images = [self.store.read_image(int(start + t)) for t in (frame, previous, following)]
        return {
            **{name: self._resized(image) for name, image in zip(IMAGES, images, strict=True)},
            "heights": torch.tensor([len(image) for image in images]),
            "masked": torch.from_numpy(masked),
            "flagged": torch.from_numpy(flagged),
            "previous_flagged": torch.from_numpy(flags[previous].copy()),
            "next_flagged": torch.from_numpy(flags[following].copy()),
            "label": torch.tensor(self._labels[row]),
        }

    def _hide(
        self, flags: np.ndarray, frame: int, random: np.random.Generator
    ) -> tuple[np.ndarray, int, int]:
        """Choose the region (now and then two) to hide, and the references to restore it from."""
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
        behind = int(random.integers(1, run + 1))
        previous, following = nearest(usable, frame - behind, frame + run + 1 - behind)
        if previous == following == NONE:
            previous, following = nearest(usable, frame - 1, frame + 1)
        return masked, *both_sides(previous, following)

    def _resized(self, image: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(image).permute(2, 0, 1)  # (3, h, w)
        size = [self.config.height, self.config.width]
        return tensor if list(tensor.shape[1:]) == size else transforms.resize(tensor, size, antialias=True)


class _Batches:
    """Numbers of the samples of every batch from a step on; each process takes its share of a batch."""

    def __init__(self, batch: int, first: int, total: int, compute: Compute) -> None:
        self.batch, self.first, self.total, self.compute = batch, first, total, compute

    def __iter__(self):
        for step in range(self.first, self.total):
            start = step * self.batch
            yield range(start + self.compute.rank, start + self.batch, self.compute.world_size)

    def __len__(self) -> int:
        return self.total - self.first


def sample_loader(samples: CompletionSamples, first: int, workers: int, compute: Compute) -> Iterator[Sample]:
    """Batches from step `first` on, decoded by worker processes."""
    config = samples.config
    if config.batch % compute.world_size:
        raise ValueError(
            f"stcnet.batch: got {config.batch}, wanted a multiple of the {compute.world_size} GPUs of the job"
        )
    batches = _Batches(config.batch, first, config.iterations, compute)
    return load_batches(samples, batches, workers, compute.device)
