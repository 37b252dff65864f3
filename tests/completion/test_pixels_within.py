"""Hidden pixels within flagged thirds: nothing else changes, and judges decide third by third."""

import numpy as np
import pytest

from stcnet_lib.completion.alignment import Match
from stcnet_lib.completion.gate import Gate
from stcnet_lib.completion.judge_training import cases_of, judges_of
from stcnet_lib.completion.judging import EVIDENCE, Judge
from stcnet_lib.completion.pixels.holes import PixelFilling, holes
from stcnet_lib.completion.pixels.median import MedianPixels
from stcnet_lib.completion.pixels.nearest import NearestPixels
from stcnet_lib.completion.pixels.within import PixelsWithin
from stcnet_lib.completion.restoration import restore
from stcnet_lib.completion.task import FillTask
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from tests.stores import write_planted

REGION = ReferencesConfig(references="region")
SIZE, LENGTH, TRACKLETS = (30, 12), 10, 16  # rows 10 to 19 are the middle third


class Source:
    """Masks in memory."""

    def __init__(self, masks):
        self._masks = masks

    def read(self, frames):
        return self._masks[frames.start : frames.stop]


class Blue:
    """A filler of pixels that only harms."""

    def fill(self, hole):
        picture = np.full_like(hole.picture, (0, 0, 255))
        return PixelFilling(picture, hole.hidden, "gather")


def mean_colours(pictures):
    return np.stack([picture.mean(axis=(0, 1)) / 255 - 0.3 for picture in pictures])


@pytest.fixture
def stores(tmp_path):
    """Steady people; something blue hides columns 3 to 8 of the middle third for three frames."""
    rng = np.random.default_rng(0)
    hidden = np.zeros((LENGTH, *SIZE), bool)
    hidden[4:7, 10:20, 3:9] = True
    steady = np.linspace(-50, 50, SIZE[0])[:, None, None] + np.array([200.0, 120.0, 20.0])
    clean = [steady + rng.normal(0, 5, (LENGTH, *SIZE, 3)) for _ in range(TRACKLETS)]
    paths = write_planted(tmp_path, clean, hidden)
    with TrackletStore(paths[0]) as store, TrackletStore(paths[1]) as truth:
        flags = np.zeros((TRACKLETS * LENGTH, 3), bool)
        masks = [mask for _ in range(TRACKLETS) for mask in hidden]
        flags[:, 1] = [mask.any() for mask in masks]
        yield store, truth, flags, masks


def config_of(method="copy", **changes):
    return CompletionConfig(method=method, masks="pixels", **changes)


def test_only_hidden_pixels_of_flagged_thirds_change(stores, tmp_path):
    store, _, flags, masks = stores
    masks = [mask.copy() for mask in masks]
    masks[5][2:4] = True  # in a third that nobody flagged
    flags = flags.copy()
    flags[8, 2] = True  # nothing is hidden there
    filler = PixelsWithin(NearestPixels())
    path = tmp_path / "r.h5"
    record = restore(config_of(), store, flags, REGION, filler, path, 100.0, None, Source(masks))
    with TrackletStore(path) as made:
        for frame in range(2 * LENGTH):
            before, after = store.read_image(frame), made.read_image(frame)
            inside = masks[frame].copy()
            inside[:10] = False
            assert np.array_equal(before[~inside], after[~inside])
            if inside.any():
                source = frame // LENGTH * LENGTH + (3 if frame % LENGTH < 6 else 7)
                assert np.array_equal(after[inside], store.read_image(source)[inside])
            else:
                assert store.read_bytes(frame) == made.read_bytes(frame)
    table = record.table()
    assert set(table.loc[table["region"] == 1, "method"]) == {"copy"}
    assert table.loc[table["region"] == 2, "method"].tolist() == ["left"]


def test_a_task_is_filled_as_a_hole_is():
    """As `holes` fills the same pixels from the same frames, moved likewise."""
    rng = np.random.default_rng(1)
    images = list(rng.integers(0, 256, (6, *SIZE, 3), dtype=np.uint8))
    masks = [rng.random(SIZE) < 0.3 for _ in images]
    masks[2][:10] = masks[2][20:] = False
    (hole,) = (hole for hole in holes(images, masks, align=False) if hole.frame == 2)
    task = FillTask(2, (1,), shown=(0, 1, 3, 4, 5))
    flags = np.zeros((6, 3), bool)
    for filler in (NearestPixels(), MedianPixels()):
        (found,) = PixelsWithin(filler).of(masks).fill([task], dict(enumerate(images)), flags)
        wanted = filler.fill(hole)
        np.testing.assert_array_equal(found.image[wanted.filled], wanted.picture[wanted.filled])
        np.testing.assert_array_equal(found.image[~wanted.filled], images[2][~wanted.filled])
    one = FillTask(2, (1,), shown=(3,), moved=((3, Match(2, -1, 1.0)),))
    (found,) = PixelsWithin(NearestPixels()).of(masks).fill([one], dict(enumerate(images)), flags)
    rows, columns = np.nonzero(masks[2])
    for row, column in zip(rows, columns, strict=True):
        inside = column + 1 < SIZE[1]
        seen = inside and not masks[3][row - 2, column + 1]
        wanted = images[3][row - 2, column + 1] if seen else images[2][row, column]
        np.testing.assert_array_equal(found.image[row, column], wanted)


@pytest.mark.parametrize(
    "task",
    [FillTask(0, (1,), shown=(1,), leave=True), FillTask(0, (1,)), FillTask(0, (0,), shown=(1,))],
    ids=["to be left", "shown by no frame", "nothing hidden"],
)
def test_what_cannot_be_filled_is_left(task):
    mask = np.zeros(SIZE, bool)
    mask[12:15] = True
    images = dict.fromkeys((0, 1), np.zeros((*SIZE, 3), np.uint8))
    masks = [mask, np.zeros(SIZE, bool)]
    assert PixelsWithin(NearestPixels()).of(masks).fill([task], images, np.zeros((2, 3), bool)) == [None]


def test_what_harms_is_copied_pixel_by_pixel(stores, tmp_path):
    store, truth, flags, masks = stores
    covered = np.where(flags, 1.0, 0.0)
    scores = np.where(flags, 0.1, 0.9)
    config = config_of("gather", least_confidence=0.5)
    fillers = [PixelsWithin(Blue()), PixelsWithin(NearestPixels())]
    cases = cases_of(
        config, store, truth, scores, flags, covered, REGION, fillers, mean_colours, 100.0, Source(masks)
    )
    judges, summary = judges_of(cases, covered, None)
    assert summary["gather"]["better"] < 0.05
    assert summary["copy"]["better"] > 0.95
    gate = Gate(judges, mean_colours, scores, 0.5, fillers[1])
    path = tmp_path / "r.h5"
    record = restore(config, store, flags, REGION, fillers[0], path, 100.0, gate, Source(masks))
    assert set(record.table()["method"]) == {"copy"}
    with TrackletStore(path) as made:
        assert np.array_equal(made.read_image(5)[~masks[5]], store.read_image(5)[~masks[5]])
        assert not np.array_equal(made.read_image(5)[masks[5]], store.read_image(5)[masks[5]])


def test_what_no_judge_lets_pass_stays_as_it_was(stores, tmp_path):
    store, _, flags, masks = stores
    none = np.zeros(len(EVIDENCE))
    never = Judge(none, none + 1, np.append(none, -3.0))
    filler = PixelsWithin(NearestPixels())
    gate = Gate({"copy": never}, mean_colours, np.full(flags.shape, 0.1), 0.5, filler)
    path = tmp_path / "r.h5"
    record = restore(config_of(), store, flags, REGION, filler, path, 100.0, gate, Source(masks))
    assert set(record.table()["method"]) == {"left"}
    with TrackletStore(path) as made:
        assert all(made.read_bytes(f) == store.read_bytes(f) for f in range(store.num_frames))
