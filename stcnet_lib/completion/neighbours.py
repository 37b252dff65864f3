"""Which frames may show what is hidden: the nearest unoccluded ones before and after (paper §3.3, §4.1)."""

from __future__ import annotations

import numpy as np

from stcnet_lib.config import ReferencesConfig

MEDIAN_FRAMES = 31  # the most frames a median is of: memory stays bounded, and later ones show another view


def nearest(usable: np.ndarray, before: int, after: int) -> tuple[int, ...]:
    """The last usable frame up to `before` and the first from `after` on: two, one or none, in their order.

    Args:
        usable: (T,) booleans.
    """
    earlier = np.flatnonzero(usable[: max(before + 1, 0)])
    later = np.flatnonzero(usable[after:])
    return (*(int(t) for t in earlier[-1:]), *(int(t) + after for t in later[:1]))


def nearest_frames(usable: np.ndarray, first: int, last: int, most: int = MEDIAN_FRAMES) -> tuple[int, ...]:
    """The usable frames outside `first` to `last` that are nearest to it, at most `most`, in their order.

    Of two that are equally far the earlier one goes first.

    Args:
        usable: (T,) booleans.
    """
    frames = np.flatnonzero(usable)
    away = np.maximum(first - frames, frames - last)  # not above 0: within the run
    frames, away = frames[away > 0], away[away > 0]
    return tuple(sorted(int(t) for t in frames[np.argsort(away, kind="stable")[:most]]))


def window_around(frame: int, length: int, window: int) -> range:
    """As many frames in a row as `window` says, or the tracklet has: around `frame`, within its `length`."""
    first = min(max(frame - window // 2, 0), max(length - window, 0))
    return range(first, min(first + window, length))


def widened(flags: np.ndarray, margin: int) -> np.ndarray:
    """Flags (T, K) that reach `margin` frames further to both sides."""
    padded = np.pad(flags, ((margin, margin), (0, 0)))
    return np.any([padded[i : i + len(flags)] for i in range(2 * margin + 1)], axis=0)


def both_sides(references: tuple[int, ...]) -> tuple[int, int]:
    """The references of a network that always wants two: a missing side copies the other one."""
    return references[0], references[-1]


def usable_frames(flags: np.ndarray, region: int, config: ReferencesConfig) -> np.ndarray:
    """(T,) frames that may serve as a reference for a region of another frame of the tracklet.

    Args:
        flags: (T, K) of one tracklet.
        config: its rule "frame" wants no flagged region at all, as the paper has it; "region" only that this
            one is visible. Frames as close to an unusable one as its margin are not used either, if two
            others are left: when an occluder comes or goes, it is in the picture before it is flagged.
    """
    usable = ~flags[:, region] if config.references == "region" else ~flags.any(axis=1)
    window = np.ones(2 * config.reference_margin + 1, int)
    near = np.convolve(~usable, window, mode="same") > 0 if len(usable) >= len(window) else ~usable
    strict = usable & ~near
    return strict if strict.sum() > 1 else usable
