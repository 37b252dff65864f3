"""`embeddings.h5` comes back as it was written, and nothing else is taken for one."""

import h5py
import numpy as np
import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.reid.embeddings import Embeddings


def some():
    features = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    numbers = np.arange(3)
    return Embeddings(features, numbers, numbers + 7, numbers % 2, numbers.astype(np.int8))


def test_what_is_written_is_read(tmp_path):
    some().write(tmp_path / "e.h5", {"store": "digest"})
    found = Embeddings.read(tmp_path / "e.h5")
    for name, values in vars(some()).items():
        np.testing.assert_array_equal(getattr(found, name), values)
        assert getattr(found, name).dtype == values.dtype


@pytest.mark.parametrize("changed", [{"format": "stcnet-regions"}, {"version": 99}])
def test_another_form_is_refused(tmp_path, changed):
    some().write(tmp_path / "e.h5", {"store": "digest"})
    with h5py.File(tmp_path / "e.h5", "r+") as file:
        file.attrs.update(changed)
    with pytest.raises(FormError, match=r"e\.h5: got the format .*, wanted stcnet-embeddings, version 1"):
        Embeddings.read(tmp_path / "e.h5")
