"""When something passes before a person of a real tracklet, and where: as before the walkers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stcnet_lib.config import PlantConfig, WalkersConfig
from stcnet_lib.data.planting.pieces import BODY, HEAD_TOP, body_prior
from stcnet_lib.data.planting.things import Piece, draw_thing
from stcnet_lib.data.truth import hidden_thirds
from stcnet_lib.walkers.boxes import Boxes
from stcnet_lib.walkers.cameras import camera
from stcnet_lib.walkers.events import ATTEMPTS, Event, Limits, Overlay, band_name, band_plan
from stcnet_lib.walkers.occluders import KINDS, draw_occluder
from stcnet_lib.walkers.passing import Walk, path, place, reach
from stcnet_lib.walkers.sprites import Setting, Sprite

PERSON_BANDS = ("all", "middle+lower")
_SLIDE = 0.034  # crop heights by which what stands slides through the crop in a frame, as with the walkers
_CAMERAS = 16  # whose light and blur sprites are drawn with

CutOut = Callable[
    [np.random.Generator, Setting], Sprite | None
]  # a person of another tracklet, if there is one


def plant_window(
    config: PlantConfig,
    frames: int,
    height: int,
    width: int,
    cut_out: CutOut,
    piece: Piece,
    rng: np.random.Generator,
) -> tuple[Overlay, list[Event]]:
    """Occluders before T consecutive crops of one size, and the events in the order of their frames.

    Colours are those of walkers in [0, 1], of a person their own.
    """
    walk = _walk(frames, height, width, rng)
    overlay = Overlay(np.zeros((3, *walk.person.shape), np.float32), np.zeros(walk.person.shape, np.float32))
    limits = Limits.of(
        WalkersConfig(frames=frames, event_frames=config.event_frames, most_hidden=config.most_hidden)
    )
    if limits.shortest > limits.longest:
        return overlay, []
    events: list[Event] = []
    for band in band_plan(int(rng.integers(config.events[0], config.events[1] + 1)), rng):
        for _ in range(ATTEMPTS):
            found = _try_event(config, walk, overlay, events, band, limits, cut_out, piece, rng)
            if found is not None:
                overlay, event = found
                events.append(event)
                break
    return overlay, sorted(events, key=lambda event: (event.first, event.last))


def _walk(frames: int, height: int, width: int, rng: np.random.Generator) -> Walk:
    """A crop as the walkers' occluders see it: the person in the middle of a steady box."""
    ones = np.ones(frames)
    boxes = Boxes(
        scale=BODY * height * ones,
        left=width / 2 * ones,
        top=HEAD_TOP * height * ones,
        zoom=ones,
        moved=np.zeros(frames, dtype=bool),
    )
    person = np.broadcast_to(body_prior(height, width), (frames, height, width))
    return Walk(person, np.zeros(frames), boxes, camera(0, int(rng.integers(_CAMERAS))), ones)


def _try_event(
    config: PlantConfig,
    walk: Walk,
    before: Overlay,
    events: list[Event],
    band: str,
    limits: Limits,
    cut_out: CutOut,
    piece: Piece,
    rng: np.random.Generator,
) -> tuple[Overlay, Event] | None:
    """One more occluder over `before`, or None if it would break the limits."""
    heading = 1 if rng.random() < 0.5 else -1
    setting = Setting(float(walk.boxes.scale[0]), heading, band, walk.camera)
    sprite = cut_out(rng, setting) if band in PERSON_BANDS and rng.random() < config.people else None
    if sprite is None and rng.random() < config.things:
        sprite = draw_thing(rng, setting, piece)
    elif sprite is None:
        able = [kind for kind, bands in KINDS.items() if band in bands]
        weights = np.array([KINDS[kind][band] for kind in able])
        sprite = draw_occluder(able[int(rng.choice(len(able), p=weights / weights.sum()))], rng, setting)
    positions = reach(sprite, walk)
    if positions is None:
        return None
    busy = np.zeros(len(walk.person), bool)
    for event in events:
        busy[event.first : event.last + 1] = True
    length = int(rng.integers(limits.shortest, limits.longest + 1))
    if rng.random() < config.together:
        route = _together(rng, positions, length, len(busy))
    else:
        natural = None if sprite.moves else _SLIDE * walk.person.shape[1]
        route = path(rng, positions, length, busy, heading, natural)
    rgb, alpha = place(sprite, route, walk)
    own = hidden_thirds(alpha > 0, walk.person)
    hit = np.flatnonzero(own.any(1))
    if not limits.shortest <= len(hit) <= limits.longest:
        return None
    if hidden_thirds((before.alpha > 0) | (alpha > 0), walk.person).sum(0).max() > limits.most:
        return None
    after = Overlay(before.rgb * (1 - alpha) + rgb, before.alpha * (1 - alpha) + alpha)
    return after, Event(sprite.kind, int(hit[0]), int(hit[-1]), band_name(own[hit]))


def _together(rng: np.random.Generator, reach: tuple[int, int], length: int, frames: int) -> np.ndarray:
    """(T,) position relative to the body's axis of what comes, goes along for `length` frames, and leaves."""
    low, high = reach
    start = int(rng.integers(0, frames - length + 1))
    time = np.arange(frames)
    speed = max((high - low) / 3, 1.0)  # beyond it within three frames
    beyond = np.maximum(start - time, 0) * speed * rng.choice([-1, 1])
    beyond = beyond + np.maximum(time - (start + length - 1), 0) * speed * rng.choice([-1, 1])
    steady = rng.uniform(0.7 * low + 0.3 * high, 0.3 * low + 0.7 * high)
    sway = np.cumsum(rng.normal(0, 0.02 * (high - low), frames))
    return steady + beyond + sway - sway[start]
