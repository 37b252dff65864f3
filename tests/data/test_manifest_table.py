"""Manifests as spreadsheets and scripts write them, against one table whose reading is known."""

from __future__ import annotations

import os

import pandas as pd
import pytest
from trees import plant

from stcnet_lib.common.files import read_json
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError
from stcnet_lib.data.source.layouts.labels import label_key
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.store.tracklets import TrackletStore


@pytest.fixture
def source(tmp_path):
    """A tree with a manifest, its configuration, and the table."""
    config = plant("manifest_csv", tmp_path / "source")
    path = tmp_path / "source/manifest.csv"
    return config, path, pd.read_csv(path, dtype=str)


def listed(config) -> list:
    return list(open_layout(config).tracklets())


def write(path, table, sep=",", encoding="utf-8") -> None:
    path.write_bytes(table.to_csv(index=False, sep=sep).encode(encoding))


def padded(table: pd.DataFrame) -> pd.DataFrame:
    """Blanks behind some values, and before the heads."""
    odd = table.copy()
    odd.loc[::2, ["pid", "camera", "tracklet", "role"]] += " "
    return odd.rename(columns={"pid": " pid", "role": "role "})


SPELLINGS = {
    "semicolons": lambda table, path: write(path, table, ";"),
    "tabs": lambda table, path: write(path, table, "\t"),
    "bars": lambda table, path: write(path, table, "|"),
    "UTF-16": lambda table, path: write(path, table, encoding="utf-16"),
    "a byte order mark": lambda table, path: write(path, table, encoding="utf-8-sig"),
    "blanks": lambda table, path: write(path, padded(table)),
    "capitals": lambda table, path: write(
        path, table.assign(role=table["role"].str.title()).rename(columns=str.upper)
    ),
    "whole floats": lambda table, path: write(path, table.assign(pid=table["pid"] + ".0")),
    "absolute paths": lambda table, path: write(
        path, table.assign(path=str(path.parent) + "/" + table["path"])
    ),
    "detours": lambda table, path: write(path, table.assign(path="./crops//../" + table["path"])),
    "Windows": lambda table, path: write(path, table.assign(path=table["path"].str.replace("/", "\\"))),
    "a head with a hash": lambda table, path: path.write_text("#" + table.to_csv(index=False)),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read_alike(source, spelling):
    config, path, table = source
    expected = listed(config)
    SPELLINGS[spelling](table, path)
    assert listed(config) == expected


def test_absolute_paths_through_a_link(source, tmp_path):
    config, path, table = source
    expected = listed(config)
    (tmp_path / "link").symlink_to(path.parent)
    write(path, table.assign(path=str(path.parent) + "/" + table["path"]))
    assert listed(config.model_copy(update={"root": str(tmp_path / "link")})) == expected


def test_an_export_of_absolute_paths_names_its_own_files(source, tmp_path):
    config, path, table = source
    write(path, table.assign(path=str(path.parent) + "/" + table["path"]))
    (tmp_path / "export").mkdir()
    open_layout(config).copy_tables(tmp_path / "export")
    copied = pd.read_csv(tmp_path / "export/manifest.csv")
    assert set(copied["path"]) == set(table["path"])


def cells(table: pd.DataFrame, column: str, old: str, new: str, every: int = 2) -> pd.DataFrame:
    """Another spelling of a label in every second row that has it."""
    rows = table.index[table[column] == old][::every]
    assert len(rows)
    changed = table.copy()
    changed.loc[rows, column] = new
    return changed


@pytest.mark.parametrize(
    ("column", "old", "new", "message"),
    [
        ("pid", "1", "0001", "got the people '0001' and '1', wanted one spelling"),
        ("pid", "1", "1.0", "got the people '1' and '1.0'"),
        ("camera", "door1", "Door1", "got the cameras 'Door1' and 'door1'"),
        ("camera", "door1", "door01", "got the cameras 'door01' and 'door1'"),
        ("camera", "door1", "door\uff11", "got the cameras"),  # a digit of double width
        ("tracklet", "train-1-1", "train-01-1", "got the tracklets '1/door1/train-01-1' and"),
    ],
)
def test_two_spellings_of_a_label_are_not_two_people(source, column, old, new, message):
    config, path, table = source
    write(path, cells(table, column, old, new))
    with pytest.raises(DataError, match=message):
        open_layout(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.rename(columns={"path": "filename"}), r"did you mean 'path' by 'filename'\?"),
        (lambda t: t.rename(columns={"camera": "camid"}), r"among path, pid, camid, .*'camera' by 'camid'\?"),
        (lambda t: t.rename(columns={"pid": "person_id"}), "'pid' by 'person_id'"),
        (lambda t: t.assign(PID=t["pid"]), "got the column pid twice"),
        (lambda t: t.assign(path="/elsewhere/" + t["path"]), "got the path /elsewhere/crops"),
        (lambda t: t.assign(path="C:\\data\\" + t["path"].str.replace("/", "\\")), "wanted paths below"),
        (lambda t: t.assign(path="source/" + t["path"]), "wanted them relative to"),
        (lambda t: t.assign(path=["./" + t["path"].iloc[1], *t["path"].iloc[1:]]), "in 2 rows, wanted one"),
        (lambda t: t.assign(pid=[" ", *t["pid"].iloc[1:]]), "row 1 lacks a value"),
    ],
)
def test_what_cannot_be_read_says_what_was_found(source, change, message):
    config, path, table = source
    write(path, change(table))
    with pytest.raises(DataError, match=message):
        open_layout(config)


def test_other_encodings_and_too_many_values(source):
    config, path, table = source
    write(path, table.assign(camera="T\u00fcr"), encoding="latin-1")
    with pytest.raises(DataError, match=r"is not UTF-8 \(byte \d+\), wanted UTF-8"):
        open_layout(config)
    path.write_bytes(table.to_csv(index=False).encode("utf-16-le"))
    with pytest.raises(DataError, match="zero bytes"):
        open_layout(config)
    lines = table.to_csv(index=False).splitlines()
    path.write_text("\n".join([lines[0], *(f"{line},more" for line in lines[1:])]))
    with pytest.raises(DataError, match="more values than the 7 columns"):
        open_layout(config)


def test_another_table_says_what_is_there(source):
    config, path, _ = source
    path.rename(path.with_name("Manifest.CSV"))
    with pytest.raises(DataError, match=r"got neither manifest\.csv nor .*, but Manifest\.CSV"):
        open_layout(config)


def test_of_two_tables_one_is_named(source, tmp_path):
    config, path, table = source
    table.astype({"frame": int}).to_parquet(path.with_suffix(".parquet"))
    report_path = tmp_path / "integrity.json"
    prepare(config, tmp_path / "tracklets.h5", report_path, 1000)
    assert read_json(report_path)["notes"] == [
        {"kind": "other_table", "source": "manifest.parquet", "reason": "is not read: manifest.csv counts"}
    ]


@pytest.mark.parametrize(("tree", "old", "new"), [
    ("folder", "train/0002/c1", "train/2/c1"),
    ("folder", "train/0001/c2", "train/0001/C1"),
    ("ilids_vid", "i-LIDS-VID/sequences/cam2/person004", "i-LIDS-VID/sequences/cam2/person4"),
])  # fmt: skip
def test_folders_with_two_spellings(tmp_path, tree, old, new):
    config = plant(tree, tmp_path / "source")
    (tmp_path / "source" / new).parent.mkdir(exist_ok=True)
    (tmp_path / "source" / old).rename(tmp_path / "source" / new)
    with pytest.raises(DataError, match=r"got the (people|cameras) '\w+' and '\w+', wanted one spelling"):
        open_layout(config)


def test_label_key():
    assert label_key(" 0001 ") == label_key("1") == label_key("1.0") != label_key("10")
    assert label_key("-1") != label_key("1")
    assert label_key("Cafe\u0301") == label_key("caf\u00e9")
    assert label_key("\u95e8\u53e3") != label_key("\u5927\u5385")


def test_crops_of_a_tracker_come_in_its_order(tmp_path):
    """im.jpg, im2.jpg … im12.jpg: the first has no number."""
    config = plant("folder", tmp_path / "source")
    folder = tmp_path / "source/train/0001/c1/t0"
    data = [path.read_bytes() for path in sorted((tmp_path / "source").rglob("*.jpg"))[:12]]
    for path in folder.iterdir():
        path.unlink()
    for number, content in enumerate(data, 1):
        (folder / f"im{number if number > 1 else ''}.jpg").write_bytes(content)
    prepare(config, tmp_path / "tracklets.h5", tmp_path / "integrity.json", 1000)
    with TrackletStore(tmp_path / "tracklets.h5") as store:
        names = [os.path.basename(name) for name in store.sources(store.frames_of(0))]
        assert names == ["im.jpg", *(f"im{number}.jpg" for number in range(2, 13))]
    assert "unsorted" not in read_json(tmp_path / "integrity.json")["found"]
