"""Files of region features and detectors are read with the store that they were made of, or not at all."""

import h5py
import numpy as np
import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, REGION_FEATURES, open_regions, writing_regions


@pytest.fixture
def store(store_path):
    with TrackletStore(store_path) as opened:
        yield opened


def written(path, store, form=REGION_FEATURES, rows=None, **changed):
    """A file of one feature a region, with some of its attributes changed; None: left out."""
    with h5py.File(path, "w") as file:
        said = form.form.stamp(store.digest) | changed
        file.attrs.update({k: v for k, v in said.items() if v is not None})
        file[form.values] = np.zeros((store.num_frames if rows is None else rows, 3, 1), np.float16)
    return path


@pytest.mark.parametrize(("kind", "size"), [(REGION_FEATURES, (3, 5)), (HIDDEN_LOGITS, (3,))])
def test_what_is_written_piece_by_piece_is_read_whole(store, tmp_path, kind, size):
    wanted = np.random.default_rng(0).normal(size=(store.num_frames, *size)).astype(kind.dtype)
    with writing_regions(tmp_path / "r.h5", kind, store, precision="fp32") as writer:
        for start in range(0, store.num_frames, 7):
            writer.append(wanted[start : start + 7])
    with open_regions(tmp_path / "r.h5", kind, store) as values:
        assert values.dtype == kind.dtype
        np.testing.assert_array_equal(values[:], wanted)
        assert values.file.attrs["precision"] == "fp32"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"format": "something else"}, "got the format something else, version 1, wanted stcnet-regions"),
        ({"format": None}, "got the format none"),
        ({"version": 99}, "got the format stcnet-regions, version 99, wanted stcnet-regions, version 1"),
        ({"digest": "of another store"}, "got a file of another data set"),
        ({"digest": None}, "got a file of another data set"),
        ({"rows": 5}, r"got values of shape \(5, 3, 1\)"),
    ],
)
def test_a_file_of_something_else_is_refused_and_named(store, tmp_path, changed, told):
    path = written(tmp_path / "r.h5", store, **changed)
    with pytest.raises(FormError, match=told) as error, open_regions(path, REGION_FEATURES, store):
        pass
    assert str(path) in str(error.value)


def test_features_are_no_logits(store, tmp_path):
    path = written(tmp_path / "r.h5", store)
    with pytest.raises(FormError, match="wanted stcnet-hidden"), open_regions(path, HIDDEN_LOGITS, store):
        pass
