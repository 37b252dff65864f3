"""Restoration on a real store: what must change changes, every other pixel and byte stays."""

import numpy as np
import pytest
import torch
from stores import write_store

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.pieces import paste_band
from stcnet_lib.completion.restoration import restore
from stcnet_lib.completion.stcnet.generators import STCnet
from stcnet_lib.config import CompletionConfig, ReferencesConfig, StcnetConfig
from stcnet_lib.data.store.images import decode
from stcnet_lib.data.store.tracklets import TrackletStore

CPU = Compute(torch.device("cpu"))
TINY = StcnetConfig(
    height=32, width=16, channels=4, encoder="space_to_depth", dilations=(1,), precision="fp32"
)


def run(store_path, tmp_path, flags, method="copy", references="region", reference_margin=0, **settings):
    source = TrackletStore(store_path)
    config = CompletionConfig(method=method, **settings)
    network = STCnet(TINY.network) if method in ("stcnet", "spatial") else None
    rule = ReferencesConfig(references=references, reference_margin=reference_margin)
    record = restore(
        config, source, flags, rule, filler_for(config, network, CPU), tmp_path / "done.h5", 1000
    )
    return source, TrackletStore(tmp_path / "done.h5"), record


def some_flags(store_path, *flagged):
    flags = np.zeros((TrackletStore(store_path).num_frames, 3), bool)
    for frame, region in flagged:
        flags[frame, region] = True
    return flags


@pytest.mark.parametrize("method", ["stcnet", "spatial", "copy", "median", "mean"])
def test_only_flagged_bands_change_and_other_frames_keep_their_bytes(store_path, tmp_path, method):
    flags = some_flags(store_path, (1, 2), (7, 0), (7, 1))
    source, done, record = run(store_path, tmp_path, flags, method)
    rows = region_rows(32)
    for frame in range(source.num_frames):
        if not flags[frame].any():
            assert done.read_bytes(frame) == source.read_bytes(frame)
            continue
        before, after = source.read_image(frame), done.read_image(frame)
        for region in range(3):
            band = slice(rows[region], rows[region + 1])
            assert np.array_equal(before[band], after[band]) == (not flags[frame, region])
    assert len(record.rows) == 3
    assert record.counts["frames_with_several_regions"] == 1


def test_tables_names_and_roles_are_those_of_the_source(store_path, tmp_path):
    source, done, _ = run(store_path, tmp_path, some_flags(store_path, (1, 2)))
    assert done.tracklets.equals(source.tracklets)
    assert np.array_equal(done.roles, source.roles)
    assert np.array_equal(done.frame_number, source.frame_number)
    assert done.sources(range(done.num_frames)) == source.sources(range(source.num_frames))


def test_copy_takes_the_band_of_the_nearest_visible_frame(store_path, tmp_path):
    # Frames 2 and 3 are hidden, so frame 2 copies frame 1 (one away) and frame 3 copies frame 4.
    source, done, record = run(store_path, tmp_path, some_flags(store_path, (2, 1), (3, 1)))
    rows = slice(*region_rows(32)[1:3])
    for frame, nearest in ((2, 1), (3, 4)):
        assert np.array_equal(done.read_image(frame)[rows], source.read_image(nearest)[rows])
    assert record.table()[["frame", "references"]].values.tolist() == [[2, [1, 4]], [3, [1, 4]]]


def test_references_stay_inside_the_tracklet(store_path, tmp_path):
    # Frame 6 is the first of the second tracklet: there is nothing before it.
    _, _, record = run(store_path, tmp_path, some_flags(store_path, (6, 0)))
    assert record.table()["references"].tolist() == [[7]]
    assert record.counts["regions_with_one_sided_reference"] == 1


def test_no_reference_goes_to_the_spatial_generator_or_is_left(store_path, tmp_path):
    flags = some_flags(store_path, *((frame, 1) for frame in range(6)))
    _, _, record = run(store_path, tmp_path, flags, "stcnet")
    assert set(record.table()["method"]) == {"spatial"}
    assert record.counts["regions_without_reference"] == 6
    source, done, record = run(store_path, tmp_path, flags, "stcnet", no_reference="leave")
    assert set(record.table()["method"]) == {"left"}
    assert all(done.read_bytes(frame) == source.read_bytes(frame) for frame in range(6))


def test_all_occluded_frames_are_restored_or_left_as_asked(store_path, tmp_path):
    flags = some_flags(store_path, (2, 0), (2, 1), (2, 2))
    source, done, record = run(store_path, tmp_path, flags, "stcnet")
    assert record.counts["frames_all_occluded"] == 1
    assert done.read_bytes(2) != source.read_bytes(2)
    source, done, record = run(store_path, tmp_path, flags, "stcnet", all_occluded="leave")
    assert done.read_bytes(2) == source.read_bytes(2)
    assert record.counts["frames_left"] == 1


def test_a_frame_of_which_a_part_is_restored_counts_as_restored(store_path, tmp_path):
    # No frame of the first tracklet shows the upper third, so copying can only fill the middle one.
    flags = some_flags(store_path, (2, 1), *((frame, 0) for frame in range(6)))
    source, done, record = run(store_path, tmp_path, flags, "copy")
    assert {(row[1], row[2], row[3]) for row in record.rows if row[1] == 2} == {
        (2, 0, "left"),
        (2, 1, "copy"),
    }
    assert done.read_bytes(2) != source.read_bytes(2)
    assert (record.counts["frames_restored"], record.counts["frames_left"]) == (1, 5)


def test_frame_references_skip_partly_occluded_frames(store_path, tmp_path):
    flags = some_flags(store_path, (2, 1), (1, 0))
    _, _, record = run(store_path, tmp_path, flags, "stcnet", references="frame")
    table = record.table().set_index("frame")
    assert table.loc[2, "references"] == [0, 3]


def test_discard_leaves_flagged_frames_out_but_never_a_whole_tracklet(store_path, tmp_path):
    flags = some_flags(store_path, (0, 1), *((frame, 0) for frame in range(6, 12)), (6, 2))
    source, done, record = run(store_path, tmp_path, flags, "discard")
    assert done.tracklets["length"].tolist()[:2] == [5, 5]
    assert done.read_bytes(0) == source.read_bytes(1)
    assert record.counts["tracklets_without_unoccluded_frame"] == 1


def test_larger_frames_get_a_resized_band_and_nothing_else(tmp_path):
    path = write_store(tmp_path / "large.h5", height=90, width=44)
    flags = some_flags(path, (1, 1))
    source, done, _ = run(path, tmp_path, flags, "stcnet")
    before, after = source.read_image(1), done.read_image(1)
    assert np.array_equal(before[:30], after[:30])
    assert np.array_equal(before[60:], after[60:])
    assert not np.array_equal(before[30:60], after[30:60])


def test_pasting_a_resized_copy_of_the_frame_gives_about_the_same_band():
    # A smooth ramp survives halving and enlarging: the band must land on its own rows, not a row off.
    ramp = np.repeat(np.linspace(0, 255, 128)[:, None, None], 64, 1).repeat(3, 2).astype(np.uint8)
    small = ramp[::2, ::2]
    image = ramp.copy()
    paste_band(image, small, 1)
    assert np.abs(image.astype(int) - ramp).max() <= 3


def test_a_frame_of_two_rows_has_no_middle_third():
    image = np.full((2, 4, 3), 7, np.uint8)
    paste_band(image, np.zeros((128, 64, 3), np.uint8), 1)
    assert (image == 7).all()


def test_source_file_is_untouched(store_path, tmp_path):
    before = store_path.read_bytes()
    run(store_path, tmp_path, some_flags(store_path, (1, 2)), "stcnet")
    assert store_path.read_bytes() == before
    assert decode(TrackletStore(store_path).read_bytes(1), "frame").shape == (32, 16, 3)


@pytest.mark.parametrize("method", ["stcnet", "copy", "discard"])
def test_threads_change_nothing(store_path, tmp_path, method):
    source = TrackletStore(store_path)
    flags = np.random.default_rng(0).random((source.num_frames, 3)) < 0.3
    torch.manual_seed(0)
    network = STCnet(TINY.network) if method == "stcnet" else None
    config, rule = CompletionConfig(method=method), ReferencesConfig(references="region")
    filler = filler_for(config, network, CPU)
    made = []
    for threads in (1, 3):
        path = tmp_path / f"{threads}.h5"
        record = restore(config, source, flags, rule, filler, path, 1000, threads=threads)
        made.append((path.read_bytes(), record.table(), dict(record.counts)))
    assert made[0][0] == made[1][0]
    assert made[0][1].equals(made[1][1])
    assert made[0][2] == made[1][2]
    if method == "copy":
        assert made[0][2]["regions_without_reference"] == 0  # cases that were never met are told as well
