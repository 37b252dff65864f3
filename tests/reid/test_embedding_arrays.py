"""Embeddings as .npz: there and back, as other programs write them, and what is refused."""

import numpy as np
import pytest

from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.reid.embedding_arrays import read_embeddings, write_arrays
from stcnet_lib.reid.embeddings import Embeddings

ROLES = np.array([Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK], np.int8)
FEATURES = np.eye(4, 6, dtype=np.float32)
PLAIN = {"features": FEATURES, "pid": np.arange(4), "camera": np.ones(4, int), "role": ROLES}


def test_there_and_back(tmp_path):
    embeddings = Embeddings(FEATURES, np.array([3, 5, 8, 9]), np.array([1, 1, 0, -1]), np.arange(4), ROLES)
    embeddings.write(tmp_path / "embeddings.h5", {})
    write_arrays(tmp_path / "e.npz", read_embeddings(tmp_path / "embeddings.h5"), ["a", "b", "c", "d"])
    back = read_embeddings(tmp_path / "e.npz")
    for name, values in vars(embeddings).items():
        np.testing.assert_array_equal(getattr(back, name), values, err_msg=name)
    with np.load(tmp_path / "e.npz") as arrays:  # without pickle, as any NumPy reads it
        assert arrays["role"].tolist() == ["query", "gallery", "distractor", "junk"]
        assert arrays["name"].tolist() == ["a", "b", "c", "d"]


def test_as_other_programs_have_them(tmp_path):
    """Features of any length, float64, roles as words or numbers, no numbers of tracklets."""
    given = PLAIN | {"features": FEATURES.astype(float) * 7, "role": np.array(["Query", "gallery", "4", "5"])}
    np.savez_compressed(tmp_path / "e.npz", **given)
    found = read_embeddings(tmp_path / "e.npz")
    np.testing.assert_array_equal(found.features, FEATURES)
    assert found.features.dtype == np.float32
    np.testing.assert_array_equal(found.role, ROLES)
    np.testing.assert_array_equal(found.tracklet, np.arange(4))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"role": None}, "got no role, wanted the arrays features, pid, camera, role"),
        ({"pid": np.arange(3)}, r"pid \(3,\)"),
        ({"pid": np.array(["a", "b", "c", "d"])}, "pid: got values of type <U1, wanted whole numbers"),
        ({"role": np.array(["query", "gallery", "probe", "junk"])}, "role: got 'probe', wanted query"),
        ({"role": np.array([2, 3, 1, 4])}, "role: got '1'"),
        ({"features": FEATURES * np.array([[1], [1], [0], [1]])}, "got length 0 in row 2"),
        ({"features": np.where(np.eye(4, 6) > 0, np.nan, 1)}, "got length nan in row 0"),
        ({"pid": np.array([None] * 4, object)}, "not readable as an archive"),
    ],
)
def test_what_is_refused(tmp_path, changes, told):
    given = {name: values for name, values in (PLAIN | changes).items() if values is not None}
    np.savez(tmp_path / "e.npz", **given)
    with pytest.raises(ValueError, match=told):
        read_embeddings(tmp_path / "e.npz")


def test_no_archive_and_no_file(tmp_path):
    (tmp_path / "e.npz").write_bytes(b"PK, but not quite")
    with pytest.raises(ValueError, match="not readable as an archive"):
        read_embeddings(tmp_path / "e.npz")
    with pytest.raises(ValueError, match="got no such file, wanted embeddings"):
        read_embeddings(tmp_path / "no.h5")
