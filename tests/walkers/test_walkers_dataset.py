"""The written data set: twins, masks, roles, report; the same bytes whoever renders them."""

import numpy as np
import pytest

from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig, WalkersConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.data.truth import hidden_thirds
from stcnet_lib.walkers.dataset import list_tracklets, read_events, write_walkers
from stcnet_lib.walkers.tracklet import render_tracklet

TINY = WalkersConfig(train_identities=4, test_identities=4, cameras=2, tracklets_per_camera=1, frames=8)


def write(folder, walkers=TINY, processes=1, progress=None):
    config = DatasetConfig(name="tiny", layout="walkers", walkers=walkers)
    paths = [folder / name for name in ("tracklets.h5", "truth.h5", "integrity.json")]
    write_walkers(config, *paths, processes=processes, progress=progress)
    return paths


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write(tmp_path_factory.mktemp("walkers"))


def test_frames_and_masks_are_what_was_rendered(written):
    with TrackletStore(written[0]) as store, TrackletStore(written[1]) as truth:
        assert store.tracklets.equals(truth.tracklets)
        assert len(store) == 16
        for number in (0, 7, 15):
            row, frames = store.tracklets.loc[number], store.frames_of(number)
            wanted = render_tracklet(TINY, int(row.pid), int(row.camera), 0)
            occluder, person = truth.read_truth(frames)
            np.testing.assert_array_equal([store.read_image(f) for f in frames], wanted.occluded)
            np.testing.assert_array_equal([truth.read_image(f) for f in frames], wanted.clean)
            np.testing.assert_array_equal(occluder, wanted.occluder)
            np.testing.assert_array_equal(person, wanted.person)
        assert store.sources(range(1)) == [f"{store.tracklets.name[0]}/0001.png"]


def test_any_number_of_processes_writes_the_same(written, tmp_path):
    again = write(tmp_path, processes=4)
    for before, after in zip(written, again, strict=True):
        assert before.read_bytes() == after.read_bytes()


def test_another_seed_writes_another_set(written, tmp_path):
    other = write(tmp_path, TINY.model_copy(update={"seed": 1}))
    with TrackletStore(written[0]) as one, TrackletStore(other[0]) as two:
        assert one.digest != two.digest


def test_train_and_test_people_are_different(written):
    with TrackletStore(written[0]) as store:
        train = store.tracklets.pid[store.tracklets_with(0, Role.TRAIN)]
        test = store.tracklets.pid[store.tracklets_with(0, Role.QUERY)]
        assert set(train) == {1, 2, 3, 4}
        assert set(test) == {5, 6, 7, 8}
        assert len(train) + len(test) == len(store)


def test_cameras_seen_and_unseen():
    def cameras(role, **options):
        jobs = list_tracklets(TINY.model_copy(update=options))
        return {job.camera for job in jobs if job.role == role}

    assert cameras(Role.TRAIN) == cameras(Role.QUERY) == {1, 2}
    assert cameras(Role.TRAIN, unseen_test_cameras=True) == {1, 2}
    assert cameras(Role.QUERY, unseen_test_cameras=True) == {3, 4}


def test_the_report_states_what_the_masks_say(written):
    report = read_json(written[2])
    with TrackletStore(written[1]) as truth:
        for split, role in (("train", Role.TRAIN), ("test", Role.QUERY)):
            hidden = np.stack(
                [hidden_thirds(*truth.read_truth(truth.frames_of(n))) for n in truth.tracklets_with(0, role)]
            )
            stated = report["splits"][split]
            assert stated["identities"] == 4
            assert stated["tracklets"] == len(hidden) == 8
            assert stated["frames"] == 64
            assert stated["hidden_regions"] == pytest.approx(hidden.mean(), abs=1e-6)
            assert stated["hidden_frames"] == pytest.approx(hidden.any(axis=2).mean(), abs=1e-6)
            assert stated["occluded_tracklets"] == pytest.approx(hidden.any(axis=(1, 2)).mean(), abs=1e-6)
            assert stated["most_hidden"] <= TINY.most_hidden


def test_events_come_back(written):
    events = read_events(written[1])
    assert len(events) == read_json(written[2])["events"] > 0
    with TrackletStore(written[1]) as truth:
        for event in events.itertuples():
            frames = truth.frames_of(event.tracklet)
            hidden = hidden_thirds(*truth.read_truth(frames)).any(axis=1)
            assert 0 <= event.first <= event.last < len(frames)
            assert hidden[[event.first, event.last]].all()


def test_progress_counts_tracklets(tmp_path):
    seen = []
    tiny = TINY.model_copy(update={"train_identities": 2, "test_identities": 2, "frames": 1})
    write(tmp_path, tiny, progress=seen.append)
    assert seen == [1] * 8


def test_a_failure_leaves_nothing_behind(tmp_path):
    def stop(_):
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="on fire"):
        write(tmp_path, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_citation_of_ones_own_is_written(tmp_path):
    walkers = WalkersConfig(train_identities=2, test_identities=2, tracklets_per_camera=1, frames=2)
    for citation, wanted in ((None, "Generated by stcnet_lib.walkers"), ("Mine, 2026", "Mine, 2026")):
        config = DatasetConfig(name="tiny", layout="walkers", walkers=walkers, citation=citation)
        paths = [tmp_path / f"{citation}{end}" for end in ("store.h5", "truth.h5", "integrity.json")]
        write_walkers(config, *paths)
        with TrackletStore(paths[0]) as store, TrackletStore(paths[1]) as truth:
            assert store.attributes["citation"] == truth.attributes["citation"] == wanted
