"""Strips: which frames are shown, what is marked, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import StoreWriter, TrackletStore
from stcnet_lib.report.figures import strip_frames, style
from stcnet_lib.report.figures.strip_choice import (
    add_errors,
    choose,
    draw_candidates,
    hole_error,
    restored_frames,
)
from stcnet_lib.report.figures.strips import draw_strips


def frames(count=60, tracklets=12, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    errors = rng.integers(0, 20, count).astype(float)  # with ties
    return pd.DataFrame(
        {"tracklet": np.sort(rng.integers(0, tracklets, count)), "frame": np.arange(count), "error": errors}
    )


def by_a_loop(table: pd.DataFrame, best: bool, count: int) -> list[int]:
    """Frames, each the most extreme of the tracklets not taken yet; the earlier one of equals."""
    taken, left = [], table.to_dict("records")
    while left and len(taken) < count:
        first = left[0]
        for row in left[1:]:
            if (row["error"] < first["error"]) if best else (row["error"] > first["error"]):
                first = row
        taken.append(int(first["frame"]))
        left = [row for row in left if row["tracklet"] != first["tracklet"]]
    return taken


@pytest.mark.parametrize("choice", ["best", "worst"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 6, 100])
def test_best_and_worst_equal_a_loop(choice, seed, count):
    table = frames(seed=seed)
    assert choose(table, choice, count, 0)["frame"].tolist() == by_a_loop(table, choice == "best", count)


def test_random_ones_depend_on_the_seed_alone_and_reach_every_frame():
    table = frames()
    assert choose(table, "random", 6, 3).equals(choose(table, "random", 6, 3))
    drawn = [choose(table, "random", 6, seed) for seed in range(300)]
    assert all(rows["tracklet"].is_unique and len(rows) == 6 for rows in drawn)
    assert set(pd.concat(drawn)["frame"]) == set(table["frame"])


def test_another_choice_is_refused():
    with pytest.raises(ValueError, match="wanted random, best or worst"):
        choose(frames(), "nicest", 6, 0)


def test_candidates_are_a_subset_in_order():
    table = frames()
    drawn = draw_candidates(table, 20, 0)
    assert len(drawn) == 20
    assert drawn["frame"].is_monotonic_increasing
    assert drawn["frame"].is_unique
    assert not drawn.equals(draw_candidates(table, 20, 1))
    assert draw_candidates(table, 60, 0) is table


def test_hole_error_equals_a_loop_over_pixels():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 9, 4, 3)).astype(np.uint8)
    values = [
        abs(int(a[y, x, c]) - int(b[y, x, c]))
        for y in [*range(3), *range(6, 9)]
        for x in range(4)
        for c in range(3)
    ]
    assert hole_error(a, b, [2, 0]) == pytest.approx(sum(values) / len(values), abs=1e-12)
    with pytest.raises(ValueError, match="wanted the same"):
        hole_error(a, b[:6], [0])


def test_errors_are_read_inside_the_bands_that_were_replaced(world):
    regions = pd.read_parquet(world.regions)
    left = regions.assign(region=0, method="left")  # an untouched third must not dilute the error
    both = pd.concat([regions, left], ignore_index=True)
    with TrackletStore(world.completed) as after, TrackletStore(world.truth) as clean:
        table = add_errors(restored_frames(both), both, after, clean)
    assert table["frame"].tolist() == regions["frame"].tolist()
    np.testing.assert_allclose(table["error"], world.error)
    assert restored_frames(left).empty


def drawn(world, monkeypatch, tmp_path, choice="random", **options):
    """The figure instead of its file."""
    figures = []
    with monkeypatch.context() as patch:
        patch.setattr(style, "save", lambda figure, path: figures.append(figure))
        draw_strips(world.store, world.completed, world.regions, {choice: tmp_path / "a.png"}, 0, **options)
    return figures[0]


def headings(figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_with_truth_the_order_is_that_of_the_error(world, monkeypatch, tmp_path):
    figure = drawn(world, monkeypatch, tmp_path, "worst", truth=world.truth, tracklets=3)
    order = np.argsort(-world.error)[:3]
    assert headings(figure) == [f"person{n}, error {world.error[n]:.1f}" for n in order]
    assert "largest error" in figure.get_suptitle()


def test_without_truth_the_order_is_that_of_the_change_and_the_title_says_so(world, monkeypatch, tmp_path):
    figure = drawn(world, monkeypatch, tmp_path, "best", tracklets=8)
    assert headings(figure) == [f"person{n}, change {world.change[n]:.1f}" for n in np.argsort(world.change)]
    assert "smallest change" in figure.get_suptitle()


def test_only_test_tracklets_of_a_split(world, monkeypatch, tmp_path):
    figure = drawn(world, monkeypatch, tmp_path, truth=world.truth, split=0, tracklets=8)
    assert [text.split(",")[0] for text in headings(figure)] == ["person4", "person5", "person6", "person7"]


@pytest.mark.parametrize(
    ("known", "rows"), [(True, ["before", "restored", "clean"]), (False, ["before", "restored"])]
)
def test_rows_frames_and_pictures(world, monkeypatch, tmp_path, known, rows):
    options = {"truth": world.truth} if known else {}
    figure = drawn(world, monkeypatch, tmp_path, "worst", tracklets=1, frames=3, **options)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == rows
    assert [label.get_text() for label in axes.get_xticklabels()] == ["11", "12", "13"]
    assert [label.get_fontweight() for label in axes.get_xticklabels()] == ["normal", "bold", "normal"]
    sheet = np.asarray(axes.images[0].get_array())
    places = [(int(x), int(y)) for y in axes.get_yticks() for x in axes.get_xticks()]
    centre = int(np.argmax(world.error if known else world.change))
    middles = {"before": 200, "restored": 100 + world.error[centre], "clean": 100}
    expected = [middles[row] if column == 1 else 100 for row in rows for column in range(3)]
    assert [int(sheet[y, x, 0]) for x, y in places] == expected
    # The marks stand in the white between the pictures: they cover no pixel of them.
    for collection in axes.collections:
        for segment in collection.get_segments():
            assert (sheet[int(segment[0][1]) : int(segment[1][1]), int(segment[0][0])] == 255).all()
    assert len(axes.collections) == 2  # one region, marked in the rows before and restored


def test_of_masks_of_pixels_a_row_shows_what_was_replaced(world, monkeypatch, tmp_path):
    monkeypatch.setattr(strip_frames, "_settings", lambda store: {"masks": "pixels"})
    axes = drawn(world, monkeypatch, tmp_path, "worst", tracklets=1, frames=3, truth=world.truth).axes[0]
    names = ["before", "replaced", "restored", "clean"]
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    sheet = np.asarray(axes.images[0].get_array())
    x, y = (int(axes.get_xticks()[1]), int(axes.get_yticks()[1]))
    assert sheet[y, x].tolist() == [round(255 * part) for part in to_rgb(style.VERMILION)]  # the middle third
    untouched = sheet[y, int(axes.get_xticks()[0])]  # another frame
    assert len(set(untouched.tolist())) == 1


def test_frames_at_the_ends_of_a_tracklet_and_short_tracklets(world, monkeypatch, tmp_path):
    regions = pd.read_parquet(world.regions)
    regions.assign(frame=regions["frame"] - 2).to_parquet(world.regions)
    first = drawn(world, monkeypatch, tmp_path, truth=world.truth, frames=3).axes[0]
    assert [label.get_text() for label in first.get_xticklabels()] == ["10", "11", "12"]
    whole = drawn(world, monkeypatch, tmp_path, truth=world.truth, frames=50).axes[0]
    assert [label.get_text() for label in whole.get_xticklabels()] == ["10", "11", "12", "13", "14"]


def test_a_completion_that_left_frames_out_is_refused(world, tmp_path):
    picture = encode_png(np.zeros((32, 16, 3), np.uint8))
    path = tmp_path / "discarded.h5"
    with StoreWriter(path, dataset="grey", layout="folder", licence="", citation="", config="{}") as writer:
        writer.add_tracklet(0, 0, "person0", [(10, "0.png", picture)])
    with pytest.raises(ValueError, match=r"got 1 frames, wanted the 40 .* discard"):
        draw_strips(world.store, path, world.regions, {"random": tmp_path / "a.png"}, 0)


def test_nothing_restored_is_said_and_no_error(world, monkeypatch, tmp_path):
    pd.read_parquet(world.regions).iloc[:0].to_parquet(world.regions)
    for choice in ("random", "best"):
        figure = drawn(world, monkeypatch, tmp_path, choice, truth=world.truth)
        assert "no region was replaced" in figure.get_suptitle()


def test_the_file_is_a_picture_and_depends_on_its_input_alone(world, tmp_path):
    pictures = []
    for choice in ("random", "random", "worst"):
        draw_strips(
            world.store,
            world.completed,
            world.regions,
            {choice: tmp_path / "a.png"},
            1,
            truth=world.truth,
            tracklets=2,
        )
        pictures.append((tmp_path / "a.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        assert image.width > 900


def test_figures_drawn_together_are_those_drawn_alone(world, tmp_path):
    data = (world.store, world.completed, world.regions)
    together = {choice: tmp_path / f"{choice}.png" for choice in ("random", "best", "worst")}
    draw_strips(*data, together, 1, truth=world.truth, tracklets=2)
    for choice, path in together.items():
        alone = tmp_path / "alone.png"
        draw_strips(*data, {choice: alone}, 1, truth=world.truth, tracklets=2)
        assert path.read_bytes() == alone.read_bytes()
