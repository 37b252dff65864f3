"""Clips to train on and frames to look at, decoded by worker processes.

Everything about a training clip (its place in the epoch, its frames, its augmentation) is a pure function
of seed, epoch and tracklet. So the number of workers and of GPUs changes nothing, and a training resumes
at any step by starting the sequence of batches there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from stcnet_lib.config import ReIDConfig
from stcnet_lib.data.clips.choice import sample_clip
from stcnet_lib.data.clips.people import PeopleBatches
from stcnet_lib.data.clips.transforms import TrainTransform, stack_frames
from stcnet_lib.data.clips.workers import load_batches
from stcnet_lib.data.store.tracklets import Role, TrackletStore

_ORDER, _CLIP, _STORE = 0, 1, 2  # streams of random numbers: order of an epoch, a clip, where it is from


class Place(Protocol):
    """Where batches go: the part of `training.compute.Compute` that loading needs."""

    @property
    def device(self) -> torch.device: ...
    @property
    def rank(self) -> int: ...
    @property
    def world_size(self) -> int: ...


class ClipDataset(Dataset):
    """One clip of every train tracklet an epoch.

    Item (epoch, i) is the clip, float32 (T, 3, H, W) ImageNet-normalised, and the class of train tracklet i;
    (epoch, i, n) with n above 0 are further clips of that tracklet, for batches that have several.
    Classes number the train identities in ascending order of pid. Of several stores, which hold the same
    tracklets completed in several ways, each clip is from one, drawn by lot.
    """

    def __init__(self, stores: Sequence[TrackletStore], split: int, config: ReIDConfig, seed: int) -> None:
        """
        Raises:
            ValueError: the split has no train tracklets, or not the same ones in all stores.
        """
        self.stores, self.config, self.seed = stores, config, seed
        first, *others = stores
        self.tracklets = first.tracklets_with(split, Role.TRAIN)  # (N,)
        if not len(self.tracklets):
            raise ValueError(f"{first.path}: got no train tracklets in split {split}, wanted at least one")
        people = first.tracklets["pid"].to_numpy()[self.tracklets]
        for other in others:
            if not _same_people(other, split, self.tracklets, people):
                raise ValueError(
                    f"{other.path}: got other train tracklets than {first.path}, wanted the same"
                )
        pids, labels = np.unique(people, return_inverse=True)
        self.pids, self.labels = pids, labels  # (classes,), (N,)
        self._transform = TrainTransform(
            config.height,
            config.width,
            config.flip,
            config.colour_jitter,
            config.crop,
            config.blur,
            config.erase,
        )

    @property
    def num_classes(self) -> int:
        """Identities to tell apart."""
        return len(self.pids)

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch, with the configuration's batch size."""
        return steps_per_epoch(len(self), self.config.batch)

    def __len__(self) -> int:
        return len(self.tracklets)

    def __getitem__(self, key: tuple[int, ...]) -> tuple[Tensor, int]:
        epoch, i, *again = key
        tracklet = int(self.tracklets[i])
        generator = np.random.default_rng([_CLIP, self.seed, epoch, tracklet, *filter(None, again)])
        drawn = np.random.default_rng([_STORE, self.seed, epoch, tracklet]).integers(len(self.stores))
        config, store = self.config, self.stores[drawn]
        frames = store.frames_of(tracklet)
        chosen = sample_clip(len(frames), config.clip_length, config.clip_stride, generator)
        images = {int(t): store.read_image(frames[int(t)]) for t in np.unique(chosen)}
        clip = stack_frames([images[int(t)] for t in chosen], config.height, config.width)
        return self._transform(clip, generator), int(self.labels[i])


def _same_people(store: TrackletStore, split: int, tracklets: np.ndarray, people: np.ndarray) -> bool:
    """Whether the train tracklets of a store are `tracklets`, of `people`."""
    own = store.tracklets_with(split, Role.TRAIN)
    return np.array_equal(own, tracklets) and np.array_equal(store.tracklets["pid"].to_numpy()[own], people)


def steps_per_epoch(length: int, batch: int) -> int:
    """Whole batches of an epoch; an incomplete one counts only if there is no other."""
    return max(1, length // batch)


class EpochBatches:
    """A batch sampler: keys (epoch, i) of every batch from step `first` to `total`.

    Rank r of R takes every R-th key of the global batch: the R processes see together what one would.
    """

    def __init__(
        self, length: int, batch: int, seed: int, first: int, total: int, rank: int = 0, world_size: int = 1
    ) -> None:
        """
        Args:
            length: items of an epoch.
            batch: of all ranks together.
            first: step to start with, counted over all epochs.
            total: step to end before.

        Raises:
            ValueError: the ranks cannot have equal shares of a batch.
        """
        if batch % world_size or min(batch, length) % world_size:
            raise ValueError(
                f"batch: got {min(batch, length)} clips at once ({batch} asked, {length} train tracklets), "
                f"wanted a multiple of the {world_size} GPUs of the job; see batch and runtime.gpus"
            )
        self.length, self.batch, self.seed = length, batch, seed
        self.first, self.total = first, total
        self.rank, self.world_size = rank, world_size

    def __len__(self) -> int:
        return max(0, self.total - self.first)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        steps = steps_per_epoch(self.length, self.batch)
        order, order_epoch = np.empty(0, np.int64), -1
        for step in range(self.first, self.total):
            epoch, position = divmod(step, steps)
            if epoch != order_epoch:
                generator = np.random.default_rng([_ORDER, self.seed, epoch])
                order, order_epoch = generator.permutation(self.length), epoch
            chosen = order[position * self.batch : (position + 1) * self.batch]
            yield [(epoch, int(i)) for i in chosen[self.rank :: self.world_size]]


def clip_loader(
    dataset: ClipDataset, batch: int, first: int, workers: int, compute: Place
) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of a whole training from step `first` on: clips (B, T, 3, H, W), classes (B,).

    One clip of every tracklet an epoch, or with a triplet loss batches of people with several clips each.

    Args:
        batch: clips, of all ranks together; this rank gets its share.

    Raises:
        ValueError: the ranks cannot have equal shares, or there are too few people for a batch.
    """
    steps = steps_per_epoch(len(dataset), batch)
    total, ranks = dataset.config.epochs * steps, (compute.rank, compute.world_size)
    if (triplet := dataset.config.triplet) is None:
        sampler = EpochBatches(len(dataset), batch, dataset.seed, first, total, *ranks)
    else:
        each, seed = triplet.tracklets, dataset.seed
        sampler = PeopleBatches(dataset.labels, batch, each, seed, first, total, steps, *ranks)
    return load_batches(dataset, sampler, workers, compute.device)


class FrameDataset(Dataset):
    """Item i is frame `frames[i]` of a store, transformed."""

    def __init__(
        self, store: TrackletStore, frames: Sequence[int], transform: Callable[[Tensor], Tensor]
    ) -> None:
        """
        Args:
            transform: uint8 (1, 3, h, w) -> (1, …), to one size whatever h and w are.
        """
        self.store, self.transform = store, transform
        self.frames = np.asarray(frames, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, i: int) -> Tensor:
        image = torch.from_numpy(self.store.read_image(int(self.frames[i])))  # (h, w, 3)
        return self.transform(image.permute(2, 0, 1)[None])[0]


def frame_batches(
    store: TrackletStore,
    frames: Sequence[int],
    transform: Callable[[Tensor], Tensor],
    batch: int,
    workers: int,
    compute: Place,
) -> Iterator[Tensor]:
    """Frames in the order given, transformed, `batch` at a time; the last batch may be smaller."""
    dataset = FrameDataset(store, frames, transform)
    starts = range(0, len(dataset), batch)
    batches = [range(start, min(start + batch, len(dataset))) for start in starts]
    return load_batches(dataset, batches, workers, compute.device)
