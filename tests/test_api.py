"""The Python API: its examples run as they stand, on a tiny run; a store as a Dataset against the store."""

import doctest
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from runs import write_crops
from stores import write_store
from torch.utils.data import DataLoader

from stcnet_lib import api
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.reid.embeddings import Embeddings

NAMES = [name for name in api.__all__ if getattr(api, name).__doc__]


@pytest.fixture(scope="module")
def place(tiny_run, tmp_path_factory) -> Path:
    """The folder that the examples are run in."""
    root = tmp_path_factory.mktemp("place")
    write_crops(root / "crops", people=range(20, 22))
    shutil.copytree(tiny_run.root / "results", root / "results")
    write_store(root / "tracklets.h5")  # tracklets 4 to 7 are queries
    with TrackletStore(root / "tracklets.h5") as store:
        rows = store.tracklets_with(0, Role.QUERY)
        table = store.tracklets.iloc[rows]
    features = np.random.default_rng(0).normal(size=(len(rows), 8)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    roles = np.full(len(rows), int(Role.QUERY), np.int8)
    embeddings = Embeddings(features, rows, table["pid"].to_numpy(), table["camera"].to_numpy(), roles)
    embeddings.write(root / "embeddings.h5", {})
    return root


@pytest.mark.parametrize("name", NAMES)
def test_its_examples_run(name, place, monkeypatch):
    monkeypatch.chdir(place)
    shutil.rmtree("restored", ignore_errors=True)
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(api, name), name, globs=vars(api).copy())
    assert test.examples
    told: list[str] = []
    assert doctest.DocTestRunner().run(test, out=told.append).failed == 0, "".join(told)


def test_every_verb_has_an_example():
    assert set(NAMES) == set(api.__all__)
    assert all(">>> " in getattr(api, name).__doc__ for name in api.__all__)


def test_a_store_as_a_dataset(tmp_path):
    """All frames, as they are: of their own size nothing is resized."""
    path = write_store(tmp_path / "tracklets.h5")
    tracklets = api.open_store(path, size=(32, 16), roles=("train", "query"))
    with TrackletStore(path) as store:
        assert len(tracklets) == len(store) == 8
        for place, item in enumerate(tracklets):
            frames = [store.read_image(frame) for frame in store.frames_of(place)]
            np.testing.assert_array_equal(item.images.permute(0, 2, 3, 1).numpy(), np.stack(frames))
            row = store.tracklets.iloc[place]
            assert item[1:] == (row.pid, row.camera, store.roles[0, place], place)


def test_a_loader_with_workers_makes_batches_of_it(tmp_path):
    tracklets = api.open_store(write_store(tmp_path / "tracklets.h5"), frames=8, roles=("query",))
    batches = list(DataLoader(tracklets, batch_size=3, num_workers=1))
    assert [batch.images.shape for batch in batches] == [(3, 8, 3, 128, 64), (1, 8, 3, 128, 64)]
    assert torch.cat([batch.pid for batch in batches]).tolist() == [3, 3, 4, 4]
    # Six frames as eight: the middles of eight equal parts of the tracklet.
    shown = [tracklets[0].images[i] for i in range(8)]
    repeats = [bool((one == other).all()) for one, other in pairwise(shown)]
    assert [int((2 * i + 1) * 6 / 16) for i in range(8)] == [0, 1, 1, 2, 3, 4, 4, 5]
    assert repeats == [False, True, False, False, False, True, False]


def test_frames_are_resized(tmp_path):
    path = write_store(tmp_path / "tracklets.h5")
    (image,) = api.open_store(path, frames=1, size=(64, 32))[0].images
    with TrackletStore(path) as store:
        large = Image.fromarray(store.read_image(3)).resize((32, 64), Image.Resampling.BILINEAR)
    assert np.abs(image.permute(1, 2, 0).numpy().astype(int) - np.asarray(large).astype(int)).max() <= 2


def test_what_cannot_be_opened(tmp_path):
    path = write_store(tmp_path / "tracklets.h5")
    with pytest.raises(ValueError, match="got 'quary', wanted some of unused, train, query"):
        api.open_store(path, roles=("quary",))
    with pytest.raises(ValueError, match="frames: got 0"):
        api.open_store(path, frames=0)
    with pytest.raises(ValueError, match="no such file"):
        api.open_store(tmp_path / "no.h5")
