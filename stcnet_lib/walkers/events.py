"""When something passes before a walker, and for how long: occlusion events under a cap.

An event is one occluder. It hides some third of the person in 20 to 40 % of the frames, and no third is
hidden in more than `most_hidden` of them: beyond that the tracklet's mean shows the occluder and the
occlusion score of the paper (Eq. 11) inverts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.config import WalkersConfig
from stcnet_lib.walkers.backdrop import PACE
from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import Camera
from stcnet_lib.walkers.occluders import KINDS, MOVING, Setting, Sprite, draw_occluder
from stcnet_lib.walkers.truth import HIDDEN_SHARE, hidden_thirds, third_rows

FAINT = 0.2  # coverage below this is dropped, so that the mask holds every pixel an occluder touches
ATTEMPTS = 8  # to find an event that keeps the limits, before it is given up
# Kinds that hide the upper third are rarer than those that hide the lower one; sampled against that.
WEIGHTS = {"pole": 1.2, "sign": 3.0, "bench": 1.0, "bin": 1.0, "hedge": 1.0, "walker": 1.8, "car": 0.8, "bicycle": 0.8}


@dataclass(frozen=True)
class Event:
    """One occluder of a tracklet."""

    kind: str
    first: int  # frame in which it first hides a third
    last: int  # and the last one
    band: str  # the thirds it hides for at least half of the event, joined by "+"


@dataclass(frozen=True)
class Overlay:
    """All occluders of a tracklet together."""

    rgb: np.ndarray  # (3, T, H, W) premultiplied
    alpha: np.ndarray  # (T, H, W), 0 or at least FAINT

    @property
    def mask(self) -> np.ndarray:
        """bool (T, H, W): the pixels an occluder touches."""
        return self.alpha > 0


@dataclass(frozen=True)
class Walk:
    """What occluders are placed against."""

    person: np.ndarray  # bool (T, H, W)
    yaw: np.ndarray  # (T,)
    boxes: Boxes
    camera: Camera


def schedule(config: WalkersConfig, walk: Walk, rng: np.random.Generator) -> tuple[Overlay, list[Event]]:
    """Occluders of one tracklet, and the events in the order of their frames."""
    frames = len(walk.person)
    overlay = Overlay(np.zeros((3, *walk.person.shape), np.float32), np.zeros(walk.person.shape, np.float32))
    if rng.random() >= config.occluded_tracklets:
        return overlay, []
    most = math.floor(config.most_hidden * frames + 1e-9)
    shortest = max(1, math.ceil(config.event_frames[0] * frames - 1e-9))
    longest = min(most, math.floor(config.event_frames[1] * frames + 1e-9))
    events: list[Event] = []
    for _ in range(int(rng.integers(config.events[0], config.events[1] + 1))):
        for _ in range(ATTEMPTS if shortest <= longest else 0):
            length = int(rng.integers(shortest, longest + 1))
            found = _try_event(walk, overlay, events, length, (shortest, longest, most), rng)
            if found is not None:
                overlay, event = found
                events.append(event)
                break
    return overlay, sorted(events, key=lambda event: (event.first, event.last))


def _try_event(
    walk: Walk,
    before: Overlay,
    events: list[Event],
    length: int,
    limits: tuple[int, int, int],
    rng: np.random.Generator,
) -> tuple[Overlay, Event] | None:
    """One more occluder over `before`, or None if it would break the limits."""
    shortest, longest, most = limits
    kinds = [kind for kind in KINDS if kind not in {event.kind for event in events}]
    weights = np.array([WEIGHTS[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    slide = -PACE * walk.person.shape[1] * float(np.mean(np.sin(walk.yaw)))  # of the background, pixels
    heading = 1 if (rng.random() < 0.5 if kind in MOVING else slide > 0) else -1
    sprite = draw_occluder(kind, rng, Setting(float(walk.boxes.scale.mean()), heading, walk.camera))
    reach = _reach(sprite, walk)
    if reach is None:
        return None
    natural = max(1.3 * abs(slide), 0.034 * walk.person.shape[1])  # what stands nearer slides faster
    path = _path(rng, reach, length, len(walk.person), heading, None if sprite.moves else natural, events)
    rgb, alpha = _place(sprite, path, walk)
    own = hidden_thirds(alpha > 0, walk.person)
    frames = np.flatnonzero(own.any(1))
    if not shortest <= len(frames) <= longest:
        return None
    after = Overlay(before.rgb * (1 - alpha) + rgb, before.alpha * (1 - alpha) + alpha)
    if hidden_thirds(after.mask, walk.person).sum(0).max() > most:
        return None
    often = own[frames].mean(0)
    band = "+".join(name for name, share in zip(REGIONS, often, strict=True) if share >= min(0.5, often.max()))
    return after, Event(kind, int(frames[0]), int(frames[-1]), band)


def _reach(sprite: Sprite, walk: Walk) -> tuple[int, int] | None:
    """Between which positions relative to the body's axis the sprite hides some third, in pixels."""
    middle = len(walk.person) // 2
    person = walk.person[middle]
    height, width = person.shape
    mask = np.zeros((height, sprite.alpha.shape[2]), bool)
    first = round(float(walk.boxes.top[middle]) - sprite.origin)
    rows = slice(max(first, 0), min(first + sprite.alpha.shape[1], height))
    mask[rows] = sprite.alpha[0, rows.start - first : rows.stop - first] > 0.5
    # Covered person pixels at every offset at once: correlation along the columns, row by row.
    size = width + mask.shape[1]
    spectrum = np.fft.rfft(person, size, axis=1) * np.conj(np.fft.rfft(mask, size, axis=1))
    starts = third_rows(height)[:-1]
    covered = np.fft.irfft(np.add.reduceat(spectrum, starts, axis=0), size, axis=1)  # (K, size)
    total = np.maximum(np.add.reduceat(person.sum(1), starts), 1)
    hides = (covered / total[:, None] > HIDDEN_SHARE).any(0)
    shifts = (np.arange(size) + mask.shape[1]) % size - mask.shape[1]  # column of the sprite's left edge
    offsets = np.sort(shifts[hides]) + mask.shape[1] / 2 - float(walk.boxes.left[middle])
    return (math.floor(offsets[0]), math.ceil(offsets[-1])) if len(offsets) else None


def _path(
    rng: np.random.Generator,
    reach: tuple[int, int],
    length: int,
    frames: int,
    heading: int,
    natural: float | None,
    events: list[Event],
) -> np.ndarray:
    """(T,) position relative to the body's axis; within `reach` for `length` frames.

    What moves by itself (`natural` is None) crosses at whatever speed that takes. What stands slides with
    the ground: if it is too wide to be passed in time, the tracklet begins or ends beside it.
    """
    enter, leave = (reach[0], reach[1]) if heading > 0 else (reach[1], reach[0])
    crossing = (reach[1] - reach[0] + 1) / length
    time = np.arange(frames) + 0.5
    if natural is not None and crossing > 2 * natural:
        if rng.random() < 0.5:
            return leave + heading * natural * (time - length)
        return enter + heading * natural * (time - (frames - length))
    starts = rng.integers(0, frames - length + 1, 4)
    busy = np.zeros(frames, bool)
    for event in events:
        busy[event.first : event.last + 1] = True
    start = min(starts, key=lambda s: int(busy[s : s + length].sum()))  # events rather apart than together
    return enter + heading * crossing * (time - start)


def _place(sprite: Sprite, path: np.ndarray, walk: Walk) -> tuple[np.ndarray, np.ndarray]:
    """The sprite in every frame: premultiplied colours (3, T, H, W) and coverage (T, H, W)."""
    frames, height, width = walk.person.shape
    layer = np.zeros((4, frames, height, width), np.float32)
    drawn = np.concatenate([sprite.rgb, sprite.alpha[None]])  # (4, S, h, w)
    drawn = np.pad(drawn, ((0, 0), (0, 0), (1, 1), (1, 1)))  # room for fractional shifts
    rows, columns = drawn.shape[2:]
    for frame in range(frames):
        left = walk.boxes.left[frame] + path[frame] - columns / 2
        top = walk.boxes.top[frame] - sprite.origin - 1
        x, y = math.floor(left), math.floor(top)
        target_x, target_y = slice(max(x + 1, 0), min(x + columns, width)), slice(max(y + 1, 0), min(y + rows, height))
        if target_x.start >= target_x.stop or target_y.start >= target_y.stop:
            continue
        source = drawn[
            :, frame % drawn.shape[1], target_y.start - y - 1 : target_y.stop - y, target_x.start - x - 1 : target_x.stop - x
        ]
        fx, fy = np.float32(left - x), np.float32(top - y)
        source = source[:, 1:] * (1 - fy) + source[:, :-1] * fy
        layer[:, frame, target_y, target_x] = source[:, :, 1:] * (1 - fx) + source[:, :, :-1] * fx
    layer *= layer[3] >= FAINT
    return layer[:3], layer[3]
