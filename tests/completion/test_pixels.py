"""Hidden pixels are filled from frames that show them, and nothing else changes."""

import numpy as np
import pytest

from stcnet_lib.completion.pixels.holes import holes, touched_regions
from stcnet_lib.completion.pixels.median import MedianPixels
from stcnet_lib.completion.pixels.nearest import NearestPixels


def tracklet(frames=9, height=12, width=7, seed=0, share=0.4):
    rng = np.random.default_rng(seed)
    images = [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(frames)]
    return images, [rng.random((height, width)) < share for _ in range(frames)]


def nearest_by_hand(images, hidden, frame, row, column):
    for away in range(1, len(images)):
        for t in (frame - away, frame + away):
            if 0 <= t < len(images) and not hidden[t][row, column]:
                return images[t][row, column]
    return None


def median_by_hand(images, hidden, frame, row, column):
    shown = [
        image[row, column] for t, image in enumerate(images) if t != frame and not hidden[t][row, column]
    ]
    return np.round(np.median(shown, axis=0)) if shown else None


@pytest.mark.parametrize(
    ("filler", "by_hand"), [(NearestPixels(), nearest_by_hand), (MedianPixels(), median_by_hand)]
)
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_every_pixel_is_what_a_search_finds(filler, by_hand, share):
    images, hidden = tracklet(share=share)
    for hole in holes(images, hidden, align=False):
        filling = filler.fill(hole)
        for row, column in np.ndindex(hole.hidden.shape):
            wanted = by_hand(images, hidden, hole.frame, row, column) if hole.hidden[row, column] else None
            assert (filling is not None and filling.filled[row, column]) == (wanted is not None)
            if wanted is not None:
                assert np.array_equal(filling.picture[row, column], wanted)


def test_frames_without_a_hidden_pixel_have_no_hole_and_a_lone_frame_is_left():
    images, hidden = tracklet(frames=3)
    hidden[1][:] = False
    assert [hole.frame for hole in holes(images, hidden, align=False)] == [0, 2]
    (hole,) = holes(images[:1], hidden[:1], align=True)
    assert NearestPixels().fill(hole) is None
    assert MedianPixels().fill(hole) is None


def test_the_nearest_frames_come_first_and_only_so_many_are_looked_at():
    images, hidden = tracklet(frames=9)
    hole = next(hole for hole in holes(images, hidden, align=False, most=4) if hole.frame == 5)
    assert hole.numbers.tolist() == [4, 6, 3, 7]
    assert len(hole.others) == 4


def test_frames_of_other_sizes_are_brought_to_the_size_of_the_hole():
    images, hidden = tracklet(frames=2, height=20, width=10)
    large = np.repeat(np.repeat(images[1], 2, axis=0), 2, axis=1)
    wide = np.repeat(np.repeat(hidden[1], 2, axis=0), 2, axis=1)
    first = next(holes([images[0], large], [hidden[0], wide], align=False))
    assert first.others.shape == (1, 20, 10, 3)
    assert (first.others_hidden[0] >= hidden[1]).all()  # what mixes hidden pixels in is hidden


def person(shift=0, height=64, width=32):
    """Somebody in three colours on a textured ground, moved down."""
    rng = np.random.default_rng(5)
    image = rng.integers(90, 120, (height, width, 3), dtype=np.uint8)
    for top, bottom, colour in ((8, 18, (200, 160, 140)), (18, 36, (200, 30, 40)), (36, 58, (30, 40, 160))):
        image[top:bottom, 10:22] = colour
    return np.roll(image, shift, axis=0)


def test_a_frame_whose_box_drifted_is_moved_and_its_border_is_not_known():
    images = [person(), person(4), person(4)]
    hidden = [np.zeros((64, 32), bool) for _ in images]
    hidden[0][18:24, 8:24] = True  # the upper end of the shirt
    (still,), (moved,) = (list(holes(images, hidden, align=align)) for align in (False, True))
    errors = [
        np.abs(NearestPixels().fill(hole).picture[hole.hidden].astype(int) - images[0][hole.hidden]).mean()
        for hole in (still, moved)
    ]
    assert errors[0] > 10
    assert errors[1] < 2
    assert moved.others_hidden[:, -4:].all()
    assert not moved.others_hidden[:, :60].any()


def test_thirds_that_a_mask_touches():
    mask = np.zeros((128, 64), bool)
    mask[42:44] = True  # rows 43 and beyond are the second third
    assert touched_regions(mask) == [0, 1]
    assert touched_regions(np.zeros((9, 3), bool)) == []
