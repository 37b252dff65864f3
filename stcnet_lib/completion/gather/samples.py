"""What the network learns from: holes of one tracklet laid over another one, where what they hide is known.

A hole comes, moves and goes as the masks of the other tracklet do, so margins, gaps and lengths are those of
real holes. Every sample is a pure function of the seed and its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stcnet_lib.common.progress import Progress
from stcnet_lib.completion.gather.likeness import likest
from stcnet_lib.completion.gather.sources import Sources, small, small_mask, sources
from stcnet_lib.completion.learning.samples import held_out_people
from stcnet_lib.completion.neighbours import MEDIAN_FRAMES
from stcnet_lib.completion.pixels.holes import Hole, MaskSource
from stcnet_lib.config import GatherConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore

_READ, _SAMPLE, _HELD_OUT = 31, 32, 33  # streams of random numbers
_LEAST = 0.01  # share of a frame's pixels that a hole hides at least
_TRIES = 8  # for a hole of which enough is known


class Clip(NamedTuple):
    """Consecutive frames of a train tracklet in the size of the copies."""

    pictures: np.ndarray  # uint8 (T, H, W, 3)
    hidden: np.ndarray  # bool (T, H, W)
    tracklet: int
    pid: int


class Simulated(NamedTuple):
    """A hole of which the truth is known: the picture of `hole` shows what the hole hides."""

    hole: Hole
    counts: np.ndarray  # bool (H, W): hidden on purpose, and shown by some other frame
    flip: bool
    gain: float
    tint: np.ndarray  # (3,) of pictures in [-1, 1]

    def as_it_is(self) -> Simulated:
        """Without what is only drawn to learn from it."""
        return self._replace(flip=False, gain=1.0, tint=np.zeros(3))


class GatherBatch(NamedTuple):
    """Simulated holes on the device."""

    sources: Sources
    counts: Tensor  # (B, 1, H, W) bool


class GatherSamples:
    """Sample i of the endless sequence that a seed makes out of clips of the train split."""

    def __init__(self, clips: Sequence[Clip], config: GatherConfig, seed: int) -> None:
        """
        Raises:
            ValueError: where fewer than two clips have holes, so that there are none to lend.
        """
        self.clips, self._config, self._seed = clips, config, seed
        areas = [clip.hidden.mean(axis=(1, 2)) for clip in clips]  # (T,) each
        self._areas = [area * (area >= _LEAST) for area in areas]
        self._lenders = [i for i, area in enumerate(self._areas) if area.any()]
        if len(self._lenders) < 2:
            raise ValueError(
                f"masks: got {len(self._lenders)} train tracklets with hidden pixels, wanted 2 at least, to "
                "simulate holes with: complete by another method than gather, in config.yaml"
            )
        pids = np.array([clip.pid for clip in clips])
        people = held_out_people(pids, np.arange(len(clips)), config.validation, seed, "gather")
        held = np.isin(pids, people)
        self._held_out, self._learned = np.flatnonzero(held), np.flatnonzero(~held)

    def batch(self, step: int, device: torch.device) -> GatherBatch:
        """What is learned from in one step."""
        first = step * self._config.batch
        numbers = range(first, first + self._config.batch)
        return self.together([self._drawn(_SAMPLE, number, self._learned) for number in numbers], device)

    def held_out(self, most: int) -> list[tuple[int, Simulated]]:
        """`most` holes of people who are held out, and their tracklets, which take turns: always the same.

        Empty where nobody is held out.
        """
        order = np.random.default_rng([_HELD_OUT, self._seed]).permutation(self._held_out)
        rows = [order[[number % len(order)]] for number in range(most if len(order) else 0)]
        drawn = [self._drawn(_HELD_OUT, number, row) for number, row in enumerate(rows)]
        return [
            (self.clips[row[0]].tracklet, sample.as_it_is()) for row, sample in zip(rows, drawn, strict=True)
        ]

    def together(self, drawn: Sequence[Simulated], device: torch.device) -> GatherBatch:
        """Samples as a batch, in their light and direction."""
        found = sources([sample.hole for sample in drawn], device)
        found = found.picked(likest(found, self._config.candidates))
        counts = torch.from_numpy(np.stack([sample.counts for sample in drawn])).to(device)[:, None]
        gain = torch.tensor([sample.gain for sample in drawn], dtype=torch.float32, device=device)
        tint = torch.tensor(np.stack([sample.tint for sample in drawn]), dtype=torch.float32, device=device)
        flips = torch.tensor([sample.flip for sample in drawn], device=device)

        def flipped(maps: Tensor) -> Tensor:
            return torch.where(flips.reshape(-1, *[1] * (maps.ndim - 1)), maps.flip(-1), maps)

        def lit(pictures: Tensor) -> Tensor:  # (B, ..., 3, H, W)
            between = [1] * (pictures.ndim - 4)
            light = pictures * gain.reshape(-1, *between, 1, 1, 1) + tint.reshape(-1, *between, 3, 1, 1)
            return flipped(light.clamp(-1, 1))

        seen = Sources(
            lit(found.frame), flipped(found.hidden), lit(found.pictures), flipped(found.unseen), found.gaps
        )
        return GatherBatch(seen, flipped(counts))

    def _drawn(self, stream: int, number: int, rows: np.ndarray) -> Simulated:
        """A sample of one of the clips `rows`."""
        random = np.random.default_rng([stream, self._seed, number])
        for _ in range(_TRIES):
            row = int(random.choice(rows))
            hole, lent = self._hole(row, random)
            counts = hole.shown & lent
            if counts.mean() >= _LEAST:
                break
        flip = bool(random.random() < 0.5)
        return Simulated(hole, counts, flip, random.uniform(0.8, 1.25), random.normal(0, 0.125, 3))

    def _hole(self, row: int, random: np.random.Generator) -> tuple[Hole, np.ndarray]:
        """A frame of a clip under the mask of another one, and of it what the clip itself does not hide."""
        clip = self.clips[row]
        lender = int(random.choice([other for other in self._lenders if other != row]))
        frame, areas = int(random.integers(len(clip.hidden))), self._areas[lender]
        moment = int(random.choice(len(areas), p=areas / areas.sum()))
        lent = _shifted_in_time(self.clips[lender].hidden, moment - frame, len(clip.hidden))
        if random.random() < 0.5:
            lent = lent[..., ::-1]
        hidden = clip.hidden | lent
        away = np.abs(np.arange(len(hidden)) - frame)
        others = np.argsort(away, kind="stable")[1 : MEDIAN_FRAMES + 1]
        hole = Hole(frame, clip.pictures[frame], hidden[frame], others, clip.pictures[others], hidden[others])
        return hole, lent[frame] & ~clip.hidden[frame]


def read_clips(
    store: TrackletStore,
    masks: MaskSource,
    split: int,
    config: GatherConfig,
    seed: int,
    progress_seconds: float,
) -> list[Clip]:
    """Clips of the train tracklets, about as many frames as the settings say, those of a seed.

    Args:
        masks: hidden pixels of the store's frames.

    Raises:
        ValueError: without a train tracklet of two frames.
    """
    random = np.random.default_rng([_READ, seed])
    tracklets = random.permutation(store.tracklets_with(split, Role.TRAIN))
    clips, left = [], config.frames
    with Progress("reading train frames", config.frames, "frames", seconds=progress_seconds) as progress:
        for tracklet in tracklets:
            frames = store.frames_of(int(tracklet))
            first = int(random.integers(max(len(frames) - config.clip, 0) + 1))
            frames = frames[first : first + config.clip]
            if len(frames) < 2:
                continue
            clips.append(_clip(store, masks, int(tracklet), frames, config))
            progress.advance(len(frames))
            left -= len(frames)
            if left <= 0:
                break
    if not clips:
        raise ValueError("no train tracklet has two frames, so gather has nothing to learn from")
    return clips


def _clip(
    store: TrackletStore, masks: MaskSource, tracklet: int, frames: range, config: GatherConfig
) -> Clip:
    size = config.height, config.width
    pictures = [torch.from_numpy(store.read_image(frame)).movedim(-1, 0).float() for frame in frames]
    copies = torch.stack([small(picture[None], *size)[0] for picture in pictures]).round().to(torch.uint8)
    hidden = [small_mask(torch.from_numpy(mask)[None, None], *size)[0, 0] for mask in masks.read(frames)]
    pid = int(store.tracklets["pid"].iloc[tracklet])
    return Clip(copies.movedim(1, -1).contiguous().numpy(), torch.stack(hidden).numpy(), tracklet, pid)


def _shifted_in_time(hidden: np.ndarray, by: int, length: int) -> np.ndarray:
    """Frame t is frame t + `by` of a clip, beyond which nothing is hidden: (T, H, W) -> (`length`, H, W)."""
    moments = np.arange(length) + by
    inside = (moments >= 0) & (moments < len(hidden))
    return hidden[moments.clip(0, len(hidden) - 1)] & inside[:, None, None]
