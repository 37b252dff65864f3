"""When something passes before a walker, and for how long: occlusion events under a cap.

An event is one occluder. It hides some third of the person in 20 to 40 % of the frames, and no third is
hidden in more than `most_hidden` of them: beyond that the tracklet's mean shows the occluder and the
occlusion score of the paper (Eq. 11) inverts. Several events of one tracklet therefore take different thirds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.config import WalkersConfig
from stcnet_lib.data.truth import hidden_thirds
from stcnet_lib.walkers.backdrop import PACE
from stcnet_lib.walkers.occluders import KINDS, MOVING, draw_occluder
from stcnet_lib.walkers.passing import Walk, path, place, reach
from stcnet_lib.walkers.sprites import Setting

ATTEMPTS = 8  # to find an event that keeps the limits, before it is given up

# Which thirds the events of one tracklet aim at, by the number of events.
PLANS = {
    1: (*5 * [["all"]], *2 * [["middle+lower"]], ["upper+middle"]),
    2: (*5 * [["middle+lower", "upper"]], *2 * [["upper+middle", "lower"]], ["middle", "lower"]),
    3: (["upper", "middle", "lower"],),
}


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
    alpha: np.ndarray  # (T, H, W), 0 or at least passing.FAINT

    @property
    def mask(self) -> np.ndarray:
        """bool (T, H, W): the pixels an occluder touches."""
        return self.alpha > 0


@dataclass(frozen=True)
class Limits:
    """Numbers of frames."""

    shortest: int  # of one event
    longest: int
    most: int  # in which one third may be hidden

    @classmethod
    def of(cls, config: WalkersConfig) -> Limits:
        low, high = (share * config.frames for share in config.event_frames)
        most = math.floor(config.most_hidden * config.frames + 1e-9)  # 0.3 * 10 is a little less than 3
        return cls(max(1, math.ceil(low - 1e-9)), min(most, math.floor(high + 1e-9)), most)


def schedule(config: WalkersConfig, walk: Walk, rng: np.random.Generator) -> tuple[Overlay, list[Event]]:
    """Occluders of one tracklet, and the events in the order of their frames."""
    overlay = Overlay(np.zeros((3, *walk.person.shape), np.float32), np.zeros(walk.person.shape, np.float32))
    limits = Limits.of(config)
    if rng.random() >= config.occluded_tracklets or limits.shortest > limits.longest:
        return overlay, []
    events: list[Event] = []
    for band in band_plan(int(rng.integers(config.events[0], config.events[1] + 1)), rng):
        for _ in range(ATTEMPTS):
            found = _try_event(walk, overlay, events, band, limits, rng)
            if found is not None:
                overlay, event = found
                events.append(event)
                break
    return overlay, sorted(events, key=lambda event: (event.first, event.last))


def band_plan(count: int, rng: np.random.Generator) -> list[str]:
    """The bands of `count` events; more than three can only share a third with another."""
    bands: list[str] = []
    while len(bands) < count:
        plans = PLANS[min(count - len(bands), 3)]
        bands += plans[int(rng.integers(len(plans)))]
    return bands


def _try_event(
    walk: Walk, before: Overlay, events: list[Event], band: str, limits: Limits, rng: np.random.Generator
) -> tuple[Overlay, Event] | None:
    """One more occluder over `before`, or None if it would break the limits."""
    used = {event.kind for event in events}
    able = [kind for kind, bands in KINDS.items() if band in bands]
    kinds = [kind for kind in able if kind not in used] or able
    weights = np.array([KINDS[kind][band] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    slide = -PACE * walk.person.shape[1] * float(np.mean(np.sin(walk.yaw)))  # of the background, pixels
    heading = 1 if (rng.random() < 0.5 if kind in MOVING else slide > 0) else -1
    sprite = draw_occluder(kind, rng, Setting(walk.boxes.usual_scale, heading, band, walk.camera))
    positions = reach(sprite, walk)
    if positions is None:
        return None
    natural = max(1.3 * abs(slide), 0.034 * walk.person.shape[1])  # what stands nearer slides faster
    busy = np.zeros(len(walk.person), bool)
    for event in events:
        busy[event.first : event.last + 1] = True
    length = int(rng.integers(limits.shortest, limits.longest + 1))
    route = path(rng, positions, length, busy, heading, None if kind in MOVING else natural)
    rgb, alpha = place(sprite, route, walk)
    own = hidden_thirds(alpha > 0, walk.person)
    frames = np.flatnonzero(own.any(1))
    if not limits.shortest <= len(frames) <= limits.longest:
        return None
    if hidden_thirds((before.alpha > 0) | (alpha > 0), walk.person).sum(0).max() > limits.most:
        return None
    after = Overlay(before.rgb * (1 - alpha) + rgb, before.alpha * (1 - alpha) + alpha)
    return after, Event(kind, int(frames[0]), int(frames[-1]), band_name(own[frames]))


def band_name(hidden: np.ndarray) -> str:
    """The thirds that are hidden in at least half of an event's frames (n, K), or else most often."""
    often = hidden.mean(0)
    named = [name for name, share in zip(REGIONS, often, strict=True) if share >= min(0.5, often.max())]
    return "+".join(named)
