"""`masks.h5` holds what was written, frame by frame, and belongs to one store."""

import numpy as np
import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.mask_files import open_masks, writing_masks
from tests.stores import write_store


@pytest.fixture
def store(tmp_path):
    with TrackletStore(write_store(tmp_path / "tracklets.h5")) as opened:
        yield opened


def test_masks_of_several_sizes_come_back_in_any_run(store, tmp_path):
    rng = np.random.default_rng(0)
    sizes = [((30, 13), (64, 32), (7, 9))[i // 5 % 3] for i in range(store.num_frames)]
    masks = [rng.random(size) < 0.4 for size in sizes]
    chances = rng.random((len(masks), 6, 3))
    with writing_masks(tmp_path / "masks.h5", store) as writer:
        writer.append(masks[:11], chances[:11])
        writer.append(masks[11:], chances[11:])
    with open_masks(tmp_path / "masks.h5", store) as found:
        for frames in (range(0, 1), range(3, 12), range(store.num_frames - 4, store.num_frames)):
            wanted = chances[frames.start : frames.stop]
            np.testing.assert_allclose(found.chances(frames), wanted, atol=0.5 / 255 + 1e-6)
            for mask, wanted in zip(found.read(frames), masks[frames.start : frames.stop], strict=True):
                assert mask.dtype == bool
                assert np.array_equal(mask, wanted)


def test_masks_of_another_store_are_refused(store, tmp_path):
    with writing_masks(tmp_path / "masks.h5", store) as writer:
        writer.append([np.zeros((8, 4), bool)] * store.num_frames, np.zeros((store.num_frames, 4, 2)))
    with (
        TrackletStore(write_store(tmp_path / "other.h5", people=6)) as other,
        pytest.raises(FormError, match="another data set"),
        open_masks(tmp_path / "masks.h5", other),
    ):
        pass


def test_nothing_is_left_of_a_file_that_was_not_finished(store, tmp_path):
    with pytest.raises(RuntimeError), writing_masks(tmp_path / "masks.h5", store):
        raise RuntimeError
    assert not list(tmp_path.glob("*masks*"))
