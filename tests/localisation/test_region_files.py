"""Files of region features and detectors are read with the store that they were made of, or not at all."""

import h5py
import numpy as np
import pytest

from stcnet_lib.common.hdf5 import Hdf5Error
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, REGION_FEATURES, open_regions


@pytest.fixture
def store(store_path):
    with TrackletStore(store_path) as opened:
        yield opened


def written(path, store, form=REGION_FEATURES, rows=None, **changed):
    """A file of one feature a region, with some of its attributes changed; None: left out."""
    with h5py.File(path, "w") as file:
        file.attrs.update({k: v for k, v in (form.attributes(store) | changed).items() if v is not None})
        file[form.values] = np.zeros((store.num_frames if rows is None else rows, 3, 1), np.float16)
    return path


def test_the_values_of_the_store_are_read(store, tmp_path):
    with open_regions(written(tmp_path / "r.h5", store), REGION_FEATURES, store) as values:
        assert values.shape == (store.num_frames, 3, 1)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"format": "something else"}, "got the format something else, version 1, wanted stcnet-regions"),
        ({"format": None}, "got the format none"),
        ({"version": 99}, "got the format stcnet-regions, version 99, wanted stcnet-regions, version 1"),
        ({"digest": "of another store"}, "got the frames of another data set"),
        ({"digest": None}, "got the frames of another data set"),
        ({"rows": 5}, r"got values of shape \(5, 3, 1\)"),
    ],
)
def test_a_file_of_something_else_is_refused_and_named(store, tmp_path, changed, told):
    path = written(tmp_path / "r.h5", store, **changed)
    with pytest.raises(Hdf5Error, match=told) as error, open_regions(path, REGION_FEATURES, store):
        pass
    assert str(path) in str(error.value)


def test_features_are_no_logits(store, tmp_path):
    path = written(tmp_path / "r.h5", store)
    with pytest.raises(Hdf5Error, match="wanted stcnet-hidden"), open_regions(path, HIDDEN_LOGITS, store):
        pass
