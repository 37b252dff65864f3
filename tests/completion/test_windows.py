"""Windows of frames in a row: what is in them, what hides them, and who chooses where they lie."""

import numpy as np
import pytest
from stores import write_store

from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.completion.learning.windows import WindowSamples, samples_for
from stcnet_lib.completion.neighbours import widened, window_around
from stcnet_lib.config import SamplesConfig, SizeConfig
from stcnet_lib.data.store.tracklets import TrackletStore

FRAMES = 12  # of a tracklet
SETTINGS = {"window": 5, "references": "region", "occlusion_run": 2}
SIZE = SizeConfig(height=32, width=16)


@pytest.fixture
def crowd(tmp_path):
    """Four train people of two tracklets each."""
    return write_store(tmp_path / "crowd.h5", people=8, frames=FRAMES)


def some_flags(store):
    """Of every second tracklet a third is flagged for three frames, of every fourth also the one below."""
    flags = np.zeros((store.num_frames, 3), bool)
    for n in range(0, len(store.tracklets), 2):
        flags[n * FRAMES + 4 : n * FRAMES + 7, n // 2 % 2] = True
        if n % 4 == 0:
            flags[n * FRAMES + 4 : n * FRAMES + 7, 1] = True
    return flags


def window_samples(path, flags=some_flags, **changes):
    store = TrackletStore(path)
    return samples_for(store, flags(store), 0, SamplesConfig(**SETTINGS | changes), SIZE, 5)


def number_frames(samples):
    """Each frame's top left pixel says its number, so that a sample tells where it is from."""
    read = samples.store.read_image

    def numbered(frame):
        image = read(frame).copy()
        image[0, 0] = frame
        return image

    samples.store.read_image = numbered


def numbers_in(sample):
    return [int(image[0, 0, 0]) for image in sample["frames"]]


@pytest.mark.parametrize(
    ("frame", "length", "window", "wanted"),
    [(5, 12, 5, (3, 8)), (0, 12, 5, (0, 5)), (11, 12, 5, (7, 12)), (2, 3, 5, (0, 3)), (4, 9, 1, (4, 5))],
)
def test_windows_are_around_their_frame_and_within_the_tracklet(frame, length, window, wanted):
    assert window_around(frame, length, window) == range(*wanted)


def test_a_margin_is_added_to_both_sides_of_what_is_flagged():
    flags = np.zeros((8, 2), bool)
    flags[0, 0] = flags[4, 1] = True
    assert np.flatnonzero(widened(flags, 1)[:, 0]).tolist() == [0, 1]
    assert np.flatnonzero(widened(flags, 2)[:, 1]).tolist() == [2, 3, 4, 5, 6]
    assert np.array_equal(widened(flags, 0), flags)


def test_the_settings_say_which_samples_a_network_learns_from(crowd):
    assert type(window_samples(crowd)) is WindowSamples
    assert type(window_samples(crowd, window=1)) is WindowSamples
    assert type(window_samples(crowd, window=0)) is CompletionSamples


def test_a_sample_depends_on_its_number_only(crowd):
    first, second = window_samples(crowd), window_samples(crowd)
    for _ in range(3):
        second[17]
    for key, value in first[3].items():
        assert value.equal(second[3][key]), key
    assert any(not value.equal(first[4][key]) for key, value in first[3].items())


@pytest.mark.parametrize("window", [1, 4, 5])
def test_a_window_is_of_frames_in_a_row_and_its_target_has_a_hole(crowd, window):
    samples = window_samples(crowd, window=window)
    number_frames(samples)
    places = set()
    for i in range(200):
        sample = samples[i]
        numbers = numbers_in(sample)
        assert numbers == list(range(numbers[0], numbers[0] + window))
        assert numbers[0] // FRAMES == numbers[-1] // FRAMES, "of one tracklet"
        assert numbers[-1] < 8 * FRAMES, "of a train person"
        assert sample["masked"][sample["target"]].any()
        places.add(int(sample["target"]))
    assert places == set(range(window))  # at the ends of a tracklet it is not in the middle


@pytest.mark.parametrize("margin", [0, 1])
def test_what_hides_a_window_is_what_really_hides_another_tracklet(crowd, margin):
    samples = window_samples(crowd, window=FRAMES, reference_margin=margin)
    number_frames(samples)
    runs, both = set(), 0
    for i in range(200):
        sample = {key: value.numpy() for key, value in samples[i].items()}
        own = samples.flags[numbers_in(samples[i])]
        assert not (sample["masked"] & sample["flagged"]).any()
        # What is flagged is hidden anyway, and so are the frames beside it.
        assert np.array_equal(sample["flagged"], widened(own, margin))
        hidden = sample["masked"].any(1)
        runs.add(int(hidden.sum()))
        both += int((sample["masked"].sum(1) == 2).any())
        if sample["masked"][:, 2].any():  # nothing real hides the lower third, so the others must be hidden
            assert sample["flagged"][sample["target"]].tolist() == [True, True, False]
    # Three frames and the margin, or less where the tracklet ends or its own occlusion begins.
    assert max(runs) == 3 + 2 * margin
    assert both > 20


def test_without_flags_holes_are_as_long_as_the_settings_say(crowd):
    samples = window_samples(
        crowd, lambda store: np.zeros((store.num_frames, 3), bool), window=FRAMES, occlusion_run=3
    )
    runs, regions = set(), set()
    for i in range(200):
        sample = samples[i]
        assert not sample["flagged"].any()
        runs.add(int(sample["masked"].any(1).sum()))
        regions |= {int(k) for k in sample["masked"].any(0).nonzero()}
    assert runs == {1, 2, 3}
    assert regions == {0, 1, 2}


def test_short_tracklets_are_filled_up_with_frames_that_show_nothing(crowd):
    samples = window_samples(crowd, window=FRAMES + 3)
    sample = samples[0]
    assert sample["frames"].shape == (FRAMES + 3, 3, 32, 16)
    assert sample["frames"][FRAMES:].max() == 0
    assert sample["flagged"][FRAMES:].all()
    assert not sample["masked"][FRAMES:].any()
    assert sample["heights"].tolist() == [32] * (FRAMES + 3)


def test_held_out_holes_show_no_more_than_references_could(crowd):
    """Skill is of the same holes for all networks; what an occluder would hide is hidden in all frames."""
    samples = window_samples(crowd, window=FRAMES, reference_margin=1, validation=0.25)
    assert len(samples.held_out_people) == 2
    for hidden in samples.held_out(50):
        sample = {key: value.numpy() for key, value in samples.sample(hidden).items()}
        target = int(sample["target"])
        assert target == hidden.frame
        assert np.array_equal(sample["masked"][target], hidden.masked)
        assert sample["masked"].sum() == hidden.masked.sum()
        shown = np.flatnonzero(~(sample["masked"] | sample["flagged"])[:, hidden.region])
        assert shown.tolist() == list(hidden.shown)
