"""Trees through the store and out: nothing restored gives the same files, something restored just that."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pandas as pd
import pytest
import scipy.io
from PIL import Image
from trees import TREES, plant, put

from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig, ExportConfig, WalkersConfig
from stcnet_lib.data.export.image_writer import encode_jpeg
from stcnet_lib.data.export.plan import Completed
from stcnet_lib.data.export.tree import export
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.store.images import decode, encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.localisation.flags import score_table
from stcnet_lib.walkers.dataset import write_walkers

OWN = {"manifest.parquet", "export.json"}
NO_REGIONS = pd.DataFrame({name: [] for name in ("tracklet", "frame", "region", "method", "references")})
JPEG_NAMES = ["mars", "mars_by_names", "duke_video", "duke_video_old", "ls_vid"]


def packed(config, out):
    prepare(config, out / "tracklets.h5", out / "integrity.json", seconds=1000)
    return TrackletStore(out / "tracklets.h5")


def files(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def tables(store):
    """Everything a store holds but the bytes of images and what names its making."""
    return (
        store.tracklets.to_dict("list"),
        store.roles.tolist(),
        store.frame_number.tolist(),
        store.sources(range(store.num_frames)),
    )


def completion(raw, path, changes=(), dropped=()):
    """A completed store: red frames as PNG at `changes`, none at `dropped` (numbers of frames)."""
    with StoreWriter(
        path, dataset="planted", layout="x", licence="", citation="", config="{}", splits=len(raw.roles)
    ) as writer:
        for number, row in enumerate(raw.tracklets.itertuples()):
            frames = raw.frames_of(number)
            kept = [
                (int(raw.frame_number[i]), raw.sources(frames)[i - frames.start], raw.read_bytes(i))
                for i in frames
                if i not in dropped
            ]
            kept = [
                (n, source, red(decode(data, source)) if frames[0] + place in changes else data)
                for place, (n, source, data) in enumerate(kept)
            ]
            writer.add_tracklet(row.pid, row.camera, row.name, kept)
        for split, roles in enumerate(raw.roles):
            writer.set_roles(split, roles)
    return TrackletStore(path)


def red(image):
    changed = image.copy()
    changed[: len(image) // 3] = (200, 30, 30)
    return encode_png(changed)


def restored(raw, tmp_path, changes=(), dropped=(), regions=NO_REGIONS, **more):
    return Completed(completion(raw, tmp_path / "completed.h5", changes, dropped), regions, **more)


@pytest.mark.parametrize("kind", TREES)
@pytest.mark.parametrize("links", [True, False])
def test_round_trip_with_nothing_restored(tmp_path, kind, links):
    """Byte-identical files, equal tables, an untouched source."""
    source, out = tmp_path / "source", tmp_path / "out"
    config = plant(kind, source)
    raw = packed(config, tmp_path)
    before = files(source)
    done = export(ExportConfig(links=links), config, raw, restored(raw, tmp_path), out, progress_seconds=1000)
    assert done["frames"] == {"linked" if links else "copied": raw.num_frames}
    assert files(source) == before
    own = OWN | ({"splits_prid2011.json"} if kind == "prid2011_drawn" else set())
    after = files(out)
    # A parquet manifest is written with more columns than it had: the tables below compare its content.
    unchanged = {name: data for name, data in before.items() if name not in OWN}
    assert {name: data for name, data in after.items() if name not in own} == unchanged
    one = next(name for name in before if name.endswith((".jpg", ".png")))
    assert (source / one).samefile(out / one) == links
    again = packed(config.model_copy(update={"root": str(out)}), tmp_path / "again")
    assert tables(again) == tables(raw)
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("kind", TREES)
def test_any_export_can_be_read_by_its_manifest(tmp_path, kind):
    """The same tracklets with the same frames and roles, whatever the layout was."""
    config = plant(kind, tmp_path / "source")
    raw = packed(config, tmp_path)
    export(ExportConfig(contents="raw"), config, raw, None, tmp_path / "out", progress_seconds=1000)
    (tmp_path / "out/manifest.csv").unlink(missing_ok=True)
    config = DatasetConfig(name="again", layout="manifest", root=str(tmp_path / "out"))
    found = {t.name: t for t in open_layout(config).tracklets()}
    assert len(found) == len(raw)
    for number, row in enumerate(raw.tracklets.itertuples()):
        tracklet, frames = found[row.name], raw.frames_of(number)
        assert (tracklet.pid, tracklet.camera) == (row.pid, row.camera)
        assert list(tracklet.roles) == raw.roles[:, number].tolist()
        assert [frame.number for frame in tracklet.frames] == raw.frame_number[frames].tolist()
        assert [frame.source for frame in tracklet.frames] == raw.sources(frames)


@pytest.mark.parametrize("kind", TREES)
def test_changed_frames(tmp_path, kind):
    """Lossless where the layout leaves the choice; all other files stay; the manifest tells which and how."""
    source, out = tmp_path / "source", tmp_path / "out"
    config = plant(kind, source)
    raw = packed(config, tmp_path)
    changes = [1, 2, raw.num_frames - 1]
    regions = pd.DataFrame(
        {
            "tracklet": [0, 0, 0],
            "frame": [2, 1, 1],
            "region": [2, 1, 0],
            "method": ["spatial", "copy", "copy"],
            "references": [[], [0, 3], [0]],
        }
    )
    scores = np.arange(raw.num_frames * 3, dtype=np.float32).reshape(-1, 3) / 1000
    done = restored(raw, tmp_path, changes, regions=regions, scores=scores, model="abc")
    export(ExportConfig(), config, raw, done, out, progress_seconds=1000)
    table = pd.read_parquet(out / "manifest.parquet")
    sources = raw.sources(range(raw.num_frames))
    assert table["source"].tolist() == sources
    assert np.flatnonzero(table["changed"]).tolist() == changes
    for frame in range(raw.num_frames):
        data = (out / table["path"][frame]).read_bytes()
        if frame not in changes:
            assert data == raw.read_bytes(frame)
            assert table["path"][frame] == sources[frame]
            continue
        wanted = decode(done.store.read_bytes(frame), "")
        if kind in JPEG_NAMES:
            assert table["path"][frame] == sources[frame]
            assert data == encode_jpeg(wanted, 95)
            with Image.open(io.BytesIO(data)) as image:
                assert image.format == "JPEG"
            assert np.abs(decode(data, "").astype(int) - wanted).mean() < 4
        else:
            assert table["path"][frame] == sources[frame].replace(".jpg", ".png")
            assert np.array_equal(decode(data, ""), wanted)
    assert set(table["licence"]) == {raw.attributes["licence"]}
    assert set(table["citation"]) == {raw.attributes["citation"]}
    assert table["model"].isna().tolist() == [frame not in changes for frame in range(raw.num_frames)]
    assert table["regions"].map(list).tolist()[:4] == [[], [0, 1], [2], []]
    assert table["methods"].map(list).tolist()[1:3] == [["copy", "copy"], ["spatial"]]
    references = [[list(of_region) for of_region in row] for row in table["references"]]
    assert references[:4] == [[], [[sources[0]], [sources[0], sources[3]]], [[]], []]
    assert np.allclose(np.stack(table["scores"]), scores)
    # Read again in its own layout: the same tracklets, and the pictures are the completion's.
    again = packed(config.model_copy(update={"root": str(out)}), tmp_path / "again")
    names, roles, numbers, _ = tables(raw)
    assert tables(again)[:3] == (names, roles, numbers)


def test_jpeg_where_it_is_asked_for(tmp_path):
    config = plant("ilids_vid", tmp_path / "source")
    raw = packed(config, tmp_path)
    export(ExportConfig(format="jpeg"), config, raw, restored(raw, tmp_path, [0]), tmp_path / "a", 0, 1000)
    assert pd.read_parquet(tmp_path / "a/manifest.parquet")["encoding"][0] == "png"  # names end in .png
    config = plant("folder", tmp_path / "plain")
    raw = packed(config, tmp_path / "b")
    done = restored(raw, tmp_path, [0])
    report = export(ExportConfig(format="jpeg", quality=60), config, raw, done, tmp_path / "c", 0, 1000)
    assert report["encoding"] == "jpeg quality 60, 4:4:4"
    path = raw.sources(range(1))[0]
    assert (tmp_path / "c" / path).read_bytes() == encode_jpeg(decode(done.store.read_bytes(0), ""), 60)


def test_the_control_encodes_the_same_frames_in_the_same_way(tmp_path):
    config = plant("mars", tmp_path / "source")
    raw = packed(config, tmp_path)
    done = restored(raw, tmp_path, [3, 5])
    report = export(ExportConfig(contents="control"), config, raw, done, tmp_path / "out", 0, 1000)
    assert report["frames"] == {"changed": 2, "linked": raw.num_frames - 2}
    for frame, path in enumerate(raw.sources(range(raw.num_frames))):
        data = raw.read_bytes(frame)
        wanted = encode_jpeg(decode(data, ""), 95) if frame in (3, 5) else data
        assert (tmp_path / "out" / path).read_bytes() == wanted
        assert frame not in (3, 5) or wanted != data


@pytest.mark.parametrize("kind", ["mars", "mars_by_names", "duke_video", "ls_vid", "folder", "manifest_csv"])
def test_mixed_train_tracklets_stand_twice(tmp_path, kind):
    config = plant(kind, tmp_path / "source")
    raw = packed(config, tmp_path)
    train = [n for n in range(len(raw)) if raw.roles[0, n] == Role.TRAIN]
    test = [n for n in range(len(raw)) if raw.roles[0, n] == Role.QUERY]
    changes = [raw.frames_of(train[0])[1], raw.frames_of(train[2])[0], raw.frames_of(test[0])[0]]
    done = restored(raw, tmp_path, changes)
    export(ExportConfig(contents="mixed"), config, raw, done, tmp_path / "out", 0, 1000)
    again = packed(config.model_copy(update={"root": str(tmp_path / "out")}), tmp_path / "again")
    assert len(again) == len(raw) + 2
    report = read_json(tmp_path / "again/integrity.json")
    assert report["findings"] == []

    def people(store):
        """(person, camera, role, frames) of every tracklet, and which of its frames are red."""
        found = []
        for n, row in enumerate(store.tracklets.itertuples()):
            frames = store.frames_of(n)
            reds = tuple(place for place, i in enumerate(frames) if is_red(store.read_image(i)))
            found.append((row.pid, row.camera, int(store.roles[0, n]), len(frames), reds))
        return sorted(found)

    wanted = people(raw)
    assert all(not row[-1] for row in wanted)
    for n, reds in ((train[0], (1,)), (train[2], (0,)), (test[0], (0,))):
        row = raw.tracklets.iloc[n]
        label = (row["pid"], row["camera"], int(raw.roles[0, n]), row["length"])
        if n in test:
            wanted.remove((*label, ()))
        wanted.append((*label, reds))
    assert people(again) == sorted(wanted)


def is_red(image):
    return np.abs(image[: len(image) // 3].astype(int) - (200, 30, 30)).mean() < 8


def test_layouts_with_one_place_a_person_refuse_mixed_data(tmp_path):
    config = plant("ilids_vid", tmp_path / "source")
    raw = packed(config, tmp_path)
    changed = raw.frames_of(int(np.flatnonzero(raw.roles[0] == Role.TRAIN)[0]))[0]
    with pytest.raises(ValueError, match=r"export\.contents: got 'mixed', wanted another"):
        export(
            ExportConfig(contents="mixed"), config, raw, restored(raw, tmp_path, [changed]), tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize("kind", TREES)
def test_discarded_frames_are_left_out_of_the_tables_too(tmp_path, kind):
    """The first frame of the first tracklet, and two of the third: read again, the rest is the same."""
    config = plant(kind, tmp_path / "source")
    raw = packed(config, tmp_path)
    gone = {0, raw.frames_of(2)[0], raw.frames_of(2)[1]}
    done = restored(raw, tmp_path, dropped=gone)
    export(ExportConfig(), config, raw, done, tmp_path / "out", 0, 1000)
    # Splits drawn anew would count the frames again; the export carries those that were drawn.
    again = packed(config.model_copy(update={"root": str(tmp_path / "out")}), tmp_path / "again")
    names, roles, numbers, sources = tables(again)
    assert roles == raw.roles.tolist()
    assert names["name"] == raw.tracklets["name"].tolist()
    kept = [frame for frame in range(raw.num_frames) if frame not in gone]
    assert numbers == raw.frame_number[kept].tolist()
    assert sources == [raw.sources(range(raw.num_frames))[frame] for frame in kept]


def test_rewritten_mars_tables_against_the_originals(tmp_path):
    """With one frame less in the first tracklet, all later lines move up by one and the queries stay."""
    config = plant("mars", tmp_path / "source")
    raw = packed(config, tmp_path)
    export(ExportConfig(), config, raw, restored(raw, tmp_path, dropped={1}), tmp_path / "out", 0, 1000)
    old, new = tmp_path / "source/info", tmp_path / "out/info"
    before, after = (scipy.io.loadmat(i / "tracks_train_info.mat")["track_train_info"] for i in (old, new))
    before[0, 1] -= 1
    before[1:, :2] -= 1
    assert (before == after).all()
    lines = (old / "train_name.txt").read_text().splitlines()
    assert (new / "train_name.txt").read_text().splitlines() == lines[:1] + lines[2:]
    for name in ("tracks_test_info.mat", "query_IDX.mat"):
        (key,) = (key for key in scipy.io.loadmat(old / name) if not key.startswith("_"))
        first, second = (scipy.io.loadmat(i / name)[key] for i in (old, new))
        assert first.shape == second.shape
        assert (first == second).all()
    once = (new / "query_IDX.mat").read_bytes()
    export(ExportConfig(), config, raw, restored(raw, tmp_path, dropped={1}), tmp_path / "out", 0, 1000)
    assert (new / "query_IDX.mat").read_bytes() == once  # no time of day in it


def test_excluded_frames_are_no_part_of_the_export(tmp_path):
    config = plant("mars", tmp_path / "source").model_copy(update={"on_bad_frame": "exclude"})
    put(tmp_path / "source/bbox_train/0001/0001C1T0001F002.jpg", b"no picture")
    raw = packed(config, tmp_path)
    export(ExportConfig(contents="raw"), config, raw, None, tmp_path / "out", 0, 1000)
    assert not (tmp_path / "out/bbox_train/0001/0001C1T0001F002.jpg").exists()
    strict = config.model_copy(update={"root": str(tmp_path / "out"), "on_bad_frame": "stop"})
    assert tables(packed(strict, tmp_path / "again")) == tables(raw)


@pytest.mark.parametrize("listed", ["0003C1T0001F003.jpg", "thumb.jpg"])
def test_listed_frames_that_the_layout_left_out_are_in_no_table_of_the_export(tmp_path, listed):
    """One row of MARS's list names another person, or no frame at all: both are no part of the tracklet."""
    source = tmp_path / "source"
    config = plant("mars", source).model_copy(update={"on_bad_frame": "exclude"})
    names = (source / "info/train_name.txt").read_text().splitlines()
    names[1] = listed
    (source / "info/train_name.txt").write_text("".join(f"{name}\n" for name in names))
    raw = packed(config, tmp_path)
    export(ExportConfig(contents="raw"), config, raw, None, tmp_path / "out", 0, 1000)
    assert (tmp_path / "out/info/train_name.txt").read_text().splitlines() == names[:1] + names[2:]
    strict = config.model_copy(update={"root": str(tmp_path / "out"), "on_bad_frame": "stop"})
    assert tables(packed(strict, tmp_path / "again")) == tables(raw)


def test_a_source_that_has_changed_is_not_linked(tmp_path):
    config = plant("folder", tmp_path / "source")
    raw = packed(config, tmp_path)
    first, second = raw.sources(range(2))
    (tmp_path / "source" / first).write_bytes(b"overwritten")
    (tmp_path / "source" / second).unlink()
    report = export(ExportConfig(contents="raw"), config, raw, None, tmp_path / "out", 0, 1000)
    assert report["frames"] == {"copied": 2, "linked": raw.num_frames - 2}
    for frame, path in ((0, first), (1, second)):
        assert (tmp_path / "out" / path).read_bytes() == raw.read_bytes(frame)


def test_without_hard_links_frames_are_written(tmp_path, monkeypatch):
    config = plant("folder", tmp_path / "source")
    raw = packed(config, tmp_path)

    def refuse(*_, **__):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    report = export(ExportConfig(contents="raw"), config, raw, None, tmp_path / "out", 0, 1000)
    assert report["frames"] == {"copied": raw.num_frames}
    assert files(tmp_path / "out").items() >= files(tmp_path / "source").items()


def test_a_link_in_the_source_gives_the_file_it_means(tmp_path):
    config = plant("folder", tmp_path / "source")
    first = tmp_path / "source/train/0001/c1/t0/f1.jpg"
    first.rename(tmp_path / "elsewhere.jpg")
    first.symlink_to(tmp_path / "elsewhere.jpg")
    raw = packed(config, tmp_path)
    export(ExportConfig(contents="raw"), config, raw, None, tmp_path / "out", 0, 1000)
    written = tmp_path / "out/train/0001/c1/t0/f1.jpg"
    assert not written.is_symlink()
    assert written.read_bytes() == first.read_bytes()


def test_two_frames_for_one_place_are_refused(tmp_path):
    """a.jpg changes to a.png, which is there already."""
    config = plant("folder", tmp_path / "source")
    folder = tmp_path / "source/train/0001/c1/t0"
    put(folder / "f1.png", encode_png(np.zeros((8, 4, 3), np.uint8)))
    raw = packed(config, tmp_path)
    (place,) = (i for i in raw.frames_of(0) if raw.sources(range(i, i + 1)) == ["train/0001/c1/t0/f1.jpg"])
    with pytest.raises(ValueError, match=r"f1\.png in the export is taken by another frame"):
        export(ExportConfig(), config, raw, restored(raw, tmp_path, [place]), tmp_path / "out", 0, 1000)
    assert not (tmp_path / "out").exists()


def test_places_that_are_refused(tmp_path):
    config = plant("folder", tmp_path / "source")
    raw = packed(config, tmp_path)
    raw_only = ExportConfig(contents="raw")
    for place in (tmp_path / "source/export", tmp_path):
        with pytest.raises(ValueError, match="within the source"):
            export(raw_only, config, raw, None, place, 0, 1000)
    put(tmp_path / "mine/thesis.tex", b"years of work")
    with pytest.raises(ValueError, match="other things in it"):
        export(raw_only, config, raw, None, tmp_path / "mine", 0, 1000)
    assert files(tmp_path / "mine") == {"thesis.tex": b"years of work"}
    with pytest.raises(ValueError, match="no completion"):
        export(ExportConfig(), config, raw, None, tmp_path / "out", 0, 1000)
    other = packed(plant("duke_video", tmp_path / "duke"), tmp_path / "other")
    with pytest.raises(ValueError, match="other tracklets"):
        export(ExportConfig(), config, raw, Completed(other, NO_REGIONS), tmp_path / "out", 0, 1000)


def fails_at_the_end(monkeypatch, export_config, config, raw, out) -> None:
    """An export of raw data that finds the disk full when all images are written."""

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("stcnet_lib.data.export.tree.write_json", full)
        with pytest.raises(OSError, match="No space"):
            export(export_config, config, raw, None, out, 0, 1000)


def test_a_failed_export_leaves_the_older_one(tmp_path, monkeypatch):
    config = plant("folder", tmp_path / "source")
    raw = packed(config, tmp_path)
    raw_only, out = ExportConfig(contents="raw", links=False), tmp_path / "out"
    export(raw_only, config, raw, None, out, 0, 1000)
    before = files(out)

    fails_at_the_end(monkeypatch, raw_only, config, raw, out)
    assert files(out) == before
    export(raw_only, config, raw, None, out, 0, 1000)
    assert files(out) == before  # and the same bytes a second time


def test_a_kill_leaves_a_whole_export(tmp_path, monkeypatch):
    """Between the two renamings, the worst moment: the next run puts the older one back before it starts."""
    config = plant("folder", tmp_path / "source")
    raw = packed(config, tmp_path)
    raw_only, out = ExportConfig(contents="raw", links=False), tmp_path / "out"
    export(raw_only, config, raw, None, out, 0, 1000)
    before = files(out)
    out.rename(tmp_path / ".out.older")

    fails_at_the_end(monkeypatch, raw_only, config, raw, out)
    assert files(out) == before
    export(raw_only, config, raw, None, out, 0, 1000)
    assert files(out) == before
    assert not list(tmp_path.glob(".out*"))


def test_walkers_become_the_plain_layout(tmp_path):
    walkers = WalkersConfig(
        train_identities=2,
        test_identities=2,
        cameras=2,
        tracklets_per_camera=1,
        frames=2,
        height=32,
        width=16,
    )
    config = DatasetConfig(name="w", layout="walkers", walkers=walkers)
    write_walkers(config, tmp_path / "tracklets.h5", tmp_path / "truth.h5", tmp_path / "integrity.json")
    raw = TrackletStore(tmp_path / "tracklets.h5")
    config = config.model_copy(update={"root": str(tmp_path)})  # of other data: means nothing here
    export(ExportConfig(), config, raw, restored(raw, tmp_path, [0]), tmp_path / "out", 0, 1000)
    again = packed(DatasetConfig(name="w", layout="folder", root=str(tmp_path / "out")), tmp_path / "again")
    assert again.roles.tolist() == raw.roles.tolist()
    for column in ("pid", "camera", "length"):
        assert again.tracklets[column].tolist() == raw.tracklets[column].tolist()
    assert [again.read_bytes(i) == raw.read_bytes(i) for i in range(raw.num_frames)] == [
        i > 0 for i in range(raw.num_frames)
    ]


def test_score_table():
    rows = pd.DataFrame({"frame": [1, 0, 1], "region": [2, 0, 0], "score": np.float32([0.5, 0.25, 0.75])})
    table = score_table(rows, 3)
    assert np.nan_to_num(table, nan=-1).tolist() == [[0.25, -1, -1], [0.75, -1, 0.5], [-1, -1, -1]]


def test_the_report(tmp_path):
    config = plant("mars", tmp_path / "source")
    raw = packed(config, tmp_path)
    done = restored(raw, tmp_path, [0], model="abc")
    report = export(ExportConfig(), config, raw, done, tmp_path / "out", 0, 1000)
    assert json.loads((tmp_path / "out/export.json").read_text()) == report
    assert report["layout"] == "mars"
    assert report["encoding"] == "jpeg quality 95, 4:4:4"
    assert "ECCV 2016" in report["citation"]
    assert (report["model"], report["source_digest"]) == ("abc", raw.digest)
