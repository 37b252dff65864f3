"""Every layout: tables worked out by hand, no dependence on listing order, faults that are named."""

from __future__ import annotations

import json
import os
import random

import numpy as np
import pandas as pd
import pytest
import scipy.io
from trees import NUMBERS, TREES, pictures, plant, put

from stcnet_lib.common.files import read_json
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.queries import choose_queries
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.store.tracklets import Role, TrackletStore

TRAIN, QUERY, GALLERY = Role.TRAIN, Role.QUERY, Role.GALLERY
DISTRACTOR, JUNK, UNUSED = Role.DISTRACTOR, Role.JUNK, Role.UNUSED

# (name, person, camera, role in split 0, frames), in the order of the store
EXPECTED = {
    "folder": [
        ("train/0001/c1/t0", 1, 1, TRAIN, 4),
        ("train/0001/c2/t0", 1, 2, TRAIN, 4),
        ("train/0002/c1/t0", 2, 1, TRAIN, 3),
        ("train/0002/c2/t0", 2, 2, TRAIN, 3),
        ("distractor/0007/c1/t0", 7, 1, DISTRACTOR, 4),
        ("distractor/0007/c2/t0", 7, 2, DISTRACTOR, 4),
        ("test/0005/c1/t0", 5, 1, QUERY, 4),
        ("test/0005/c1/t1", 5, 1, GALLERY, 4),
        ("test/0005/c2/t0", 5, 2, GALLERY, 4),
        ("test/0006/c1/t0", 6, 1, QUERY, 3),
        ("test/0006/c1/t1", 6, 1, GALLERY, 3),
        ("test/0006/c2/t0", 6, 2, GALLERY, 3),
    ],
    "manifest_csv": [
        ("junk-7-1", -1, 1, JUNK, 4),
        ("junk-7-2", -1, 2, JUNK, 4),
        ("train-1-1", 1, 1, TRAIN, 4),
        ("train-1-2", 1, 2, TRAIN, 4),
        ("train-2-1", 2, 1, TRAIN, 4),
        ("train-2-2", 2, 2, TRAIN, 4),
        ("query-5-1", 5, 1, QUERY, 4),
        ("gallery-5-2", 5, 2, GALLERY, 4),
        ("test-6-1", 6, 1, QUERY, 4),
        ("test-6-2", 6, 2, GALLERY, 4),
    ],
    "mars": [
        ("bbox_train/0001/0001C1T0001", 1, 1, TRAIN, 4),
        ("bbox_train/0001/0001C2T0001", 1, 2, TRAIN, 4),
        ("bbox_train/0003/0003C1T0001", 3, 1, TRAIN, 4),
        ("bbox_train/0003/0003C1T0002", 3, 1, TRAIN, 4),
        ("bbox_train/0003/0003C2T0001", 3, 2, TRAIN, 4),
        ("bbox_test/00-1/00-1C1T0001", -1, 1, JUNK, 4),
        ("bbox_test/00-1/00-1C2T0001", -1, 2, JUNK, 4),
        ("bbox_test/0000/0000C1T0001", 0, 1, DISTRACTOR, 4),
        ("bbox_test/0000/0000C1T0002", 0, 1, DISTRACTOR, 4),
        ("bbox_test/0002/0002C1T0001", 2, 1, QUERY, 4),
        ("bbox_test/0002/0002C1T0002", 2, 1, GALLERY, 4),
        ("bbox_test/0002/0002C2T0001", 2, 2, QUERY, 4),
        ("bbox_test/0004/0004C1T0001", 4, 1, QUERY, 4),
        ("bbox_test/0004/0004C2T0001", 4, 2, QUERY, 1),
    ],
    "duke_video": [
        ("train/0001/0000", 1, 1, TRAIN, 4),
        ("train/0001/0001", 1, 2, TRAIN, 4),
        ("train/0002/0000", 2, 1, TRAIN, 4),
        ("train/0002/0001", 2, 2, TRAIN, 4),
        ("query/0005/0000", 5, 1, QUERY, 4),
        ("query/0006/0000", 6, 1, QUERY, 4),
        ("gallery/0005/0001", 5, 2, GALLERY, 4),
        ("gallery/0006/0001", 6, 2, GALLERY, 4),
        ("gallery/0009/0001", 9, 2, DISTRACTOR, 4),
    ],
    "ls_vid": [
        ("train/0001/0001_s_01_0", 1, 1, TRAIN, 4),
        ("train/0001/0001_s_02_0", 1, 2, TRAIN, 4),
        ("train/0002/0002_s_01_0", 2, 1, TRAIN, 4),
        ("train/0002/0002_s_02_0", 2, 2, TRAIN, 4),
        ("test/0005/0005_s_01_0", 5, 1, QUERY, 4),
        ("test/0005/0005_s_02_0", 5, 2, GALLERY, 4),
        ("test/0006/0006_s_01_0", 6, 1, QUERY, 4),
        ("test/0006/0006_s_02_0", 6, 2, GALLERY, 4),
    ],
}
EXPECTED["manifest_parquet"] = EXPECTED["manifest_csv"]
EXPECTED["duke_video_old"] = EXPECTED["duke_video"]
# Without info/ person 2's second camera is gallery (camera 1 has a tracklet to spare), and of person 4 the
# first camera asks.
EXPECTED["mars_by_names"] = [
    (*row[:3], GALLERY, row[4]) if row[0].endswith(("0002C2T0001", "0004C2T0001")) else row
    for row in EXPECTED["mars"]
]


def packed(config, out):
    prepare(config, out / "tracklets.h5", out / "integrity.json", seconds=1000)
    return TrackletStore(out / "tracklets.h5"), read_json(out / "integrity.json")


@pytest.mark.parametrize("kind", EXPECTED)
def test_tables(tmp_path, kind):
    store, report = packed(plant(kind, tmp_path / "source"), tmp_path)
    table = store.tracklets
    columns = (table["name"], table["pid"], table["camera"], store.roles[0], table["length"])
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == EXPECTED[kind]
    assert report["findings"] == []
    for tracklet in range(len(store)):
        frames = store.frames_of(tracklet)
        assert store.frame_number[frames].tolist() == list(NUMBERS[: len(frames)])
        for frame, source in zip(frames, store.sources(frames), strict=True):
            assert store.read_bytes(frame) == (tmp_path / "source" / source).read_bytes()


def test_a_tracklet_holds_the_frames_of_its_own_person(tmp_path):
    """That rows, names and lines are not off by one: compared with the pictures the tree was made of."""
    store, _ = packed(plant("mars", tmp_path / "source"), tmp_path)
    for name, shown in [
        ("bbox_test/00-1/00-1C2T0001", (7, 2, 0)),
        ("bbox_test/0000/0000C1T0002", (8, 1, 1)),
        ("bbox_test/0002/0002C1T0002", (2, 1, 1)),
        ("bbox_train/0003/0003C2T0001", (3, 2, 0)),
    ]:
        (tracklet,) = np.flatnonzero(store.tracklets["name"] == name)
        assert [store.read_bytes(frame) for frame in store.frames_of(tracklet)] == list(pictures(*shown))


@pytest.mark.parametrize("kind", ["ilids_vid", "prid2011", "prid2011_drawn"])
def test_half_splits(tmp_path, kind):
    """Each split against its definition, read without the layout's own reader."""
    root = tmp_path / "source"
    store, report = packed(plant(kind, root), tmp_path)
    assert report["findings"] == []
    assert len(store.roles) == 10
    people, cameras = store.tracklets["pid"].to_numpy(), store.tracklets["camera"].to_numpy()
    if kind == "ilids_vid":
        folders = sorted(os.listdir(root / "i-LIDS-VID/sequences/cam1"))
        path = root / "train-test people splits/train_test_splits_ilidsvid.mat"
        splits = [
            [
                {int(folders[place - 1].removeprefix("person")) for place in half}
                for half in (row[3:], row[:3])
            ]
            for row in scipy.io.loadmat(path)["ls_set"]
        ]
        shared = {1, 2, 4, 7, 8, 10}
    elif kind == "prid2011":
        rows = json.loads((root / "splits_prid2011.json").read_text())
        splits = [[{int(name[-4:]) for name in row[part]} for part in ("train", "test")] for row in rows]
        shared = {1, 2, 3, 200}
    else:
        splits, shared = [], {1, 2, 3, 200}  # person 9 has too few frames before camera b
    for split, roles in enumerate(store.roles):
        train, test = ({*people[np.isin(roles, found)]} for found in ([TRAIN], [QUERY, GALLERY]))
        assert train | test == shared
        assert not train & test
        assert len(train) == len(shared) // 2
        assert not splits or [train, test] == splits[split]
        assert (cameras[roles == QUERY] == 1).all()
        assert (cameras[roles == GALLERY] == 2).all()
        assert (roles == QUERY).sum() == (roles == GALLERY).sum() == len(test)
    assert len({tuple(roles) for roles in store.roles.tolist()}) > 1
    if kind != "ilids_vid":  # 201 before the two cameras are two people, in no split
        others = store.tracklets[people > 200]
        assert others["pid"].tolist() == [201, 10201]
        assert (store.roles[:, others.index] == UNUSED).all()


def test_drawn_splits_depend_on_the_seed_alone(tmp_path):
    config = plant("prid2011_drawn", tmp_path / "source")
    roles = [
        [
            tracklet.roles
            for tracklet in open_layout(config.model_copy(update={"split_seed": seed})).tracklets()
        ]
        for seed in (0, 0, 1)
    ]
    assert roles[0] == roles[1] != roles[2]


@pytest.mark.parametrize("kind", TREES)
def test_listing_order_does_not_matter(tmp_path, kind, monkeypatch):
    """The file system may list in any order; the store is the same bit for bit."""
    config = plant(kind, tmp_path / "source")
    packed(config, tmp_path / "plain")
    shuffled, original = [], os.scandir

    class Shuffled:
        def __init__(self, entries):
            self._entries = entries

        def __enter__(self):
            return iter(self._entries)

        def __exit__(self, *_):
            pass

    def scandir(path="."):
        with original(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name, reverse=True)
        random.Random(len(shuffled)).shuffle(found)
        shuffled.append(path)
        return Shuffled(found)

    def forbidden(*_):
        raise AssertionError("listed past os.scandir")

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "listdir", forbidden)
    packed(config, tmp_path / "shuffled")
    assert len(shuffled) > 3 or kind in ("mars", "manifest_csv", "manifest_parquet")  # tables name all
    monkeypatch.undo()
    for name in ("tracklets.h5", "integrity.json"):
        assert (tmp_path / "shuffled" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_the_counter_test_an_unsorted_listing_is_noticed(tmp_path, monkeypatch):
    """Where sorting is taken out, the shuffled store differs: the test above can fail."""
    config = plant("duke_video", tmp_path / "source")
    packed(config, tmp_path / "plain")
    monkeypatch.setattr(
        "stcnet_lib.data.source.layouts.base.natural_order", lambda names: sorted(names, reverse=True)
    )
    packed(config, tmp_path / "other")
    assert (tmp_path / "other/tracklets.h5").read_bytes() != (tmp_path / "plain/tracklets.h5").read_bytes()


def test_query_rules():
    tracklets = [(1, 1), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 1), (4, 2), (4, 1), (4, 1), (4, 2)]
    assert choose_queries(tracklets, "spare") == {0, 3, 7, 8}
    assert choose_queries(tracklets, "every_camera") == {0, 2, 3, 4, 5, 7, 8}


def test_the_rule_is_a_setting(tmp_path):
    config = plant("mars_by_names", tmp_path / "source").model_copy(update={"queries": "every_camera"})
    roles = [tracklet.roles[0] for tracklet in open_layout(config).tracklets()]
    assert roles == [row[3] for row in EXPECTED["mars"]]


def test_a_cut_mars_needs_only_one_of_its_folders(tmp_path):
    put(tmp_path / "bbox_test/0007/0007C3T0012F0100.jpg", pictures(7, 1)[0])
    config = plant("mars_by_names", tmp_path / "whole").model_copy(update={"root": str(tmp_path)})
    (tracklet,) = open_layout(config).tracklets()
    assert (tracklet.pid, tracklet.camera, tracklet.frames[0].number) == (7, 3, 100)
    assert tracklet.roles == (GALLERY,)


def test_licence_and_citation_of_the_data_set_or_of_the_settings(tmp_path):
    config = plant("duke_video", tmp_path / "source")
    store, report = packed(config, tmp_path)
    assert "withdrawn" in store.attributes["licence"] == report["licence"]
    assert "CVPR 2018" in store.attributes["citation"] == report["citation"]
    other = config.model_copy(update={"licence": "mine", "citation": "Me, 2020"})
    store, report = packed(other, tmp_path / "other")
    assert (store.attributes["licence"], store.attributes["citation"]) == ("mine", "Me, 2020")
    assert (report["licence"], report["citation"]) == ("mine", "Me, 2020")


# --- faults ---


def refused(config, out):
    with pytest.raises(DataError) as caught:
        packed(config, out)
    return str(caught.value)


def kinds(report):
    return {(finding["kind"], finding["source"]) for finding in report["findings"]}


def test_odd_names_and_strangers_stop_or_are_left_out(tmp_path):
    """In every layout that reads names."""
    for kind, odd, stranger in [
        ("mars_by_names", "bbox_train/0001/thumb.jpg", "bbox_train/0001/0003C1T0001F020.jpg"),
        ("duke_video", "train/0001/0000/thumb.jpg", "train/0001/0000/0002_C1_F0020_X1.jpg"),
        ("duke_video_old", "train/0001/0000/thumb.jpg", "train/0001/0000/0001C2F0020X1.jpg"),
        ("ls_vid", "train/0001/0001_s_01_0.jpg", "train/0001/0001_s_01_0_9.jpg"),
    ]:
        out = tmp_path / kind
        config = plant(kind, out / "source")
        root = out / "source"
        expected = set()
        if kind == "ls_vid":  # a camera that is no number; names of one prefix share their camera
            odd, stranger = "train/0001/0001_s_x_1.jpg", None
            text = (root / "list_sequence/list_seq_train.txt").read_text()
            (root / "list_sequence/list_seq_train.txt").write_text(text + "train/0001/0001_s_x 1\n")
            expected.add(("no_frames", "train/0001/0001_s_x"))
        else:
            put(root / stranger, b"never read")
            expected.add(("mixed_tracklet", stranger))
        expected.add(("odd_name", odd))
        put(root / odd, b"never read")
        message = refused(config, out)
        assert all(f"  {source}: " in message for _, source in expected), message
        store, report = packed(config.model_copy(update={"on_bad_frame": "exclude"}), out)
        assert kinds(report) == expected
        assert store.tracklets["length"].tolist() == [row[4] for row in EXPECTED[kind]]


def test_mars_rows_that_mix_people(tmp_path):
    """A row one line too long reaches into the next tracklet."""
    config = plant("mars", tmp_path / "source")
    path = tmp_path / "source/info/tracks_train_info.mat"
    rows = scipy.io.loadmat(path)["track_train_info"]
    rows[1, 1] += 1  # the second of person 1 takes the first frame of person 3
    rows[0, 3] = 6  # and the first says another camera than its names
    scipy.io.savemat(path, {"track_train_info": rows})
    assert "bbox_train/0003/0003C1T0001F001.jpg: shows person 0003 before camera 1" in refused(
        config, tmp_path
    )
    _, report = packed(config.model_copy(update={"on_bad_frame": "exclude"}), tmp_path)
    assert kinds(report) == {
        ("mixed_tracklet", "bbox_train/0003/0003C1T0001F001.jpg"),
        ("label_disagrees", "bbox_train/0001/0001C1T0001F001.jpg"),
    }


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (0, 0, 0, "row 1 names lines 0 to 4, wanted a range within the 20 lines of info/train_name.txt"),
        (4, 1, 21, "row 5 names lines 17 to 21"),
        (2, 1, 8, "row 3 names lines 9 to 8"),
    ],
)
def test_mars_rows_outside_the_list(tmp_path, row, column, value, message):
    config = plant("mars", tmp_path / "source")
    path = tmp_path / "source/info/tracks_train_info.mat"
    rows = scipy.io.loadmat(path)["track_train_info"]
    rows[row, column] = value
    scipy.io.savemat(path, {"track_train_info": rows})
    with pytest.raises(DataError, match=message):
        open_layout(config)


@pytest.mark.parametrize("row", [0, 10, 1])
def test_mars_queries_outside_the_table_or_of_nobody(tmp_path, row):
    config = plant("mars", tmp_path / "source")
    scipy.io.savemat(tmp_path / "source/info/query_IDX.mat", {"query_IDX": np.array([[row]])})
    with pytest.raises(DataError, match=f"got row {row}, wanted rows of people"):
        open_layout(config)


def test_mars_files_that_are_missing_or_damaged(tmp_path):
    config = plant("mars", tmp_path / "source")
    info = tmp_path / "source/info"
    (info / "query_IDX.mat").write_bytes(b"MATLAB 5.0 and no more")
    with pytest.raises(DataError, match=r"query_IDX.mat: cannot be read as a \.mat file"):
        open_layout(config)
    scipy.io.savemat(info / "query_IDX.mat", {"other": np.array([[1]])})
    with pytest.raises(DataError, match="got no variable 'query_IDX'"):
        open_layout(config)
    (info / "query_IDX.mat").unlink()
    with pytest.raises(DataError, match=r"got no query_IDX\.mat, wanted all five"):
        open_layout(config)
    with pytest.raises(DataError, match="got no folder bbox_train or bbox_test, but no folder at all"):
        open_layout(config.model_copy(update={"root": str(info)}))


def test_mars_frames_that_are_listed_and_missing(tmp_path):
    config = plant("mars", tmp_path / "source")
    gone = "bbox_test/0002/0002C1T0001F002.jpg"
    (tmp_path / "source" / gone).unlink()
    assert gone in refused(config, tmp_path)
    store, report = packed(config.model_copy(update={"on_bad_frame": "exclude"}), tmp_path)
    assert kinds(report) == {("missing", gone)}
    assert store.frame_number[store.frames_of(9)].tolist() == [1, 5, 11]


def test_ls_vid_prefixes_that_begin_others(tmp_path):
    """`…_1` and `…_10`: the frames of the second are not those of the first as well."""
    config = plant("ls_vid", tmp_path / "source")
    lists = tmp_path / "source/list_sequence/list_seq_train.txt"
    prefixes = [f"train/0003/0003_s_01_{n}" for n in (1, 10, 100)]
    for place, prefix in enumerate(prefixes):
        for number, data in enumerate(pictures(place + 1, 1)):
            put(tmp_path / f"source/{prefix}_{number:06d}.jpg", data)
    lists.write_text(lists.read_text() + "".join(f"{prefix} 3\n" for prefix in prefixes))
    found = {t.name: [f.source for f in t.frames] for t in open_layout(config).tracklets()}
    for prefix in prefixes:
        assert found[prefix] == [f"{prefix}_{number:06d}.jpg" for number in range(4)]


def test_ilids_splits_that_do_not_fit_the_folders(tmp_path):
    config = plant("ilids_vid", tmp_path / "source")
    put(tmp_path / "source/i-LIDS-VID/sequences/cam1/person003/1.png", pictures(1, 1)[0])
    with pytest.raises(DataError, match="split 0 numbers 6 people up to 6, wanted each of the 7 folders"):
        open_layout(config)


def test_a_person_of_a_split_who_is_before_one_camera_only(tmp_path):
    config = plant("prid2011", tmp_path / "source")
    for path in (tmp_path / "source/multi_shot/cam_b/person_0003").iterdir():
        path.unlink()
    (tmp_path / "source/multi_shot/cam_b/person_0003").rmdir()
    assert "multi_shot/cam_b: no folder of person 3, who is in a split" in refused(config, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="camera"), "got no column camera"),
        (lambda t: t.drop(columns="role"), "no column role or split"),
        (lambda t: t.assign(role="trian"), "is trian, wanted one of"),
        (lambda t: t.assign(frame="x"), "wanted a whole number"),
        (lambda t: t.assign(pid=None), "row 1 lacks a value"),
        (lambda t: t.assign(path="../" + t["path"]), "wanted paths below"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "in 2 rows, wanted one"),
        (lambda t: t.assign(role=["query", *["train"] * (len(t) - 1)]), "is query and train"),
    ],
)
def test_tables_that_say_nonsense(tmp_path, change, message):
    config = plant("manifest_csv", tmp_path / "source")
    path = tmp_path / "source/manifest.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(DataError, match=message):
        open_layout(config)


@pytest.mark.parametrize("layout", ["manifest", "mars", "ilids_vid", "prid2011", "duke_video", "ls_vid"])
def test_a_folder_of_something_else(tmp_path, layout):
    put(tmp_path / "source/pictures/0.png", b"")
    config = plant("folder", tmp_path / "folder")
    with pytest.raises(DataError):
        open_layout(config.model_copy(update={"layout": layout, "root": str(tmp_path / "source")}))


def test_mars_junk_may_mix_people_and_cameras(tmp_path):
    """Nothing counts it, and nobody says that it shows one person: no frame is lost."""
    config = plant("mars", tmp_path / "source")
    path = tmp_path / "source/info/test_name.txt"
    lines = path.read_text().splitlines()
    assert lines[1] == "00-1C1T0001F002.jpg"
    lines[1] = "00-1C2T0001F002.jpg"
    put(tmp_path / f"source/bbox_test/00-1/{lines[1]}", pictures(7, 2)[1])
    path.write_text("\n".join(lines) + "\n")
    store, report = packed(config, tmp_path)
    assert report["usable"]
    (row,) = np.flatnonzero(store.tracklets["name"] == "bbox_test/00-1/00-1C1T0001")
    assert store.roles[0, row] == JUNK
    assert store.tracklets["length"][row] == 4
    # The picture that the list no longer names is one that nobody reads.
    assert set(report["found"]) <= {"one_frame", "mixed_names", "unsorted", "unread_image"}
    (unread,) = [finding for finding in report["findings"] if finding["kind"] == "unread_image"]
    assert unread["source"] == "bbox_test/00-1/00-1C1T0001F002.jpg"


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (
            [{"train": ["person_0001", "person_0002"], "test": ["person_0002"]}],
            "person_0002 in train and in test",
        ),
        ([], "got an empty list"),
    ],
)
def test_prid_splits_that_leak_or_are_none(tmp_path, splits, message):
    config = plant("prid2011", tmp_path / "source")
    (path,) = (tmp_path / "source").glob("*.json")
    path.write_text(json.dumps(splits))
    assert message in refused(config, tmp_path)


def test_labels_that_look_like_no_value(tmp_path):
    """A camera "NA" is a camera; an empty cell is none."""
    config = plant("manifest_csv", tmp_path / "source")
    path = tmp_path / "source/manifest.csv"
    table = pd.read_csv(path, dtype=str)
    table["camera"] = table["camera"].where(table["camera"] != table["camera"][0], "NA")
    table.to_csv(path, index=False)
    store, _ = packed(config, tmp_path)
    assert len(store) == len(EXPECTED["manifest_csv"])
    table.loc[3, "camera"] = None
    table.to_csv(path, index=False)
    assert "row 4 lacks a value" in refused(config, tmp_path / "other")


def test_names_that_are_not_utf8(tmp_path):
    """A folder named in Latin-1, as an old disk has it: named in the report, left out if so asked."""
    config = plant("folder", tmp_path / "source")
    folder = os.fsencode(tmp_path / "source/train/0001/c1") + b"/M\xfcller"
    os.mkdir(folder)
    with open(folder + b"/f1.jpg", "wb") as file:
        file.write(pictures(1, 1)[0])
    message = refused(config, tmp_path)
    assert "M\\udcfcller/f1.jpg: its name is not UTF-8" in message
    store, report = packed(config.model_copy(update={"on_bad_frame": "exclude"}), tmp_path / "out")
    assert len(store) == len(EXPECTED["folder"])
    assert report["found"] == {"not_utf8": 1, "no_frames": 1}
