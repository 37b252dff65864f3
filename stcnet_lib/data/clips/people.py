"""Batches of people with several clips each, as a triplet loss wants them (Hermans et al., 2017, §3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

_PEOPLE = 3  # stream of random numbers; `loader.py` has the others

Key = tuple[int, int, int]  # epoch, item, and how often the item came before in this epoch


class PeopleBatches:
    """A batch sampler: K items of each of P people, from step `first` to `total`; P·K is the batch.

    An epoch has as many steps as without it, but some items may come twice in it and others not at all.
    People come in turn, in an order of lot, each time with K of their items, all different ones where they
    have as many. What comes at a step is a pure function of seed and step.
    """

    def __init__(
        self,
        labels: np.ndarray,
        batch: int,
        each: int,
        seed: int,
        first: int,
        total: int,
        steps: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """
        Args:
            labels: of every item, the number of its person.
            batch: of all ranks together.
            each: K.
            first: step to start with, counted over all epochs.
            total: step to end before.
            steps: of an epoch.

        Raises:
            ValueError: there are fewer people than a batch wants, or the ranks cannot have equal shares.
        """
        self.people, known = batch // each, len(np.unique(labels))
        if known < self.people:
            raise ValueError(
                f"triplet: got {known} train people, wanted at least the {self.people} of a batch of {batch} "
                f"clips, {each} of each; lower batch, or raise triplet.tracklets"
            )
        if self.people % world_size:
            raise ValueError(
                f"triplet: got {self.people} people in a batch, wanted a multiple of the {world_size} GPUs "
                "of the job; see batch, triplet.tracklets and runtime.gpus"
            )
        order = np.argsort(labels, kind="stable")
        ends = np.cumsum(np.bincount(labels))
        self.items = [group for group in np.split(order, ends[:-1]) if len(group)]  # of every person
        self.each, self.seed, self.steps = each, seed, steps
        self.first, self.total = first, total
        self.rank, self.world_size = rank, world_size

    def __len__(self) -> int:
        return max(0, self.total - self.first)

    def __iter__(self) -> Iterator[list[Key]]:
        batches, planned = [], -1
        for step in range(self.first, self.total):
            epoch, position = divmod(step, self.steps)
            if epoch != planned:
                batches, planned = self._epoch(epoch), epoch
            own = batches[position][self.rank :: self.world_size]  # whole people: triplets are within a rank
            yield [key for person in own for key in person]

    def _epoch(self, epoch: int) -> list[list[list[Key]]]:
        """Keys by step, person and clip."""
        generator = np.random.default_rng([_PEOPLE, self.seed, epoch])
        seen: Counter[int] = Counter()
        batches: list[list[list[Key]]] = []
        while len(batches) < self.steps:
            order = generator.permutation(len(self.items))
            for start in range(0, len(order) - self.people + 1, self.people):
                chosen = order[start : start + self.people]
                batches.append([self._clips(epoch, self.items[p], generator, seen) for p in chosen])
        return batches[: self.steps]

    def _clips(
        self, epoch: int, items: np.ndarray, generator: np.random.Generator, seen: Counter[int]
    ) -> list[Key]:
        drawn = np.resize(generator.permutation(items), self.each)  # which repeats them if they are too few
        keys = []
        for item in drawn.tolist():
            keys.append((epoch, item, seen[item]))
            seen[item] += 1
        return keys
