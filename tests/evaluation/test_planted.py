"""planted.json, against counting by hand."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.evaluation.measures.damage import count_replaced
from stcnet_lib.evaluation.measures.planted import (
    frame_cosines,
    mean_of,
    measure_change,
    measure_flags,
    measure_gain,
)


def test_flags_by_hand():
    covered = np.array([[0.0, 0.4, 0.9], [0.0, 0.0, 0.2], [0.0, 0.6, 0.0], [0.0, 0.0, 0.0]])
    doubtful = np.zeros((4, 3), bool)
    doubtful[0, 0] = doubtful[0, 1] = True  # the second one is hidden in any case
    scores = np.array([[0.1, 0.3, 0.2], [0.9, 0.8, 0.7], [0.9, 0.5, 0.6], [0.0, 0.0, 0.0]])
    flags = scores < 0.55
    chosen = np.array([True, True, True, False])
    found = measure_flags(scores, flags, covered, doubtful, 0.3, chosen)
    assert found["thirds"] == 9
    assert found["hidden"] == 3
    assert found["hidden_by_half"] == 2
    assert found["doubtful"] == pytest.approx(1 / 9)
    assert found["auroc"] == 1.0
    assert found["average_precision"] == 1.0
    assert found["recall"] == found["recall_by_half"] == 1.0
    assert found["false_flags"] == 0.0
    assert found["false_flags_with_doubtful"] == pytest.approx(1 / 5)
    assert found["flagged_frames"] == pytest.approx(2 / 3)


@pytest.fixture
def stores(tmp_path):
    """One tracklet of four frames of two sizes; occluder over the upper half of frame 1."""
    rng = np.random.default_rng(0)
    shapes = [(30, 12), (30, 12), (24, 10), (24, 10)]
    clean = [rng.integers(0, 255, (*shape, 3)).astype(np.uint8) for shape in shapes]
    occluded = [image.copy() for image in clean]
    occluded[1][:15] = 0
    restored = [image.copy() for image in occluded]
    restored[1][:10] = clean[1][:10] // 2 + 60
    restored[3][8:16] = 255
    header = {"dataset": "d", "layout": "folder", "licence": "", "citation": "", "config": ""}
    for name, images in (("clean", clean), ("occluded", occluded), ("restored", restored)):
        with StoreWriter(tmp_path / f"{name}.h5", **header) as writer:
            frames = [(t, f"{t}", encode_png(image)) for t, image in enumerate(images)]
            writer.add_tracklet(1, 1, "a", frames)
            writer.set_roles(0, np.array([Role.QUERY]))
            if name == "clean":
                for t, shape in enumerate(shapes):
                    mask = np.zeros((1, *shape), bool)
                    if t == 1:
                        mask[:, :15] = True
                    doubt = np.zeros((1, 3), bool)
                    doubt[0, 2] = t == 0
                    writer.add_sized_truth(mask, np.ones((1, *shape), bool), doubt)
    opened = {name: TrackletStore(tmp_path / f"{name}.h5") for name in ("clean", "occluded", "restored")}
    yield opened
    for store in opened.values():
        store.close()


def changed(stores, regions):
    source, completed = stores["occluded"], stores["restored"]
    return count_replaced(stores["clean"], source, completed, regions, background=True, doubtful=False)


def test_changed_visible_pixels_by_hand(stores):
    regions = pd.DataFrame({"frame": [1, 3, 0], "region": [0, 1, 2], "method": ["copy", "copy", "left"]})
    everything = measure_change(changed(stores, regions), np.ones(4, bool))
    visible = 30 * 12 * 2 - 15 * 12 - 10 * 12 + 2 * 24 * 10  # without the occluder and the doubtful third
    assert everything["changed_visible"] == pytest.approx(80 / visible)
    later = measure_change(changed(stores, regions), np.array([False, False, True, True]))
    assert later["changed_visible"] == pytest.approx(80 / 480)


def test_cosines_and_gains(stores):
    def features(pictures):
        return np.stack([np.append(picture.mean(axis=(0, 1)), 1.0) for picture in pictures])

    thirds = np.array([[1, 0], [3, 1]])
    completed = {"stcnet": stores["restored"], "copy": stores["occluded"]}
    cosines = frame_cosines(stores["occluded"], completed, stores["clean"], thirds, features, batch=1)
    assert cosines["stcnet"][0] > cosines["occluded"][0]
    assert cosines["occluded"][1] == pytest.approx(1)
    assert cosines["frame"].tolist() == [1, 3]
    assert cosines["copy"].tolist() == cosines["occluded"].tolist()
    replaced = {name: np.ones((4, 3), bool) for name in completed}
    gains = measure_gain(cosines, replaced, "copy")
    assert gains["stcnet"]["thirds"] == 2
    assert gains["stcnet"]["better"] == 0.5
    assert gains["stcnet"]["better_than_copy"] == 0.5
    assert gains["copy"]["better"] == 0.0
    none = measure_gain(cosines, {"stcnet": np.zeros((4, 3), bool)}, None)
    assert none["stcnet"] == {"thirds": 0}


def test_means_of_runs_leave_out_what_is_not_known():
    assert mean_of([{"a": 1.0, "b": {"c": None}}, {"a": 3.0, "b": {"c": 2.0}}]) == {"a": 2.0, "b": {"c": 2.0}}
    assert mean_of([None, None]) is None
