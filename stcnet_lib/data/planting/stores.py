"""Writes a planted store and its clean twin; the source is only read."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.common.files import replacing
from stcnet_lib.config import PlantConfig
from stcnet_lib.data.planting.doubt import doubtful_thirds, near_overlaps, thumbnails
from stcnet_lib.data.planting.photograph import look_of, paste
from stcnet_lib.data.planting.pieces import body_prior, cut_person
from stcnet_lib.data.planting.schedule import plant_window
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE, hidden_thirds
from stcnet_lib.walkers.dataset import write_events
from stcnet_lib.walkers.events import Event, Overlay
from stcnet_lib.walkers.sprites import Setting, Sprite

_CUT_FRAMES = 16  # of a person who is cut out; longer ways repeat them
_DRAW, _DONORS, _HELD_OUT = 11, 12, 13  # streams of random numbers


@dataclass(frozen=True)
class _Planted:
    """A tracklet, encoded by the process that planted it."""

    frames: list[bytes | None]  # None: as in the source
    occluder: list[np.ndarray]  # bool (H, W) each
    doubtful: np.ndarray  # bool (T, K)
    events: list[Event]


def plant(
    source: TrackletStore,
    config: PlantConfig,
    store_path: str | Path,
    truth_path: str | Path,
    roles: np.ndarray,
    tracklets: Sequence[int] | None = None,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Write the planted store and `truth.h5`, and return what was planted, in numbers.

    Both hold the source's frames in its order; frames without an occluder keep their bytes. The files are
    the same for any number of processes.

    Args:
        roles: (S, N'), of the tracklets written.
        tracklets: N' of the source; all by default.
        progress: called with 1 after every tracklet.
    """
    chosen = np.arange(len(source)) if tracklets is None else np.asarray(tracklets)
    attributes = source.attributes
    header = {name: attributes[name] for name in ("dataset", "layout", "licence", "citation", "config")}
    header |= {"splits": len(roles), "planted": config.canonical_json()}
    donors = _Donors(source, roles, chosen)
    tally = _Tally(roles)
    with replacing(truth_path) as partial_truth:
        with StoreWriter(store_path, **header) as store, StoreWriter(partial_truth, **header) as truth:
            jobs = [(place, int(number)) for place, number in enumerate(chosen)]
            with _results(source, config, donors, jobs, processes) as results:
                for (place, number), planted in zip(jobs, results, strict=True):
                    frames = source.frames_of(number)
                    row = source.tracklets.iloc[number]
                    names, numbers = source.sources(frames), source.frame_number[frames.start : frames.stop]
                    clean = [source.read_bytes(frame) for frame in frames]
                    made = [new or old for new, old in zip(planted.frames, clean, strict=True)]
                    for writer, images in ((store, made), (truth, clean)):
                        writer.add_tracklet(
                            row.pid,
                            row.camera,
                            row["name"],
                            zip(numbers.tolist(), names, images, strict=True),
                        )
                    _add_masks(truth, planted)
                    tally.add(place, planted)
                    if progress is not None:
                        progress(1)
            for writer in (store, truth):
                for split, own in enumerate(roles):
                    writer.set_roles(split, own)
        write_events(partial_truth, tally.events)
    return tally.report(config)


def held_out_roles(source: TrackletStore, config: PlantConfig) -> np.ndarray:
    """(S, N): the source's roles, but a share of people in the test part where all are for training.

    So thresholds and networks that saw the train part are measured on other people. They are gallery, not
    query: nobody has said who meets whom.
    """
    roles = source.roles.copy()
    people = source.tracklets["pid"].to_numpy()
    for split, row in enumerate(roles):
        if not (row == Role.TRAIN).any() or np.isin(row, (Role.QUERY, Role.GALLERY)).any():
            continue
        names = np.unique(people[row == Role.TRAIN])
        rng = np.random.default_rng([config.seed, _HELD_OUT, split])
        out = rng.permutation(names)[: round(config.held_out * len(names))]
        row[(row == Role.TRAIN) & np.isin(people, out)] = Role.GALLERY
    return roles


class _Donors:
    """Which tracklets lend people to which: others of the same part, so that no test person is trained on."""

    def __init__(self, source: TrackletStore, roles: np.ndarray, chosen: np.ndarray) -> None:
        self.path = source.path
        self.chosen = chosen
        self.people = source.tracklets["pid"].to_numpy()[chosen]
        self.train = (roles == Role.TRAIN).any(axis=0)

    def of(self, place: int) -> np.ndarray:
        """Numbers in the source of the tracklets that may lend to tracklet `place` of those written."""
        other = self.people != self.people[place]
        return self.chosen[other & (self.train == self.train[place])]


@contextmanager
def _results(
    source: TrackletStore, config: PlantConfig, donors: _Donors, jobs: list[tuple[int, int]], processes: int
) -> Iterator[Iterator[_Planted]]:
    """Planted tracklets in the order of the jobs."""
    work = partial(_plant_tracklet, source, config, donors)
    if processes <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield map(work, jobs)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield pool.imap(work, jobs, chunksize=2)


def _plant_tracklet(
    source: TrackletStore, config: PlantConfig, donors: _Donors, job: tuple[int, int]
) -> _Planted:
    place, number = job
    rng = np.random.default_rng([config.seed, _DRAW, place])
    images = [source.read_image(frame) for frame in source.frames_of(number)]
    doubtful = doubtful_thirds(np.stack([thumbnails(image) for image in images]))
    if source.overlapped is not None:
        own = slice(source.frames_of(number).start, source.frames_of(number).stop)
        doubtful |= near_overlaps(source.overlapped[own], source.frame_number[own])
    planted = _Planted([None] * len(images), [np.zeros(i.shape[:2], bool) for i in images], doubtful, [])
    if rng.random() >= config.tracklets:
        return planted
    lenders = donors.of(place)

    def piece(rng: np.random.Generator) -> np.ndarray | None:
        if not len(lenders):
            return None
        frames = source.frames_of(int(lenders[rng.integers(len(lenders))]))
        return source.read_image(frames[int(rng.integers(len(frames)))])

    def cut_out(rng: np.random.Generator, setting: Setting) -> Sprite | None:
        if not len(lenders):
            return None
        frames = source.frames_of(int(lenders[rng.integers(len(lenders))]))
        first = int(rng.integers(max(len(frames) - _CUT_FRAMES, 0) + 1))
        crops = [source.read_image(frame) for frame in frames[first : first + _CUT_FRAMES]]
        return cut_person(rng, setting, crops)

    for window in _windows(len(images), config.window):
        sizes = np.array([images[t].shape[:2] for t in window])
        overlay, events = plant_window(config, len(window), *sizes.max(axis=0).tolist(), cut_out, piece, rng)
        planted.events.extend(
            Event(event.kind, event.first + window.start, event.last + window.start, event.band)
            for event in events
        )
        _paste_window(planted, images, window, overlay, rng)
    return planted


def _windows(frames: int, longest: int) -> list[range]:
    """Equal parts of a tracklet of at most `longest` frames."""
    parts = -(-frames // longest)
    bounds = [frames * i // parts for i in range(parts + 1)]
    return [range(start, stop) for start, stop in pairwise(bounds)]


def _paste_window(
    planted: _Planted, images: list[np.ndarray], window: range, overlay: Overlay, rng: np.random.Generator
) -> None:
    """Paste the occluders of a window over its frames."""
    look = look_of(rng, [images[t] for t in window])
    for t in window:
        layer = overlay.rgb[:, t - window.start], overlay.alpha[t - window.start]
        if not layer[1].any():
            continue
        image, mask = paste(images[t], *layer, look, rng)
        if mask.any():
            planted.frames[t], planted.occluder[t] = encode_png(image), mask


def _add_masks(truth: StoreWriter, planted: _Planted) -> None:
    """The masks of a tracklet, a run of frames of one size at a time."""
    start = 0
    shapes = [mask.shape for mask in planted.occluder]
    for end in range(1, len(shapes) + 1):
        if end == len(shapes) or shapes[end] != shapes[start]:
            masks = np.stack(planted.occluder[start:end])
            person = np.broadcast_to(body_prior(*shapes[start]), masks.shape)
            truth.add_sized_truth(masks, person, planted.doubtful[start:end])
            start = end


class _Tally:
    """Counts for the report."""

    def __init__(self, roles: np.ndarray) -> None:
        self._train = (roles == Role.TRAIN).any(axis=0)
        self.events: list[tuple[int, Event]] = []
        self._hidden: list[np.ndarray] = []  # (T, K) of every tracklet
        self._doubtful: list[np.ndarray] = []
        self._changed = 0

    def add(self, place: int, planted: _Planted) -> None:
        self.events += [(place, event) for event in planted.events]
        parts = [hidden_thirds(mask[None], body_prior(*mask.shape)[None])[0] for mask in planted.occluder]
        self._hidden.append(np.stack(parts))
        self._doubtful.append(planted.doubtful)
        self._changed += sum(frame is not None for frame in planted.frames)

    def report(self, config: PlantConfig) -> dict[str, Any]:
        report: dict[str, Any] = {
            "planted": config.model_dump(mode="json"),
            "hidden_share": HIDDEN_SHARE,
            "changed_frames": self._changed,
            "events": len(self.events),
            "events_by_kind": dict(sorted(Counter(event.kind for _, event in self.events).items())),
            "events_by_band": dict(sorted(Counter(event.band for _, event in self.events).items())),
        }
        for name, wanted in (("train", True), ("test", False)):
            own = [i for i in range(len(self._hidden)) if self._train[i] == wanted]
            if not own:
                continue
            hidden = np.concatenate([self._hidden[i] for i in own])
            report[name] = {
                "tracklets": len(own),
                "frames": len(hidden),
                "hidden_frames": round(float(hidden.any(axis=1).mean()), 6),
                "hidden_regions": round(float(hidden.mean()), 6),
                "hidden_by_third": {
                    region: round(float(hidden[:, k].mean()), 6) for k, region in enumerate(REGIONS)
                },
                "doubtful_regions": round(float(np.concatenate([self._doubtful[i] for i in own]).mean()), 6),
            }
        return report
