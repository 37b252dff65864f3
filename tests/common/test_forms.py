"""Tables and JSON that say what they are, and are read as nothing else."""

import json

import pandas as pd
import pytest

from stcnet_lib.common.forms import Form, FormError, read_record, read_table, write_record, write_table

SPOONS = Form("stcnet-spoons", 2)
TABLE = pd.DataFrame({"length": [1.5, 2.5], "name": ["a", "b"]})
VALUES = {"length": [1.5, 2.5], "name": None}


def write(kind, path, form=SPOONS, digest="abc"):
    if kind == "table":
        write_table(path, TABLE, form, digest)
    else:
        write_record(path, VALUES, form, digest)


def read(kind, path, digest="abc"):
    return (read_table if kind == "table" else read_record)(path, SPOONS, digest)


def test_a_table_comes_back_and_says_more(tmp_path):
    write_table(tmp_path / "t.parquet", TABLE, SPOONS, split=3, cell={"network": "nl"})
    found = read_table(tmp_path / "t.parquet", SPOONS)
    pd.testing.assert_frame_equal(found, TABLE)
    assert (found.attrs["split"], found.attrs["cell"]) == (3, {"network": "nl"})
    assert TABLE.attrs == {}


def test_a_record_comes_back_without_what_it_says_of_itself(tmp_path):
    write_record(tmp_path / "r.json", VALUES, SPOONS, "abc")
    assert read_record(tmp_path / "r.json", SPOONS, "abc") == VALUES
    assert json.loads((tmp_path / "r.json").read_text()) == {
        **VALUES, "format": "stcnet-spoons", "version": 2, "digest": "abc",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["table", "record"])
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"form": Form("stcnet-forks", 2)}, "got the format stcnet-forks, version 2, wanted stcnet-spoons"),
        ({"form": Form("stcnet-spoons", 99)}, "version 99, wanted stcnet-spoons, version 2: delete it"),
        ({"digest": "another"}, "got a file of another data set"),
        ({"digest": None}, "got a file of another data set"),
    ],
)
def test_something_else_is_refused_and_named(tmp_path, kind, changed, told):
    write(kind, tmp_path / "f", **changed)
    with pytest.raises(FormError, match=told) as error:
        read(kind, tmp_path / "f")
    assert str(error.value).startswith(f"{tmp_path / 'f'}: ")


@pytest.mark.parametrize("kind", ["table", "record"])
def test_without_a_store_to_compare_with_every_store_will_do(tmp_path, kind):
    write(kind, tmp_path / "f")
    read(kind, tmp_path / "f", digest=None)


@pytest.mark.parametrize("kind", ["table", "record"])
@pytest.mark.parametrize("content", [b"", b"\xff\x00 no such form", b"[1, 2]"])
def test_a_damaged_file_is_named(tmp_path, kind, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(FormError, match=r"/f: (not readable|got the format none)"):
        read(kind, tmp_path / "f")


def test_a_table_of_others_says_nothing(tmp_path):
    TABLE.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(FormError, match="got the format none, version none"):
        read_table(tmp_path / "t.parquet", SPOONS)
