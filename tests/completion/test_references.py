"""References against a plain search outwards from the frame."""

import numpy as np
import pytest

from stcnet_lib.completion.neighbours import both_sides, nearest, nearest_frames, usable_frames
from stcnet_lib.config import ReferencesConfig


def by_region(margin):
    return ReferencesConfig(references="region", reference_margin=margin)


def search(usable, before, after):
    earlier = (t for t in range(before, -1, -1) if usable[t])
    later = (t for t in range(after, len(usable)) if usable[t])
    return tuple(t for t in (next(earlier, None), next(later, None)) if t is not None)


@pytest.mark.parametrize("seed", range(20))
def test_nearest_equals_a_search_outwards(seed):
    random = np.random.default_rng(seed)
    usable = random.random(9) < 0.4
    for t in range(9):
        for gap in (1, 3):
            assert nearest(usable, t - gap, t + gap) == search(usable, t - gap, t + gap)


def test_missing_side_copies_the_other():
    assert both_sides((4,)) == (4, 4)
    assert both_sides((2, 4)) == (2, 4)


def test_frame_references_need_every_region_and_region_references_their_own():
    flags = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], bool)
    assert usable_frames(flags, 0, ReferencesConfig(references="frame")).tolist() == [False, True, False]
    assert usable_frames(flags, 0, by_region(0)).tolist() == [True, True, False]


@pytest.mark.parametrize("margin", [0, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_margin_keeps_away_from_flagged_frames_as_a_loop_does(margin, seed):
    flags = np.random.default_rng(seed).random((20, 3)) < 0.1
    found = usable_frames(flags, 1, by_region(margin))
    wanted = [not flags[max(t - margin, 0) : t + margin + 1, 1].any() for t in range(20)]
    assert sum(wanted) > 1
    assert found.tolist() == wanted


def test_margin_gives_way_where_too_little_is_left():
    flags = np.zeros((5, 3), bool)
    flags[2] = True
    assert usable_frames(flags, 0, by_region(2)).tolist() == [True, True, False, True, True]
    assert usable_frames(flags[:2], 0, by_region(3)).tolist() == [True, True]
    # One frame that keeps its distance is too little for two references.
    assert usable_frames(flags[:4], 0, by_region(1)).tolist() == [True, True, False, True]


def test_nearest_frames_lie_outside_a_run_and_are_the_closest_to_it():
    random = np.random.default_rng(2)
    for _ in range(100):
        usable, first, most = random.random(20) < 0.6, int(random.integers(20)), int(random.integers(1, 8))
        last = min(first + int(random.integers(3)), 19)
        outside = [t for t in range(20) if usable[t] and not first <= t <= last]
        outside.sort(key=lambda t: (first - t if t < first else t - last, t))
        assert nearest_frames(usable, first, last, most) == tuple(sorted(outside[:most]))
