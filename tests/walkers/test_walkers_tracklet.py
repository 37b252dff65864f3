"""What a rendered tracklet promises, checked on the pixels themselves."""

import itertools

import numpy as np
import pytest

from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import WalkersConfig
from stcnet_lib.data.truth import covered_share, hidden_thirds
from stcnet_lib.walkers.tracklet import render_tracklet

ALL = WalkersConfig(occluded_tracklets=1.0)


@pytest.fixture(scope="module")
def tracklets():
    return [render_tracklet(ALL, identity, camera, 0) for identity in range(1, 11) for camera in (1, 2, 3)]


def brute_force_shares(occluder, person):
    """(T, K), pixel by pixel."""
    frames, height, width = person.shape
    rows = region_rows(height)
    shares = np.zeros((frames, 3))
    for frame, k in itertools.product(range(frames), range(3)):
        total = hit = 0
        for y, x in itertools.product(range(rows[k], rows[k + 1]), range(width)):
            total += person[frame, y, x]
            hit += person[frame, y, x] and occluder[frame, y, x]
        shares[frame, k] = hit / total if total else 0
    return shares


def test_twins_agree_outside_of_the_mask(tracklets):
    for tracklet in tracklets:
        differs = (tracklet.occluded != tracklet.clean).any(axis=-1)
        assert not (differs & ~tracklet.occluder).any()


def test_the_mask_is_not_wider_than_the_occluder(tracklets):
    # A covered pixel may chance to keep its colour: 0.005 % of them do.
    covered = np.concatenate([t.occluder[t.occluder] for t in tracklets]).sum()
    differs = sum(((t.occluded != t.clean).any(axis=-1) & t.occluder).sum() for t in tracklets)
    assert differs > 0.99 * covered > 0


def test_covered_share_against_counting():
    rng = np.random.default_rng(0)
    person, occluder = rng.random((2, 31, 9)) < 0.4, rng.random((2, 31, 9)) < 0.5
    person[1, 21:] = False  # no person pixels in a third: nothing to hide
    np.testing.assert_allclose(
        covered_share(occluder, person), brute_force_shares(occluder, person), rtol=1e-12
    )


def test_every_event_hides_what_it_says(tracklets):
    assert sum(len(t.events) for t in tracklets) > len(tracklets)
    for tracklet in tracklets:
        hidden = hidden_thirds(tracklet.occluder, tracklet.person).any(axis=1)
        named = np.zeros(len(hidden), bool)
        for event in tracklet.events:
            assert hidden[[event.first, event.last]].all()
            assert event.last - event.first + 1 >= 4  # 20 % of 16 frames, rounded up
            assert set(event.band.split("+")) <= {"upper", "middle", "lower"}
            named[event.first : event.last + 1] = True
        # Two occluders may together hide what neither does alone, so `hidden` may be a little more.
        assert (hidden & ~named).sum() <= 2


@pytest.mark.parametrize(("cap", "frames"), [(0.4, 16), (0.2, 20), (0.3, 10)])
def test_no_third_is_hidden_longer_than_the_cap(cap, frames):
    config = WalkersConfig(occluded_tracklets=1.0, events=(3, 3), most_hidden=cap, frames=frames)
    hidden = [
        hidden_thirds(t.occluder, t.person).mean(axis=0)
        for t in (render_tracklet(config, identity, 1, 0) for identity in range(1, 9))
    ]
    assert 0 < np.max(hidden) <= cap + 1e-12


def test_heads_and_feet_are_inside(tracklets):
    heights = []
    for tracklet in tracklets:
        rows = tracklet.person.any(axis=2)  # (T, H)
        assert not rows[:, 0].any()
        assert not rows[:, -1].any()
        heights += [np.flatnonzero(row)[-1] - np.flatnonzero(row)[0] + 1 for row in rows]
    assert 0.85 < np.median(heights) / ALL.height < 0.92
    assert 0.8 * ALL.height < min(heights)


def test_same_arguments_same_bits_and_others_differ():
    def pixels(seed=0, identity=1, camera=1, index=0):
        return render_tracklet(WalkersConfig(seed=seed, frames=2), identity, camera, index).clean

    first = pixels()
    np.testing.assert_array_equal(first, pixels())
    for change in ({"seed": 1}, {"identity": 2}, {"camera": 2}, {"index": 1}):
        assert (first != pixels(**change)).mean() > 0.3


def test_no_occluder_without_events():
    for config in (
        WalkersConfig(occluded_tracklets=0.0),
        WalkersConfig(events=(0, 0)),
        WalkersConfig(frames=1),
    ):
        tracklet = render_tracklet(config, 1, 1, 0)
        assert not tracklet.occluder.any()
        assert tracklet.events == []
        np.testing.assert_array_equal(tracklet.occluded, tracklet.clean)


@pytest.mark.parametrize(("height", "width"), [(256, 128), (64, 32), (96, 50), (32, 16)])
def test_other_sizes(height, width):
    tracklet = render_tracklet(
        WalkersConfig(height=height, width=width, frames=5, occluded_tracklets=1), 3, 2, 0
    )
    assert tracklet.clean.shape == (5, height, width, 3)
    assert tracklet.occluder.shape == tracklet.person.shape == (5, height, width)
    assert tracklet.person.any(axis=(1, 2)).all()
