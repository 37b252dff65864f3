"""The contact sheet: pictures unchanged and in their places, outlines where masks end, a draw by seed."""

import numpy as np
import pytest
from PIL import Image

from stcnet_lib.config import DatasetConfig, WalkersConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.report.figures import contact_sheet
from stcnet_lib.report.figures.contact_sheet import CELL, OUTLINE, Panel, board, draw_walkers, edges, outlined
from stcnet_lib.walkers.dataset import read_events, write_walkers
from workflow.scripts import draw_walkers as script

TINY = WalkersConfig(
    train_identities=6, test_identities=6, cameras=2, tracklets_per_camera=1, frames=8, height=64, width=32
)


@pytest.fixture(scope="module")
def walkers(tmp_path_factory):
    """Paths of tracklets.h5 and truth.h5."""
    folder = tmp_path_factory.mktemp("walkers")
    paths = [folder / name for name in ("tracklets.h5", "truth.h5", "integrity.json")]
    write_walkers(DatasetConfig(name="tiny", layout="walkers", walkers=TINY), *paths)
    return paths[:2]


@pytest.fixture
def panels(monkeypatch):
    """Filled with what is drawn."""
    seen = []
    drawn = contact_sheet.sheet_figure

    def spy(people, occluders, provenance):
        seen.extend([people, occluders])
        return drawn(people, occluders, provenance)

    monkeypatch.setattr(contact_sheet, "sheet_figure", spy)
    return seen


def find(store: TrackletStore, picture: np.ndarray) -> list[int]:
    """Frames of the store that look exactly like this."""
    return [f for f in range(store.num_frames) if np.array_equal(store.read_image(f), picture)]


def test_pictures_are_found_again():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 3, CELL // 4, 20, 3), np.uint8)
    image = board(Panel(pictures, ["a", "b"], ["c", "d", "e"]))
    height, width, gap = CELL, 80, 4 * 3
    assert image.shape == (2 * height + gap, 3 * width + 2 * gap, 3)
    for row in range(2):
        for column in range(3):
            y, x = row * (height + gap), column * (width + gap)
            place = image[y : y + height, x : x + width]
            for dy, dx in ((0, 0), (3, 3), (1, 2)):
                np.testing.assert_array_equal(place[dy::4, dx::4], pictures[row, column])


def test_edges_by_hand():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 1:6] = True  # touches the right border, where it goes on
    wanted = mask.copy()
    wanted[2, 2:6] = False
    np.testing.assert_array_equal(edges(mask[None])[0], wanted)
    assert not edges(np.ones((4, 4), bool)).any()


def test_outlines_leave_the_occluder_as_it_is_and_grey_the_rest():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 3), np.uint8)
    masks = np.zeros((2, 9, 9), bool)
    masks[0, 2:7, 2:7] = True
    drawn = outlined(pictures, masks)
    np.testing.assert_array_equal(drawn[0, 3:6, 3:6], pictures[0, 3:6, 3:6])
    assert (drawn[0, 2, 2:7] == OUTLINE).all()
    outside = drawn[~masks]
    assert (outside == outside[:, :1]).all()


def test_people_are_the_same_before_every_camera(walkers, panels, tmp_path):
    draw_walkers(*walkers, 0, tmp_path / "sheet.png")
    people, _ = panels
    assert people.rows == ["camera 1", "camera 2"]
    assert len(people.columns) == 10
    with TrackletStore(walkers[1]) as clean:
        table = clean.tracklets
        for row in range(2):
            for name, picture in zip(people.columns, people.pictures[row], strict=True):
                (frame,) = find(clean, picture)
                tracklet = table.loc[clean.frame_tracklet[frame]]
                assert (f"person {tracklet.pid}", tracklet.camera) == (name, row + 1)


def test_every_kind_of_occluder_is_shown_in_one_of_its_events(walkers, panels, tmp_path):
    draw_walkers(*walkers, 0, tmp_path / "sheet.png", completed=walkers[0])
    _, occluders = panels
    events = read_events(walkers[1])
    assert occluders.rows == ["occluded", "restored", "clean", "occluder mask"]
    assert occluders.columns == sorted(set(events.kind))
    with TrackletStore(walkers[0]) as store, TrackletStore(walkers[1]) as truth:
        for column, kind in enumerate(occluders.columns):
            (frame,) = find(store, occluders.pictures[0, column])
            assert find(truth, occluders.pictures[2, column]) == [frame]
            tracklet = int(truth.frame_tracklet[frame])
            place = frame - truth.frames_of(tracklet).start
            own = events[(events.tracklet == tracklet) & (events.kind == kind)]
            assert ((own["first"] <= place) & (place <= own["last"])).any()
    np.testing.assert_array_equal(occluders.pictures[0], occluders.pictures[1])


def test_the_seed_decides_what_is_drawn(walkers, tmp_path):
    def written(seed):
        draw_walkers(*walkers, seed, tmp_path / "sheet.png")
        return (tmp_path / "sheet.png").read_bytes()

    assert written(0) == written(0) != written(1)


def test_the_command_writes_a_picture_also_without_any_event(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("tracklets.h5", "truth.h5", "integrity.json")]
    bare = TINY.model_copy(update={"occluded_tracklets": 0.0, "frames": 2})
    write_walkers(DatasetConfig(name="tiny", layout="walkers", walkers=bare), *paths)
    options = [f"--store={paths[0]}", f"--truth={paths[1]}", f"--figure={tmp_path / 'sheet.png'}"]
    monkeypatch.setattr("sys.argv", ["draw_walkers", *options])
    script.main()
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert min(sheet.size) > 500


def test_a_completion_that_drops_frames_is_refused(walkers, tmp_path):
    other = TINY.model_copy(update={"frames": 4})
    paths = [tmp_path / name for name in ("tracklets.h5", "truth.h5", "integrity.json")]
    write_walkers(DatasetConfig(name="tiny", layout="walkers", walkers=other), *paths)
    with pytest.raises(ValueError, match="got other frames than"):
        draw_walkers(*walkers, 0, tmp_path / "sheet.png", completed=paths[0])
