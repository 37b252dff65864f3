"""Completion quality of whole stores against loops over pixels."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.common.regions import region_rows
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.evaluation.measures.completion import NO_EVENT, SEVERAL, measure_frames, occluder_kinds
from stcnet_lib.evaluation.measures.damage import count_replaced

FRAMES, HEIGHT, WIDTH = 6, 30, 16
BOUNDS = region_rows(HEIGHT)
SHARE = 0.5


def write(path, images, masks=None):
    with StoreWriter(path, dataset="d", layout="folder", licence="", citation="", config="{}") as writer:
        writer.add_tracklet(1, 1, "t", [(t, f"{t}.png", encode_png(image)) for t, image in enumerate(images)])
        if masks is not None:
            writer.add_truth(*masks)
        writer.set_roles(0, np.array([Role.QUERY]))
    return TrackletStore(path)


@pytest.fixture
def stores(tmp_path):
    random = np.random.default_rng(0)
    shape = (FRAMES, HEIGHT, WIDTH)
    clean, before, after = (random.integers(0, 256, (*shape, 3), np.uint8) for _ in range(3))
    occluder, person = random.random(shape) < 0.7, random.random(shape) < 0.6
    occluder[1, BOUNDS[2] :] = random.random((HEIGHT - BOUNDS[2], WIDTH)) < 0.1  # a sliver: not hidden
    occluder[5] = False
    names = ("source.h5", "completed.h5", "truth.h5")
    content = ((before,), (after,), (clean, (occluder, person)))
    opened = [write(tmp_path / name, *each) for name, each in zip(names, content, strict=True)]
    return opened, {"before": before, "after": after}, (clean, occluder, person)


def colours(images):
    """A feature of three numbers for each third of a frame."""
    thirds = [images[:, a:b].mean(axis=(1, 2)) for a, b in pairwise(BOUNDS)]
    return np.concatenate(thirds, axis=1).astype(np.float32) - 127


FLAGS = pd.DataFrame([(1, 0), (1, 2), (4, 1), (5, 2)], columns=["frame", "region"])


def test_every_frame_equals_loops_over_pixels(stores):
    opened, images, (clean, occluder, person) = stores
    table = measure_frames(*opened, FLAGS, colours, SHARE).set_index("frame")
    assert sorted(table.index) == [1, 4, 5]
    for frame, flags in FLAGS.groupby("frame")["region"]:
        row = table.loc[frame]
        assert row["regions"] == len(flags)
        pixels = {name: [] for name in ("hole", "person", "false", "visible", "body")}
        wrong = 0
        for region in flags:
            rows = range(BOUNDS[region], BOUNDS[region + 1])
            places = [(y, x) for y in rows for x in range(WIDTH)]
            covered = [person[frame][place] and occluder[frame][place] for place in places]
            hidden = sum(covered) > SHARE * sum(person[frame][place] for place in places)
            wrong += not hidden
            pixels["false"] += [] if hidden else places
            pixels["hole"] += [place for place in places if occluder[frame][place]]
            pixels["visible"] += [place for place in places if not occluder[frame][place]]
            pixels["body"] += [p for p in places if person[frame][p] and not occluder[frame][p]]
            pixels["person"] += [place for place, both in zip(places, covered, strict=True) if both]
        assert row["false_regions"] == wrong
        for name, places in pixels.items():
            assert row[f"{name}_pixels"] == len(places)
            for time, made in images.items():
                squares = [(float(made[frame, y, x, c]) - clean[frame, y, x, c]) ** 2
                           for y, x in places for c in range(3)]  # fmt: skip
                wanted = np.mean(squares) if squares else np.nan
                assert row[f"{name}_mse_{time}"] == pytest.approx(wanted, rel=1e-9, nan_ok=True)
    assert table["false_regions"].sum() == 2  # the sliver, and the frame without an occluder


def test_regions_that_were_left_are_no_damage(stores):
    """They were flagged, and stayed as they were: nothing visible in them was replaced."""
    opened, _, (_, occluder, person) = stores
    methods = FLAGS.assign(method=["temporal", "left", "copy", "left"])
    table = measure_frames(*opened, methods, colours, SHARE).set_index("frame")
    rows = {k: slice(*BOUNDS[k : k + 2]) for k in range(3)}
    assert table.loc[1, "visible_pixels"] == (~occluder[1, rows[0]]).sum()
    assert table.loc[4, "body_pixels"] == (person[4, rows[1]] & ~occluder[4, rows[1]]).sum()
    assert table.loc[5, "visible_pixels"] == 0
    assert table.loc[1, "hole_pixels"] == occluder[1, rows[0]].sum() + occluder[1, rows[2]].sum()
    counts = count_replaced(opened[2], opened[0], opened[1], methods)
    assert counts["visible"].tolist() == [(p & ~o).sum() for p, o in zip(person, occluder, strict=True)]
    assert counts["changed"].tolist() == [
        v if frame in (1, 4) else 0 for frame, v in enumerate(counts["visible"])
    ]
    assert counts["replaced"].tolist() == [
        0,
        table.loc[1, "body_pixels"],
        0,
        0,
        table.loc[4, "body_pixels"],
        0,
    ]


def test_pixels_that_keep_their_colour_are_no_damage(tmp_path):
    """A completion of pixels touches a third, and leaves most of it as it was."""
    random = np.random.default_rng(2)
    images = random.integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8)
    person, occluder, made = (
        np.ones((1, HEIGHT, WIDTH), bool),
        np.zeros((1, HEIGHT, WIDTH), bool),
        images.copy(),
    )
    occluder[:, :4, :3] = True
    made[:, :4, :5] ^= 1  # what is hidden, and two columns beyond
    source, completed = write(tmp_path / "source.h5", images), write(tmp_path / "completed.h5", made)
    truth = write(tmp_path / "truth.h5", images, (occluder, person))
    flags = pd.DataFrame({"frame": [0], "region": [0], "method": ["copy"]})
    counts = count_replaced(truth, source, completed, flags)
    assert counts[["visible", "replaced"]].to_numpy().tolist() == [[HEIGHT * WIDTH - 12, 8]]
    row = measure_frames(source, completed, truth, flags, colours, SHARE).iloc[0]
    assert row[["visible_pixels", "body_pixels", "hole_pixels"]].tolist() == [8, 8, 12]


def test_a_completion_that_replaces_all_is_told_from_one_that_replaces_the_hidden(tmp_path):
    """Both restore the hole without an error. One also blurs a visible face, which those of the hole miss."""
    random = np.random.default_rng(4)
    clean = random.integers(0, 256, (1, HEIGHT, WIDTH, 3), np.uint8)
    occluder, person = np.zeros((2, 1, HEIGHT, WIDTH), bool)
    occluder[:, BOUNDS[2] :], person[:, :, 4:12] = True, True
    source, careless = clean.copy(), clean.copy()
    source[occluder] = 0
    careless[:, : BOUNDS[1]] = 128
    opened = [
        write(tmp_path / "source.h5", source),
        write(tmp_path / "truth.h5", clean, (occluder, person)),
    ]
    found = {}
    for name, made, regions in (("careful", clean, [2]), ("careless", careless, [0, 2])):
        flags = pd.DataFrame({"frame": 0, "region": regions, "method": "temporal"})
        store = write(tmp_path / f"{name}.h5", made)
        row = measure_frames(opened[0], store, opened[1], flags, colours, SHARE).iloc[0]
        replaced = count_replaced(opened[1], opened[0], store, flags)
        found[name] = row, replaced["replaced"].sum() / replaced["visible"].sum()
        assert row["hole_mse_after"] == 0
        assert row["sharpness_after"] == pytest.approx(1)
        assert (row["seam_after"] == pytest.approx(1)) == (name == "careful")
    assert found["careful"][1] == 0
    assert found["careful"][0]["visible_pixels"] == 0
    error = (clean[0, : BOUNDS[1]].astype(float) - 128) ** 2
    assert found["careless"][0]["visible_mse_after"] == pytest.approx(error.mean())
    assert found["careless"][0]["body_mse_after"] == pytest.approx(error[:, 4:12].mean())
    assert found["careless"][0]["visible_mse_before"] == 0
    assert found["careless"][1] == pytest.approx(BOUNDS[1] / BOUNDS[2])


def test_features_are_compared_with_those_of_the_clean_twin(stores):
    opened, images, (clean, *_) = stores
    table = measure_frames(*opened, FLAGS, colours, SHARE).set_index("frame")
    for time, made in images.items():
        for frame in (1, 4):
            a, b = colours(made[frame : frame + 1])[0], colours(clean[frame : frame + 1])[0]
            wanted = a @ b / np.sqrt((a @ a) * (b @ b))
            assert table.loc[frame, f"feature_cosine_{time}"] == pytest.approx(wanted, abs=1e-6)
        assert np.isnan(table.loc[5, f"feature_cosine_{time}"])  # nothing was hidden there
    assert table["feature_frames"].tolist() == [int(frame != 5) for frame in table.index]


def test_evenly_spaced_frames_stand_for_many(stores):
    opened, _, _ = stores
    regions = pd.DataFrame({"frame": range(FRAMES), "region": [0] * FRAMES})
    few = measure_frames(*opened, regions, colours, SHARE, most_frames=3)
    assert sorted(few["frame"]) == [0, 2, 4]
    every = measure_frames(*opened, regions, colours, SHARE)
    wanted = every[every["frame"].isin([0, 2, 4])].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, wanted, rtol=1e-12)


def test_nothing_changed_is_no_rows(stores):
    nothing = pd.DataFrame({"frame": [], "region": []})
    assert measure_frames(*stores[0], nothing, colours, SHARE).empty


def test_the_kind_of_a_frame_is_that_of_its_active_event():
    tracklets = pd.DataFrame({"start": [0, 4], "length": [4, 5]})
    events = pd.DataFrame(
        [(0, "post", 1, 2), (1, "bench", 0, 2), (1, "post", 2, 3), (1, "post", 3, 3)],
        columns=["tracklet", "kind", "first", "last"],
    )
    wanted = [NO_EVENT, "post", "post", NO_EVENT, "bench", "bench", SEVERAL, "post", NO_EVENT]
    assert occluder_kinds(events, tracklets).tolist() == wanted
