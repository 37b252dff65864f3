"""The median of the frames that show a third, against plain loops over sorted values."""

import numpy as np
import pytest
from PIL import Image
from stores import write_store
from test_restoration import run, some_flags

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.methods.median import median_of_shown
from stcnet_lib.completion.neighbours import MEDIAN_FRAMES
from stcnet_lib.completion.task import FillTask
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter


def middle(values: list[int]) -> int:
    """The median of whole numbers; of an even number of them the two middle ones' mean, to even."""
    values = sorted(values)
    half, odd = divmod(len(values), 2)
    return values[half] if odd else round((values[half - 1] + values[half]) / 2)


def loop_median(bands: list[np.ndarray]) -> np.ndarray:
    """uint8 (h, w, 3) of bands of one size, value by value."""
    result = np.empty_like(bands[0])
    for place in np.ndindex(result.shape):
        result[place] = middle([int(band[place]) for band in bands])
    return result


def test_every_pixel_is_the_median_of_the_frames_that_show_the_third(store_path, tmp_path):
    flags = some_flags(store_path, (1, 1), (2, 1), (2, 2), (8, 0), (9, 2))
    source, done, record = run(store_path, tmp_path, flags, "median")
    rows = region_rows(32)
    for frame, region in np.argwhere(flags):
        start = 6 * (frame // 6)  # tracklets of six frames
        band = slice(rows[region], rows[region + 1])
        shown = [source.read_image(t)[band] for t in range(start, start + 6) if not flags[t, region]]
        assert np.array_equal(done.read_image(frame)[band], loop_median(shown))
    table = record.table()
    assert set(table["method"]) == {"median"}
    # The nearest frames that show the third are noted, though more are used.
    assert table[["frame", "region", "references"]].values.tolist()[:2] == [[1, 1, [0, 3]], [2, 1, [0, 3]]]


def test_frames_near_a_flagged_one_are_not_used(store_path, tmp_path):
    flags = some_flags(store_path, (2, 1))
    source, done, _ = run(store_path, tmp_path, flags, "median", reference_margin=1)
    band = slice(*region_rows(32)[1:3])
    shown = [source.read_image(t)[band] for t in (0, 4, 5)]
    assert np.array_equal(done.read_image(2)[band], loop_median(shown))


def test_an_occluder_in_less_than_half_of_the_frames_leaves_no_trace():
    """Known value: of seven frames three are spoilt without a flag, and the median is the person's."""
    images = {t: np.full((12, 4, 3), 90 + t, np.uint8) for t in range(8)}
    for t in (1, 4, 6):
        images[t][:] = 255
    task = FillTask(0, (1,), (1,), False, tuple(range(1, 8)))
    filling = median_of_shown(task, images, np.zeros((8, 3), bool))
    (filled,) = set(filling.image[4:8].ravel().tolist())
    assert filled == 97  # of 92, 93, 95, 97 and three times 255


def test_frames_of_other_sizes_are_fitted_third_by_third():
    random = np.random.default_rng(3)
    sizes = [(30, 12), (33, 13), (48, 20), (30, 12), (21, 9)]
    images = {t: random.integers(0, 256, (*size, 3), dtype=np.uint8) for t, size in enumerate(sizes)}
    filling = median_of_shown(FillTask(0, (0, 2), (1,), False, (1, 2, 3, 4)), images, np.zeros((5, 3), bool))
    for region in (0, 2):
        bands = []
        for t in (1, 2, 3, 4):
            start, end = region_rows(sizes[t][0])[region : region + 2]
            part = Image.fromarray(images[t][start:end]).resize((12, 10), Image.Resampling.BICUBIC)
            bands.append(np.asarray(part))
        assert np.array_equal(filling.image[10 * region : 10 * region + 10], loop_median(bands))
    assert np.array_equal(filling.image[10:20], images[0][10:20]), "no other third changes"


def test_one_visible_frame_is_copied_and_without_one_the_region_is_left(store_path, tmp_path):
    one = some_flags(store_path, *((t, 1) for t in range(5)))
    source, done, record = run(store_path, tmp_path, one, "median")
    band = slice(*region_rows(32)[1:3])
    for t in range(5):
        assert np.array_equal(done.read_image(t)[band], source.read_image(5)[band])
    assert record.counts["regions_with_one_sided_reference"] == 5
    none = some_flags(store_path, *((t, 1) for t in range(6)))
    for no_reference in ("spatial", "leave"):  # as of copies: they have no spatial generator
        source, done, record = run(store_path, tmp_path, none, "median", no_reference=no_reference)
        assert record.table()[["method", "references"]].values.tolist() == [["left", []]] * 6
        assert all(done.read_bytes(t) == source.read_bytes(t) for t in range(6))


@pytest.mark.parametrize("place", [0, 30, 59])
def test_of_a_long_tracklet_the_nearest_frames_are_used(tmp_path, place):
    """Frame t is of one colour, t: the median says which frames it is of."""
    path = tmp_path / "long.h5"
    with StoreWriter(path, dataset="long", layout="folder", licence="", citation="", config="{}") as writer:
        frames = [np.full((6, 4, 3), t, np.uint8) for t in range(60)]
        writer.add_tracklet(1, 0, "long", [(t, f"{t}", encode_png(f)) for t, f in enumerate(frames)])
        writer.set_roles(0, np.array([Role.TRAIN]))
    _, done, _ = run(path, tmp_path, some_flags(path, (place, 0)), "median")
    nearest = sorted((t for t in range(60) if t != place), key=lambda t: (abs(t - place), t))
    assert done.read_image(place)[0, 0, 0] == middle(nearest[:MEDIAN_FRAMES])


def test_larger_frames_change_in_the_band_alone(tmp_path):
    path = write_store(tmp_path / "large.h5", height=90, width=44)
    source, done, _ = run(path, tmp_path, some_flags(path, (1, 1)), "median")
    differs = (source.read_image(1) != done.read_image(1)).any(axis=(1, 2))
    assert differs[30:60].any()
    assert not differs[:30].any()
    assert not differs[60:].any()
