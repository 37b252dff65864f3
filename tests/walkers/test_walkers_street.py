"""Walkers closer to people; and the walkers of old, which must not change by a bit."""

import hashlib

import numpy as np
import pytest

from stcnet_lib.config import WalkersConfig
from stcnet_lib.regions import region_rows
from stcnet_lib.walkers.boxes import detector_boxes
from stcnet_lib.walkers.street import coarsened, draw_street, unsteady
from stcnet_lib.walkers.tracklet import render_tracklet

EVERYTHING = WalkersConfig(
    frames=24,
    turns=1,
    approach=1,
    box_drift=0.1,
    box_jumps=1,
    cut_off=1,
    bystanders=1,
    occluded_tracklets=1,
    events=(1, 2),
    event_frames=(0.12, 0.3),
)


def test_the_world_of_old_is_the_same_bit_by_bit():
    """The digest was made before any of this was written."""
    digest = hashlib.sha256()
    config = WalkersConfig(train_identities=6, test_identities=6)
    for identity in (1, 5, 9):
        for camera in (1, 2, 3):
            tracklet = render_tracklet(config, identity, camera, 0)
            for part in (tracklet.occluded, tracklet.clean, tracklet.occluder, tracklet.person):
                digest.update(part.tobytes())
    assert digest.hexdigest() == "4ceab29b99becdcd8ad23c9c4b6cd7d17257a281fd1f779b5ef349a66973fda6"


@pytest.mark.parametrize("identity", [1, 2, 3, 4])
def test_twins_are_equal_outside_of_the_mask_with_everything_on(identity):
    tracklet = render_tracklet(EVERYTHING, identity, 1 + identity % 3, 0)
    assert tracklet.occluder.any()
    assert np.array_equal(tracklet.occluded[~tracklet.occluder], tracklet.clean[~tracklet.occluder])
    again = render_tracklet(EVERYTHING, identity, 1 + identity % 3, 0)
    assert np.array_equal(again.occluded, tracklet.occluded)


def test_people_turn_and_their_heads_change():
    """The upper third of the clean person varies more over a tracklet than without turns: mean of six."""
    variation = {}
    for turns in (0, 1):
        config = WalkersConfig(frames=24, turns=turns, occluded_tracklets=0)
        values = []
        for identity in range(1, 7):
            tracklet = render_tracklet(config, identity, 1, 0)
            head = tracklet.clean[:, : region_rows(128)[1]].astype(float)
            inside = tracklet.person[:, : region_rows(128)[1]].all(axis=0)
            values.append(head.std(axis=0)[inside].mean())
        variation[turns] = np.mean(values)
    assert variation[1] > 1.15 * variation[0]
    streets = [draw_street(WalkersConfig(turns=1), np.random.default_rng(seed)) for seed in range(40)]
    bends = np.rad2deg([np.ptp(street.turn) for street in streets])
    assert np.median(bends) > 25
    assert bends.max() <= 80 + 1e-6
    assert np.rad2deg(max(np.abs(street.look).max() for street in streets)) <= 50 + 1e-6


def test_boxes_drift_jump_and_cut():
    plain = WalkersConfig(frames=60)
    boxes = detector_boxes(np.random.default_rng(0), 60, 128, 64)
    drift = plain.model_copy(update={"box_drift": 0.1})
    moved = unsteady(boxes, drift, np.random.default_rng(1), 128, 64)
    assert 3 < np.abs(moved.left - boxes.left).max() <= 6.4 + 1e-6
    assert np.array_equal(moved.scale, boxes.scale)
    jumps = plain.model_copy(update={"box_jumps": 1.0})
    jumped = unsteady(boxes, jumps, np.random.default_rng(2), 128, 64)
    changed = np.flatnonzero(jumped.scale != boxes.scale)
    assert 2 <= len(changed) <= 5
    assert np.ptp(changed) == len(changed) - 1  # in a row
    outside = 0
    for seed in range(10):
        cut = plain.model_copy(update={"cut_off": 1.0})
        made = unsteady(boxes, cut, np.random.default_rng(seed), 128, 64)
        outside += int(((made.top < -2) | (made.top + made.scale > 130)).any())
    assert outside >= 6


def test_bystanders_are_behind_the_walker():
    """Pixels of the person are the same with and without them; the background is not."""
    quiet = WalkersConfig(frames=24, occluded_tracklets=0)
    busy = quiet.model_copy(update={"bystanders": 1.0})
    different = 0
    for identity in range(1, 7):
        one, other = (render_tracklet(config, identity, 2, 0) for config in (quiet, busy))
        assert np.array_equal(one.person, other.person)
        deep = one.person.copy()
        for axis in (1, 2):  # the outline is mixed with what is behind, by the lens
            for shift in (-2, -1, 1, 2):
                deep &= np.roll(one.person, shift, axis)
        assert np.array_equal(one.clean[deep], other.clean[deep])
        different += int((one.clean != other.clean).any())
    assert different >= 4


def test_far_frames_are_coarse_and_near_ones_are_not():
    rng = np.random.default_rng(0)
    scene = rng.random((3, 4, 64, 32)).astype(np.float32)
    made = coarsened(scene, np.array([1.0, 0.7, 0.4, 1.0]))
    detail = np.abs(np.diff(made, axis=2)).mean(axis=(0, 2, 3))
    assert np.array_equal(made[:, [0, 3]], scene[:, [0, 3]])
    assert detail[2] < detail[1] < detail[0]
