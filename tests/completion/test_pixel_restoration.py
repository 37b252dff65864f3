"""A completion of pixels: hidden ones are replaced, all others stay, and the record says what was done."""

import numpy as np
import pytest

from stcnet_lib.completion.pixels.nearest import NearestPixels
from stcnet_lib.completion.restoration import restore
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import StoreWriter, TrackletStore

SIZE, FRAMES = (30, 14), 5


class Source:
    """Masks in memory."""

    def __init__(self, masks):
        self._masks = masks

    def read(self, frames):
        return self._masks[frames.start : frames.stop]


@pytest.fixture
def restored(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2 * FRAMES, *SIZE, 3), dtype=np.uint8)
    path = tmp_path / "tracklets.h5"
    with StoreWriter(path, dataset="d", layout="folder", licence="", citation="", config="{}") as writer:
        for pid in (1, 2):
            own = images[(pid - 1) * FRAMES : pid * FRAMES]
            named = [(t, f"{pid}/{t}.png", encode_png(image)) for t, image in enumerate(own)]
            writer.add_tracklet(pid, 0, str(pid), named)
        writer.set_roles(0, np.array([1, 1]))
    masks = [np.zeros(SIZE, bool) for _ in images]
    masks[1][4:14, 3:9] = True  # rows 0 to 9 are the upper third, 10 to 19 the middle one
    for t in range(FRAMES, 2 * FRAMES):
        masks[t][25, 7] = True  # hidden in every frame of its tracklet
    masks[FRAMES + 2][26, 7] = True
    completed = tmp_path / "completed.h5"
    with TrackletStore(path) as store:
        config = CompletionConfig(method="copy", masks="pixels")
        record = restore(
            config, store, None, ReferencesConfig(), NearestPixels(), completed, 10, None, Source(masks)
        )
        with TrackletStore(completed) as made:
            yield images, masks, store, made, record


def test_hidden_pixels_come_from_the_nearest_frame_and_no_other_changes(restored):
    images, masks, store, made, _ = restored
    for frame in range(2 * FRAMES):
        picture = made.read_image(frame)
        assert np.array_equal(picture[~masks[frame]], images[frame][~masks[frame]])
        if frame not in (1, FRAMES + 2):
            assert made.read_bytes(frame) == store.read_bytes(frame)
    assert np.array_equal(made.read_image(1)[4:14, 3:9], images[0][4:14, 3:9])
    assert np.array_equal(made.read_image(FRAMES + 2)[26, 7], images[FRAMES + 1][26, 7])


def test_a_pixel_that_no_frame_shows_stays(restored):
    images, _, _, made, _ = restored
    for frame in range(FRAMES, 2 * FRAMES):
        assert np.array_equal(made.read_image(frame)[25, 7], images[frame][25, 7])


def test_the_record_has_a_row_for_every_third_that_a_mask_touches(restored):
    record = restored[-1]
    table = record.table()
    assert table[["frame", "region", "method"]].to_numpy().tolist()[:2] == [[1, 0, "copy"], [1, 1, "copy"]]
    left = table[table["method"] == "left"]
    assert left["frame"].tolist() == [FRAMES, FRAMES + 1, FRAMES + 3, FRAMES + 4]
    assert table["references"].iloc[0] == [0, 2, 3, 4]
    assert record.counts["pixels_hidden"] == 60 + FRAMES + 1
    assert record.counts["pixels_filled"] == 60 + 1
    assert record.counts["frames_restored"] == 2
    assert record.counts["frames_left"] == 4
