"""`stcnet evaluate`, `rank`, `show` and `convert` on a small store, against the library and the pictures."""

import json

import numpy as np
import pytest
from stores import write_store

from stcnet_lib.cli.main import main
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.evaluation.protocols import evaluate_protocol
from stcnet_lib.evaluation.ranked_list import ranked_list
from stcnet_lib.reid.embeddings import Embeddings


@pytest.fixture
def store(tmp_path):
    """Twelve people before two cameras; tracklets 12 to 23 are queries."""
    return write_store(tmp_path / "tracklets.h5", people=12)


@pytest.fixture
def embeddings(store, tmp_path):
    """Noisy features of people, so that some are mistaken: the file, and what is in it."""
    rng = np.random.default_rng(3)
    with TrackletStore(store) as opened:
        rows = opened.tracklets_with(0, Role.QUERY)
        table = opened.tracklets.iloc[rows]
    person = np.random.default_rng(4).normal(size=(13, 8))[table["pid"].to_numpy()]
    features = (person + 1.5 * rng.normal(size=person.shape)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    roles = np.full(len(rows), int(Role.QUERY), np.int8)
    found = Embeddings(features, rows, table["pid"].to_numpy(), table["camera"].to_numpy(), roles)
    found.write(tmp_path / "embeddings.h5", {})
    return tmp_path / "embeddings.h5", found


def refused(capsys, *arguments: object) -> str:
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    assert done.value.code == 1
    return capsys.readouterr().err


def test_evaluate(embeddings, tmp_path, capsys):
    path, found = embeddings
    main(["evaluate", str(path), "--ranks", "1", "3", "--json", str(tmp_path / "all.json")])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["protocol", "mAP", "rank-1", "rank-3", "queries", "unmatched", "gallery"]
    wanted = evaluate_protocol(vars(found), "official", (1, 3))
    shares = [f"{100 * wanted.metrics[name]:.1f}" for name in ("mAP", "rank-1", "rank-3")]
    assert ["official", *shares, "12", "0", "12"] in lines
    assert ["gallery-only", *"––––––"] in lines
    assert json.loads((tmp_path / "all.json").read_text())["official"]["metrics"] == wanted.metrics


def test_convert_and_evaluate_again(embeddings, store, tmp_path, capsys):
    path, _ = embeddings
    main(["evaluate", str(path)])
    before = capsys.readouterr().out
    main(["convert", str(path), str(tmp_path / "e.npz"), "--store", str(store)])
    assert "12 tracklets, 8 dimensions" in capsys.readouterr().out
    main(["evaluate", str(tmp_path / "e.npz")])
    assert capsys.readouterr().out == before
    with np.load(tmp_path / "e.npz") as arrays:
        assert arrays["name"].tolist()[:2] == ["7/0", "7/1"]
    assert "wanted a name that ends in .npz" in refused(capsys, "convert", path, tmp_path / "e.csv")


def test_rank(embeddings, store, capsys):
    path, found = embeddings
    main(["rank", str(path), "9/0", "--store", str(store), "--top", "5"])
    head, _, *rows, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["right", "name", "rank", "tracklet", "person", "camera", "similarity"]
    wanted = ranked_list(found, 16)
    for line, row in zip(rows, wanted.head(5).itertuples(), strict=True):
        cells = line.split()
        assert cells[: 1 if row.right else 0] == ["*"] * row.right
        numbers = [str(row.rank), str(row.tracklet), str(row.pid), str(row.camera), f"{row.similarity:.4f}"]
        assert cells[-5:] == numbers
    first = wanted.loc[wanted["right"], "rank"].iloc[0]
    assert last == f"11 candidates (query-in-gallery), 1 of them right, the first at rank {first}"
    assert "names need --store" in refused(capsys, "rank", path, "9/0")
    assert "got tracklet 3 as query" in refused(capsys, "rank", path, "3")
    assert "got no --store" in refused(capsys, "rank", path, "16", "--picture", "a.png")


def test_show_refuses_what_is_not_there(store, tmp_path, capsys):
    assert "names 0 tracklets" in refused(capsys, "show", store, "99/9", "--out", tmp_path / "a.png")
    assert "ends in .svg, .png or .webp" in refused(capsys, "show", store, "3", "--out", tmp_path / "a.bmp")
    assert "--frames: got 0" in refused(
        capsys, "show", store, "3", "--frames", 0, "--out", tmp_path / "a.png"
    )
    assert not list(tmp_path.glob("a.*"))
    main(["show", str(store), "3", "--out", str(tmp_path / "a.png")])
    assert capsys.readouterr().out.strip() == str(tmp_path / "a.png")
