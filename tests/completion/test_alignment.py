"""Frames are moved onto each other by what both show, and only where that is a gain."""

import numpy as np
import pytest
from PIL import Image

from stcnet_lib.completion.alignment import Match, matches, shifted
from stcnet_lib.completion.methods.copy import copy_nearest
from stcnet_lib.completion.methods.median import median_of_shown
from stcnet_lib.completion.methods.one_by_one import OneByOne
from stcnet_lib.completion.restoration import restore
from stcnet_lib.completion.task import FillTask
from stcnet_lib.completion.views import aligned, views
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore

HEIGHT, WIDTH = 96, 48
NOTHING = np.zeros(3, bool)


def scene(seed=0):
    """A textured picture with a margin of 16 pixels around a frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (16, 10, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((WIDTH + 32, HEIGHT + 32), Image.Resampling.BICUBIC))


def view(picture, down=0, right=0):
    """The frame of a box that drifted by so much; to lie on the first it has to move by as much."""
    return picture[16 + down : 16 + down + HEIGHT, 16 + right : 16 + right + WIDTH]


@pytest.mark.parametrize("flagged", [None, 0, 1, 2])
@pytest.mark.parametrize(("down", "right"), [(0, 0), (5, 0), (-8, 3), (10, -5)])
def test_a_drift_is_found_by_what_both_show(down, right, flagged):
    picture = scene()
    frame, other = view(picture).copy(), view(picture, down, right)
    flags = NOTHING.copy()
    if flagged is not None:
        flags[flagged] = True
        frame[32 * flagged : 32 * (flagged + 1)] = 0  # something hides it
    (match,) = matches(frame, flags, [other], NOTHING[None])
    assert (match.down, match.right) == pytest.approx((down, right), abs=1.5)  # pixels; copies are of 64 rows
    assert match.likeness > 0.8


def test_a_frame_of_another_size_is_moved_in_pixels_of_the_first():
    picture = scene()
    other = Image.fromarray(view(picture, 8, 0)).resize((2 * WIDTH, 2 * HEIGHT))
    (match,) = matches(view(picture), NOTHING, [np.asarray(other)], NOTHING[None])
    assert (match.down, match.right) == pytest.approx((8, 0), abs=1.5)


def test_another_person_is_not_moved_and_is_not_alike():
    found = matches(
        view(scene(0)), NOTHING, [view(scene(seed)) for seed in range(1, 9)], np.zeros((8, 3), bool)
    )
    assert all((match.down, match.right) == (0, 0) for match in found)
    assert max(match.likeness for match in found) < 0.5


def test_what_shows_nothing_in_common_is_not_compared():
    picture = scene()
    flags, other = np.array([True, True, False]), np.array([[False, False, True]])
    assert matches(view(picture), flags, [view(picture, 8, 0)], other) == [Match()]


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, -2), (-4, 1), (40, 40)])
def test_shifted_equals_a_loop(down, right):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    result = shifted(image, down, right)
    for row in range(9):
        for column in range(7):
            source = image[min(max(row - down, 0), 8), min(max(column - right, 0), 6)]
            assert (result[row, column] == source).all()


@pytest.mark.parametrize("fill_one", [copy_nearest, median_of_shown])
def test_what_is_pasted_lies_where_the_person_is(fill_one):
    picture = scene()
    clean = view(picture)
    frame = clean.copy()
    frame[64:] = 255  # the legs are hidden
    drifts = [8, 0, 6, 9]
    images = {0: view(picture, 8), 1: frame, 2: view(picture, 6), 3: view(picture, 9)}
    flags = np.zeros((4, 3), bool)
    flags[1, 2] = True
    task = FillTask(1, (2,), (0, 2), shown=(0, 2, 3))
    (moved,) = aligned([task], images, flags)
    assert dict(moved.moved).keys() == {0, 2, 3}
    for t, match in moved.moved:
        assert match.down == pytest.approx(drifts[t], abs=1)
    errors = []
    for one in (task, moved):
        (filling,) = OneByOne(fill_one).fill([one], images, flags)
        errors.append(np.abs(filling.image[75:85].astype(float) - clean[75:85]).mean())
    assert errors[1] < 0.4 * errors[0]


def test_hidden_thirds_of_a_reference_move_nowhere():
    picture = scene()
    reference = view(picture, -8).copy()
    reference[64:] = [255, 0, 255]  # its legs are hidden, and it has to move up by 8
    images = {0: reference, 1: view(picture)}
    flags = np.array([[False, False, True], [False, True, False]])
    (task,) = aligned([FillTask(1, (1,), (0,))], images, flags)
    ((t, match),) = task.moved
    assert t == 0
    assert match.down == pytest.approx(-8, abs=1.5)
    seen = views(task, images, flags)
    assert not (seen[0] == [255, 0, 255]).all(axis=-1).any()
    assert seen[1] is images[1]


def test_frames_that_need_not_move_stay_as_they_are():
    picture = scene()
    images = {0: view(picture), 1: view(picture), 2: view(picture)}
    flags = np.zeros((3, 3), bool)
    flags[1, 1] = True
    (task,) = aligned([FillTask(1, (1,), (0, 2))], images, flags)
    assert task.moved == ()
    assert views(task, images, flags) is images


def test_a_completion_that_aligns_restores_a_drifting_box_better(tmp_path):
    picture = scene()
    clean = view(picture)
    occluded = clean.copy()
    occluded[64:] = 255
    flags = np.zeros((2, 3), bool)
    flags[1, 2] = True
    header = {"dataset": "d", "layout": "folder", "licence": "", "citation": "", "config": ""}
    with StoreWriter(tmp_path / "s.h5", **header) as writer:
        frames = [(t, f"{t}", encode_png(image)) for t, image in enumerate((view(picture, 8), occluded))]
        writer.add_tracklet(1, 1, "t", frames)
        writer.set_roles(0, np.array([Role.TRAIN]))
    errors = {}
    with TrackletStore(tmp_path / "s.h5") as store:
        for align in (False, True):
            config, path = CompletionConfig(method="copy", align=align), tmp_path / f"{align}.h5"
            restore(
                config,
                store,
                flags,
                ReferencesConfig(references="region"),
                OneByOne(copy_nearest),
                path,
                100.0,
            )
            with TrackletStore(path) as restored:
                # The last rows were below the other box and show its border repeated.
                difference = restored.read_image(1)[64:86].astype(float) - clean[64:86]
            errors[align] = np.abs(difference).mean()
    assert errors[True] < 0.4 * errors[False]
