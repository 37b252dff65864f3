"""Contact sheets of tracklets and ranked lists: the right frames in the right places, rightly marked."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from stores import person_frames, write_store

from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import StoreWriter, TrackletStore
from stcnet_lib.report.figures import ranked, style, tracklet_sheet
from stcnet_lib.report.figures.frame_rows import pictures, spread
from stcnet_lib.report.figures.ranked import draw_ranked
from stcnet_lib.report.figures.tracklet_sheet import draw_tracklet, find_tracklet


@pytest.fixture
def store(tmp_path):
    """Four people before two cameras, twelve frames each; every frame has its own noise."""
    return write_store(tmp_path / "tracklets.h5", frames=12)


@pytest.fixture
def saved(monkeypatch):
    """Figures that are written."""
    figures = []

    def spy(figure, path):
        figures.append(figure)
        path.write_bytes(b"")

    monkeypatch.setattr(style, "save", spy)
    return figures


def copy_with_changes(source, path, changed):
    """The same store as a completion, with negatives in some frames."""
    config = CompletionConfig(method="copy").canonical_json()

    def data(before, frame):
        return encode_png(255 - before.read_image(frame)) if frame in changed else before.read_bytes(frame)

    about = {"dataset": "bands", "layout": "folder", "licence": "", "citation": ""}
    with TrackletStore(source) as before, StoreWriter(path, **about, config=config) as writer:
        for number, row in enumerate(before.tracklets.itertuples()):
            frames = before.frames_of(number)
            names = zip(frames, before.sources(frames), strict=True)
            named = [(int(before.frame_number[frame]), name, data(before, frame)) for frame, name in names]
            writer.add_tracklet(row.pid, row.camera, row.name, named)
        writer.set_roles(0, before.roles[0])
    return path


def edges(axes) -> set[str]:
    """Colours of the visible edges of a picture."""
    return {to_hex(spine.get_edgecolor()) for spine in axes.spines.values() if spine.get_visible()}


def test_a_sheet_shows_all_frames_in_order_and_marks_the_changed_ones(store, saved, tmp_path):
    with TrackletStore(store) as opened:
        frames = list(opened.frames_of(3))
        images = [opened.read_image(frame) for frame in frames]
    changed = {frames[2], frames[9]}
    after = copy_with_changes(store, tmp_path / "after.h5", changed)
    draw_tracklet(store, "2/1", tmp_path / "sheet.png", after)
    shown = [np.asarray(axes.images[0].get_array()) for axes in saved[0].axes]
    assert len(shown) == 24
    for t in range(12):
        np.testing.assert_array_equal(shown[2 * t], images[t])
        restored = 255 - images[t] if frames[t] in changed else images[t]
        np.testing.assert_array_equal(shown[2 * t + 1], restored)
        assert edges(saved[0].axes[2 * t]) == set()
        assert edges(saved[0].axes[2 * t + 1]) == ({style.VERMILION} if frames[t] in changed else set())
    assert [axes.get_title() for axes in saved[0].axes[::2]] == [str(t) for t in range(12)]
    assert saved[0].get_suptitle().startswith("Tracklet 3: 2/1")


def test_a_sheet_of_few_frames_spreads_them(store, saved, tmp_path):
    draw_tracklet(store, "0", tmp_path / "sheet.png", frames=4)
    assert [axes.get_title() for axes in saved[0].axes] == ["0", "4", "7", "11"]


def test_a_completion_that_left_frames_out_has_none_to_lay_beside(store, tmp_path):
    short = write_store(tmp_path / "short.h5", frames=11)
    with pytest.raises(ValueError, match=r"got 88 frames, wanted the 96"):
        draw_tracklet(store, "0", tmp_path / "sheet.png", short)
    assert not (tmp_path / "sheet.png").exists()


def test_a_name_comes_before_a_number(store):
    with TrackletStore(store) as opened:
        assert find_tracklet(opened, "3/0") == 4
        assert find_tracklet(opened, "5") == 5
        for wrong in ("8", "9/9", "-1"):
            with pytest.raises(ValueError, match="wanted a number from 0 to 7 or a name such as '1/0'"):
                find_tracklet(opened, wrong)


def test_a_ranked_list_shows_query_and_candidates_rightly_marked(store, saved, tmp_path):
    table = pd.DataFrame(
        {
            "rank": [1, 2, 3],
            "tracklet": [7, 5, 1],
            "pid": [4, 3, 1],
            "camera": [1, 1, 1],
            "similarity": np.float32([0.9, 0.8, 0.1]),
            "right": [False, True, False],
        }
    )
    draw_ranked(store, 4, table, tmp_path / "ranked.png", note="official")
    headings = [axes.get_title() for axes in saved[0].axes]
    assert headings == ["query", "1 ✗", "2 ✓", "3 ✗"]
    assert [edges(axes) for axes in saved[0].axes] == [
        {style.BLACK},
        {style.VERMILION},
        {style.BLUE},
        {style.VERMILION},
    ]
    assert saved[0].axes[2].get_xlabel() == "person 3\ncamera 1\n0.800"
    with TrackletStore(store) as opened:
        for axes, tracklet in zip(saved[0].axes, [4, 7, 5, 1], strict=True):
            column = np.asarray(axes.images[0].get_array())
            own = opened.frames_of(tracklet)
            for place, frame in enumerate((own[0], own[6], own[11])):
                top = place * (32 + ranked._GAP)
                np.testing.assert_array_equal(column[top : top + 32], opened.read_image(frame))


def test_embeddings_of_another_store_are_refused(store, tmp_path):
    table = pd.DataFrame(
        {"rank": [1], "tracklet": [7], "pid": [2], "camera": [1], "similarity": [0.5], "right": [True]}
    )
    for wrong in (table, table.assign(tracklet=99)):
        with pytest.raises(ValueError, match="got other tracklets than the embeddings are of"):
            draw_ranked(store, 4, wrong, tmp_path / "ranked.png")


def test_both_are_written_as_pictures(store, tmp_path):
    table = pd.DataFrame(
        {"rank": [1], "tracklet": [7], "pid": [4], "camera": [1], "similarity": [0.5], "right": [True]}
    )
    draw_ranked(store, 4, table, tmp_path / "ranked.png")
    draw_tracklet(store, "0", tmp_path / "sheet.png")
    for name in ("ranked.png", "sheet.png"):
        colours = np.asarray(Image.open(tmp_path / name).convert("RGB")).reshape(-1, 3)
        assert len(np.unique(colours, axis=0)) > 100, name
    first = (tmp_path / "sheet.png").read_bytes()
    draw_tracklet(store, "0", tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes() == first


def test_frames_are_spread_from_the_first_to_the_last():
    assert spread(range(5, 6), 3) == [5]
    assert spread(range(5, 8), 3) == [5, 6, 7]
    for length in (4, 9, 100):
        chosen = spread(range(length), 4)
        assert (chosen[0], chosen[-1]) == (0, length - 1)
        assert np.ptp(np.diff(chosen)) <= 1


def test_pictures_of_other_sizes_become_alike(tmp_path):
    with StoreWriter(
        tmp_path / "t.h5", dataset="d", layout="folder", licence="", citation="", config="{}"
    ) as writer:
        images = [person_frames(1, 0, 1, *size)[0] for size in ((32, 16), (64, 32))]
        writer.add_tracklet(1, 0, "a", [(t, f"{t}.png", encode_png(image)) for t, image in enumerate(images)])
        writer.set_roles(0, np.array([1]))
    with TrackletStore(tmp_path / "t.h5") as opened:
        assert tracklet_sheet.size_of(opened, [0, 1]) == (64, 32)
        shown = pictures(opened, [0, 1], (64, 32))
    assert shown.shape == (2, 64, 32, 3)
    np.testing.assert_array_equal(shown[1], images[1])
