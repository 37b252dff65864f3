"""Clip sampling: the three cases, and that every frame has its chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcnet_lib.data.clips.choice import sample_clip, spread_clip, strided_clips
from stcnet_lib.data.clips.choice import test_clips as consecutive_clips

sizes = {"length": st.integers(1, 200), "clip": st.integers(1, 12), "stride": st.integers(1, 10)}


@settings(deadline=None)
@given(**sizes, seed=st.integers(0, 1000))
def test_three_cases(length, clip, stride, seed):
    frames = sample_clip(length, clip, stride, np.random.default_rng(seed))
    assert frames.shape == (clip,)
    assert frames.min() >= 0
    assert frames.max() < length
    steps = np.diff(frames)
    if length >= clip * stride:
        assert (steps == stride).all()
    elif length >= clip:
        assert (steps >= 1).all()
    else:
        assert (steps >= 0).all()
    np.testing.assert_array_equal(frames, sample_clip(length, clip, stride, np.random.default_rng(seed)))


@pytest.mark.parametrize("length", [2, 3, 4, 10, 31, 32, 33, 40])
def test_every_frame_is_drawn_sometimes(length):
    generator = np.random.default_rng(0)
    drawn = np.concatenate([sample_clip(length, 4, 8, generator) for _ in range(2000)])
    assert set(drawn.tolist()) == set(range(length))


def test_starts_are_uniform():
    """40 frames, 4 every 8: starts 0…15, each expected 1000 times; six sigmas is 184."""
    generator = np.random.default_rng(1)
    starts = np.bincount([sample_clip(40, 4, 8, generator)[0] for _ in range(16_000)])
    assert len(starts) == 16
    assert np.abs(starts - 1000).max() < 184


@settings(deadline=None)
@given(length=st.integers(1, 300), clip=st.integers(1, 40))
def test_clips_of_a_test_cover_each_frame_once(length, clip):
    clips = consecutive_clips(length, clip)
    np.testing.assert_array_equal(np.concatenate(clips), np.arange(length))
    assert {len(frames) for frames in clips[:-1]} <= {clip}
    assert 1 <= len(clips[-1]) <= clip


@settings(deadline=None)
@given(**sizes)
def test_strided_clips_cover_each_frame_once_and_look_as_in_training(length, clip, stride):
    clips = strided_clips(length, clip, stride)
    assert all(frames.shape == (clip,) for frames in clips)
    seen = np.concatenate([np.unique(frames) for frames in clips])  # a short clip repeats some
    np.testing.assert_array_equal(np.sort(seen), np.arange(length))
    for frames in clips:
        steps = np.diff(frames)
        assert (steps >= 0).all()
        assert steps.max(initial=0) <= stride
    whole = length // (clip * stride) * stride  # clips of parts that are long enough
    assert all((np.diff(frames) == stride).all() for frames in clips[:whole])


def test_strided_clips_of_a_walker():
    """16 frames, 4 of a clip: four clips that each go through the whole tracklet."""
    assert [frames.tolist() for frames in strided_clips(16, 4, 8)] == [
        [i, i + 4, i + 8, i + 12] for i in range(4)
    ]
    assert [frames.tolist() for frames in strided_clips(3, 4, 8)] == [[0, 1, 1, 2]]
    assert [frames.tolist() for frames in strided_clips(33, 4, 8)][-1] == [32] * 4


def test_spread():
    assert spread_clip(16, 4).tolist() == [2, 6, 10, 14]
    assert spread_clip(4, 4).tolist() == [0, 1, 2, 3]
    assert spread_clip(5, 1).tolist() == [2]
    assert spread_clip(2, 4).tolist() == [0, 0, 1, 1]


def test_nothing_to_sample():
    for call in (lambda: sample_clip(0, 4, 8, np.random.default_rng(0)), lambda: consecutive_clips(0, 4)):
        with pytest.raises(ValueError, match="at least 1"):
            call()
