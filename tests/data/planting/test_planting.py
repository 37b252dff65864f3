"""Planted occluders: the truth is what it says it is, and the source stays as it was."""

import hashlib

import numpy as np
import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import ConfigError, DatasetConfig, PlantConfig, ProbeConfig, parse_section, validate
from stcnet_lib.data.planting.doubt import NEAR, doubtful_thirds, near_overlaps
from stcnet_lib.data.planting.pieces import PERSON, body_prior
from stcnet_lib.data.planting.probe import plant_probe, probe_tracklets, read_probe, truth_shares, write_probe
from stcnet_lib.data.planting.stores import held_out_roles, plant
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.walkers.dataset import read_events

PLANT = PlantConfig(tracklets=1.0, events=(1, 2), event_frames=(0.2, 0.4), window=20, people=0.7)
RED, BLUE = 0, 2  # channels: what train and test people are made of
SIZES = ((64, 32), (80, 36))  # rows and columns, of frames in turn


@pytest.fixture(scope="module")
def source_path(tmp_path_factory):
    """Four train people all red and four test people all blue, frames of two sizes."""
    path = tmp_path_factory.mktemp("source") / "tracklets.h5"
    rng = np.random.default_rng(0)
    with StoreWriter(
        path, dataset="colours", layout="folder", licence="l", citation="c", config="{}"
    ) as writer:
        for pid in range(1, 9):
            frames = []
            for t in range(24):
                image = np.zeros((*SIZES[t // 12], 3), np.uint8)
                image[..., RED if pid <= 4 else BLUE] = rng.integers(90, 160, SIZES[t // 12])
                frames.append((t, f"{pid}/{t}.png", encode_png(image)))
            writer.add_tracklet(pid, pid % 2, f"{pid}", frames)
        writer.set_roles(0, np.array([Role.TRAIN] * 4 + [Role.QUERY] * 4))
    return path


@pytest.fixture(scope="module")
def planted(source_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    before = hashlib.sha256(source_path.read_bytes()).hexdigest()
    with TrackletStore(source_path) as source:
        report = plant(source, PLANT, folder / "tracklets.h5", folder / "truth.h5", source.roles)
    assert hashlib.sha256(source_path.read_bytes()).hexdigest() == before
    return folder, report


def test_only_pixels_under_the_mask_differ_and_other_frames_keep_their_bytes(planted, source_path):
    folder, report = planted
    changed = 0
    with (
        TrackletStore(folder / "tracklets.h5") as store,
        TrackletStore(folder / "truth.h5") as truth,
        TrackletStore(source_path) as source,
    ):
        assert store.planted == truth.planted == PLANT.canonical_json()
        assert source.planted is None
        for frame in range(source.num_frames):
            mask, person = (kind[0] for kind in truth.read_truth(range(frame, frame + 1)))
            assert truth.read_bytes(frame) == source.read_bytes(frame)
            assert np.array_equal(person, body_prior(*person.shape))
            if not mask.any():
                assert store.read_bytes(frame) == source.read_bytes(frame)
                continue
            changed += 1
            made, clean = store.read_image(frame), truth.read_image(frame)
            assert np.array_equal(made[~mask], clean[~mask])
            assert (made[mask] != clean[mask]).any(axis=-1).mean() > 0.9
    assert changed == report["changed_frames"] > 20


def test_no_third_is_hidden_in_more_frames_of_a_window_than_allowed(planted):
    folder, report = planted
    events = read_events(folder / "truth.h5")
    assert len(events) == report["events"] >= 8  # one a window at least, with few given up
    with TrackletStore(folder / "truth.h5") as truth:
        shares = truth_shares(truth).reshape(8, 2, 12, 3)  # tracklets, windows, frames, thirds
        assert (shares > 0.3).mean(axis=2).max() <= PLANT.most_hidden
        lengths = events["last"] - events["first"] + 1
        assert lengths.max() <= 12
        for row in events.itertuples():  # every event hides some third from its first frame to its last
            frames = slice(24 * row.tracklet + row.first, 24 * row.tracklet + row.last + 1)
            hidden = (truth_shares(truth)[frames] > 0.3).any(axis=1)
            assert hidden[0]
            assert hidden[-1]


def test_people_are_cut_out_of_the_same_part_alone(planted):
    """Else a test person would be seen in training: nothing blue in red tracklets, and the reverse."""
    folder, report = planted
    assert report["events_by_kind"][PERSON] >= 3
    events = read_events(folder / "truth.h5")
    with TrackletStore(folder / "tracklets.h5") as store, TrackletStore(folder / "truth.h5") as truth:
        for row in events[events["kind"] == PERSON].itertuples():
            alone = events[events["tracklet"] == row.tracklet]
            if len(alone) > 1:
                continue  # another occluder may cover it
            foreign = BLUE if row.tracklet < 4 else RED
            frame = 24 * row.tracklet + (row.first + row.last) // 2
            mask = truth.read_truth(range(frame, frame + 1))[0][0]
            assert store.read_image(frame)[mask][:, foreign].mean() < 25  # grain alone


def test_any_number_of_processes_gives_the_same_files(planted, source_path, tmp_path):
    folder, _ = planted
    with TrackletStore(source_path) as source:
        plant(source, PLANT, tmp_path / "a.h5", tmp_path / "b.h5", source.roles, processes=2)
        other = PLANT.model_copy(update={"seed": 1})
        plant(source, other, tmp_path / "c.h5", tmp_path / "d.h5", source.roles)
    assert (tmp_path / "a.h5").read_bytes() == (folder / "tracklets.h5").read_bytes()
    with TrackletStore(tmp_path / "b.h5") as again, TrackletStore(folder / "truth.h5") as truth:
        assert again.digest == truth.digest
    with TrackletStore(tmp_path / "d.h5") as again, TrackletStore(folder / "truth.h5") as truth:
        assert again.digest != truth.digest


def test_masks_of_several_sizes_are_read_as_they_were_written(tmp_path):
    rng = np.random.default_rng(1)
    shapes = [(9, 5)] * 3 + [(8, 17)] * 2 + [(9, 5)]
    masks = [rng.random((2, *shape)) < 0.5 for shape in shapes]
    doubtful = rng.random((6, 3)) < 0.5
    with StoreWriter(
        tmp_path / "t.h5", dataset="d", layout="folder", licence="", citation="", config=""
    ) as writer:
        frames = [(t, f"{t}", encode_png(np.zeros((*shape, 3), np.uint8))) for t, shape in enumerate(shapes)]
        writer.add_tracklet(1, 1, "a", frames)
        for mask, doubt in zip(masks, doubtful, strict=True):
            writer.add_sized_truth(mask[:1], mask[1:], doubt[None])
        writer.set_roles(0, np.array([Role.TRAIN]))
    with TrackletStore(tmp_path / "t.h5") as store:
        assert list(store.truth_runs(range(6))) == [range(3), range(3, 5), range(5, 6)]
        assert list(store.truth_runs(range(1, 6), most=1)) == [range(t, t + 1) for t in range(1, 6)]
        for run in store.truth_runs(range(6)):
            occluder, person = store.read_truth(run)
            assert np.array_equal(occluder, [masks[t][0] for t in run])
            assert np.array_equal(person, [masks[t][1] for t in run])
        assert np.array_equal(store.doubtful, doubtful)
        with pytest.raises(ValueError, match="several sizes"):
            store.read_truth(range(6))


def test_where_all_are_for_training_a_share_of_people_becomes_the_test_part(source_path, tmp_path):
    with TrackletStore(source_path) as source:
        assert np.array_equal(held_out_roles(source, PLANT), source.roles)  # it has a test part
        path = tmp_path / "train.h5"
        with StoreWriter(path, dataset="d", layout="video", licence="", citation="", config="") as writer:
            for pid in (1, 1, 2, 3, 4):
                writer.add_tracklet(pid, 1, "x", [(0, "x", source.read_bytes(0))])
            writer.set_roles(0, np.full(5, Role.TRAIN))
    with TrackletStore(path) as store:
        roles = held_out_roles(store, PLANT)[0]
        assert roles[0] == roles[1]  # one person
        people = {int(pid): role for pid, role in zip([1, 1, 2, 3, 4], roles, strict=True)}
        assert sorted(people.values()) == [Role.TRAIN] * 2 + [Role.GALLERY] * 2


def test_the_probe_repeats_train_tracklets_with_other_occluders(source_path, tmp_path):
    with TrackletStore(source_path) as source:
        config = ProbeConfig(frames=192, plant=PLANT)
        tracklets = probe_tracklets(source, 0, config.frames)
        assert tracklets.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
        assert set(probe_tracklets(source, 0, 100)) == {0, 1, 2, 3}
        assert len(probe_tracklets(source, 0, 48)) == 2
        plant_probe(source, 0, config, tmp_path / "p.h5", tmp_path / "t.h5", 1)
    with TrackletStore(tmp_path / "p.h5") as probe, TrackletStore(tmp_path / "t.h5") as truth:
        assert (probe.roles == Role.TRAIN).all()
        masks = [truth.read_truth(range(start, start + 12))[0] for start in (0, 96)]
        assert not np.array_equal(*masks)
        assert truth.read_bytes(5) == truth.read_bytes(101)
        write_probe(tmp_path / "probe.parquet", truth, np.arange(192 * 3, dtype=np.float32).reshape(-1, 3))
        table = read_probe(tmp_path / "probe.parquet", truth)
        assert table["value"].tolist() == list(range(576))
        assert table["covered"].max() > 0.3
        with pytest.raises(FormError, match=r"probe\.parquet: got a file of another data set"):
            read_probe(tmp_path / "probe.parquet", probe)


def test_people_who_change_colour_for_a_while_are_doubtful_and_steady_ones_are_not():
    rng = np.random.default_rng(0)
    cells = 100 + rng.normal(0, 4, (30, 3, 48))
    cells[10:15, 1] += 60
    doubtful = doubtful_thirds(cells)
    assert doubtful[10:15, 1].all()
    assert doubtful.sum() == 5


def test_frames_near_an_overlap_are_doubtful():
    overlapped = np.zeros((30, 3), bool)
    overlapped[10, 2] = True
    numbers = np.arange(30) * 2  # every other frame of the video
    near = near_overlaps(overlapped, numbers)
    assert np.flatnonzero(near[:, 2]).tolist() == [t for t in range(30) if abs(2 * t - 20) <= NEAR]
    assert not near[:, :2].any()


def test_the_prior_covers_the_middle_and_every_third():
    prior = body_prior(129, 60)
    top, *bounds = region_rows(129)
    for first, last in zip([top, *bounds], bounds, strict=False):
        assert 0.1 < prior[first:last].mean() < 0.7
    columns = np.flatnonzero(prior.any(axis=0))
    assert columns[0] >= 5
    assert columns[-1] <= 54


def test_walkers_cannot_be_planted():
    values = {"name": "w", "layout": "walkers", "plant": {"tracklets": 0.5}}
    with pytest.raises(ConfigError, match=r"plant\.tracklets: got 0\.5, wanted 0"):
        validate(DatasetConfig, values)


def test_a_source_is_not_prepared_again_for_other_occluders(tmp_path):
    texts = [
        validate(
            DatasetConfig,
            {"name": "w", "layout": "folder", "root": str(tmp_path), "plant": {"tracklets": share}},
        )
        for share in (0, 0.5)
    ]
    assert texts[0].source_json() == texts[1].source_json()
    assert texts[0].canonical_json() != texts[1].canonical_json()
    assert "planted" in texts[1].label
    assert texts[0].label == "w"
    assert parse_section(PlantConfig, PLANT.canonical_json()) == PLANT
