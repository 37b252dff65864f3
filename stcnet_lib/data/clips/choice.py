"""Which frames of a tracklet form a clip (paper §5.2; sampling as in the same group's later code)."""

from __future__ import annotations

import numpy as np


def sample_clip(length: int, clip_length: int, stride: int, generator: np.random.Generator) -> np.ndarray:
    """Frames of one training clip, ascending: int64 (T,) in 0…length-1.

    Three cases: a tracklet of T·stride frames or more gives frames `stride` apart from a random start;
    a shorter one T distinct frames; one with fewer than T frames repeats some.

    Args:
        length: frames of the tracklet.
        clip_length: T.
        stride: frames from one to the next.
    """
    _check(length, clip_length)
    if length >= clip_length * stride:
        span = (clip_length - 1) * stride
        start = generator.integers(length - span)
        return start + np.arange(0, span + 1, stride)
    frames = generator.choice(length, clip_length, replace=length < clip_length)
    return np.sort(frames)


def test_clips(length: int, clip: int) -> list[np.ndarray]:
    """Consecutive clips of `clip` frames that cover the tracklet once; the last one may be shorter."""
    _check(length, clip)
    return [np.arange(start, min(start + clip, length)) for start in range(0, length, clip)]


test_clips.__test__ = False  # pytest would take an imported function of this name for a test


def strided_clips(length: int, clip: int, stride: int) -> list[np.ndarray]:
    """Clips such as `sample_clip` draws, which cover the tracklet once: int64 (T,) each.

    The tracklet is cut into parts of T·stride frames, the last one shorter; the frames of a part that are
    equally far apart form a clip. One that has fewer than T frames then repeats some.

    Args:
        length: frames of the tracklet.
        clip: T.
        stride: frames from one to the next where the tracklet is long enough.
    """
    _check(length, clip)
    clips = []
    for start in range(0, length, clip * stride):
        end = min(start + clip * stride, length)
        step = -(-(end - start) // clip)  # rounded up
        parts = (np.arange(first, end, step) for first in range(start, start + step))
        clips += [part[spread_clip(len(part), clip)] for part in parts]
    return clips


def spread_clip(length: int, clip_length: int) -> np.ndarray:
    """Frames spread evenly over the tracklet, int64 (T,): the middles of T equal parts."""
    _check(length, clip_length)
    return (2 * np.arange(clip_length) + 1) * length // (2 * clip_length)


def _check(length: int, clip_length: int) -> None:
    if length < 1 or clip_length < 1:
        raise ValueError(
            f"got a tracklet of {length} frames, a clip of {clip_length}, wanted at least 1 of each"
        )
