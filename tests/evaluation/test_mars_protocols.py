"""The three protocols on one embedding set with the roles of MARS: its counts, and how the three differ.

The loops follow the definitions: `gallery-only` and `query-in-gallery` average the precision at every match,
`official` adds up trapezoids under the precision-recall curve as it walks down the list.
"""

import json
import sys

import numpy as np
import pytest

from benchmarks.ranking import features_like_mars
from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS, evaluate_protocols
from stcnet_lib.evaluation.reranking import Reranking
from stcnet_lib.reid.embeddings import Embeddings
from workflow.scripts import evaluate

QUERIES, PEOPLE, GALLERY, DISTRACTORS, JUNK = 1980, 626, 6082, 3248, 870
UNMATCHED = 140  # queries whose person is in the gallery, without queries, before their own camera only
CHECKED = 60  # queries that the loops search with, of each protocol


@pytest.fixture(scope="module")
def mars() -> Embeddings:
    """Tracklets by role as in MARS: noisy features of 626 people, junk that resembles them."""
    generator = np.random.default_rng(7)
    cameras = [generator.permutation(6)[: 4 if person < 102 else 3] for person in range(PEOPLE)]
    rows = [(person + 1, camera, Role.QUERY) for person in range(PEOPLE) for camera in cameras[person]]
    for n in range(GALLERY):
        person = n % PEOPLE
        seen = cameras[person][:1] if person < UNMATCHED else cameras[person]
        rows.append((person + 1, seen[n // PEOPLE % len(seen)], Role.GALLERY))
    rows += [(0, camera, Role.DISTRACTOR) for camera in generator.integers(0, 6, DISTRACTORS)]
    rows += [(-1, camera, Role.JUNK) for camera in generator.integers(0, 6, JUNK)]
    pid, camera, role = np.array([rows[i] for i in generator.permutation(len(rows))]).T
    centres = generator.standard_normal((PEOPLE, 24))
    shown = np.where(pid > 0, pid - 1, generator.integers(0, PEOPLE, len(pid)))
    # Distractors look like nobody; junk looks like people, so that ranking it would change the numbers.
    known = np.where(role == Role.DISTRACTOR, 0.0, 1.0)[:, None]
    features = known * centres[shown] + 0.9 * generator.standard_normal((len(pid), 24))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    return Embeddings(features, np.arange(len(pid)), pid, camera, role.astype(np.int8))


@pytest.fixture(scope="module")
def results(mars):
    return evaluate_protocols(vars(mars), "query-in-gallery", ranks=(1, 5))


def ranked(mars: Embeddings, q: int, searched: list[Role]) -> np.ndarray:
    """Tracklets from the nearest to the farthest."""
    gallery = np.flatnonzero(np.isin(mars.role, searched))
    similarity = mars.features[gallery].astype(np.float64) @ mars.features[q].astype(np.float64)
    return gallery[np.argsort(-similarity.astype(np.float32), kind="stable")]


def good(mars: Embeddings, q: int, g: int) -> bool:
    return mars.pid[g] == mars.pid[q] and mars.camera[g] != mars.camera[q]


def loop_precisions(mars: Embeddings, q: int, searched: list[Role]) -> tuple[int, float] | None:
    """(rank of the first match, mean of the precisions at the matches), or None without a match."""
    place, precisions, first = 0, [], 0
    for g in ranked(mars, q, searched):
        if mars.pid[g] == mars.pid[q] and mars.camera[g] == mars.camera[q]:
            continue
        place += 1
        if good(mars, q, g):
            precisions.append((len(precisions) + 1) / place)
            first = first or place
    return (first, sum(precisions) / len(precisions)) if precisions else None


def loop_trapezoid(mars: Embeddings, q: int) -> tuple[int, float]:
    """(rank of the first match, area under the precision-recall curve), all test tracklets searched."""
    order = ranked(mars, q, [Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK])
    total = sum(good(mars, q, g) for g in order)
    area, old_recall, old_precision, found, place, first = 0.0, 0.0, 1.0, 0, 0, 0
    for g in order:
        if mars.pid[g] == -1 or (mars.pid[g] == mars.pid[q] and mars.camera[g] == mars.camera[q]):
            continue
        place += 1
        if good(mars, q, g):
            found += 1
            first = first or place
        recall, precision = found / total, found / place
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return first, area


def test_counts_of_mars(results):
    counts = {
        name: (len(r.queries), len(r.unmatched), r.gallery_size, r.gallery_junk)
        for name, r in results.items()
    }
    assert counts == {
        "gallery-only": (1840, 140, 9330, 0),
        "query-in-gallery": (1980, 0, 11310, 0),
        "official": (1980, 0, 12180, 870),
    }


def test_unmatched_queries_are_those_of_the_definition(mars, results):
    in_gallery = mars.role == Role.GALLERY
    alone = [
        q
        for q in np.flatnonzero(mars.role == Role.QUERY)
        if not any(good(mars, q, g) for g in np.flatnonzero(in_gallery & (mars.pid == mars.pid[q])))
    ]
    assert results["gallery-only"].unmatched == alone


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_each_protocol_equals_the_loop_of_its_definition(mars, results, name):
    queries = results[name].queries.set_index("tracklet")
    for q in np.flatnonzero(mars.role == Role.QUERY)[:: QUERIES // CHECKED]:
        searched = [Role.GALLERY, Role.DISTRACTOR]
        if name == "query-in-gallery":
            searched.append(Role.QUERY)
        wanted = loop_trapezoid(mars, q) if name == "official" else loop_precisions(mars, q, searched)
        if wanted is None:
            assert q in results[name].unmatched
            continue
        row = queries.loc[q]
        assert (row["first_match"], row["ap"]) == (wanted[0], pytest.approx(wanted[1], abs=1e-9))


def test_the_three_differ_as_they_should(results):
    only, inside, official = (results[name] for name in PROTOCOLS)
    # The same list of the same candidates once junk is skipped: equal ranks, and of every query less area.
    assert inside.metrics["rank-1"] == official.metrics["rank-1"]
    assert inside.queries["first_match"].equals(official.queries["first_match"])
    assert (official.queries["ap"] <= inside.queries["ap"] + 1e-12).all()
    assert official.metrics["mAP"] < inside.metrics["mAP"] - 0.001
    # Other queries, other candidates: neither metric agrees.
    assert abs(only.metrics["rank-1"] - inside.metrics["rank-1"]) > 0.001
    assert abs(only.metrics["mAP"] - inside.metrics["mAP"]) > 0.001


def test_evaluate_writes_all_three_and_the_headline(mars, results, tmp_path, monkeypatch):
    mars.write(tmp_path / "embeddings.h5", {})
    cell = ["--network=nl", "--train=raw", "--test=copy", "--split=0", "--seed=4"]
    for headline in ("official", "gallery-only"):
        options = {"embeddings": "embeddings.h5", "metrics": "metrics.json"}
        options |= {"queries": "queries.parquet", "cmc": "cmc.csv"}
        config = json.dumps({"protocol": headline, "ranks": [5]})  # rank-1 comes unasked
        paths = [text for name, file in options.items() for text in (f"--{name}", str(tmp_path / file))]
        monkeypatch.setattr(sys, "argv", ["evaluate", "--config", config, *paths, *cell])
        evaluate.main()
        written = json.loads((tmp_path / "metrics.json").read_text())
        assert written["protocol"] == headline
        assert written["metrics"] == results[headline].metrics
        assert written["test_frames"] == "all"
        assert written["rerank"] is False
        assert written["cell"] == {"network": "nl", "train": "raw", "test": "copy", "split": 0, "seed": 4}
        assert written["protocols"] == {name: found.as_dict() for name, found in results.items()}
    assert written["queries_unmatched"] == len(written["queries_without_match"]) == UNMATCHED


def test_evaluate_says_how_it_re_ranked(tmp_path, monkeypatch):
    """A hundredth of MARS; that the order is another one is what test_reranking looks at."""
    data = features_like_mars(40, 64, noise=1.5)
    Embeddings(**data, tracklet=np.arange(len(data["pid"]))).write(tmp_path / "embeddings.h5", {})
    options = {"embeddings": "embeddings.h5", "metrics": "metrics.json"}
    options |= {"queries": "queries.parquet", "cmc": "cmc.csv"}
    paths = [text for name, file in options.items() for text in (f"--{name}", str(tmp_path / file))]
    cell = ["--network=nl", "--train=raw", "--test=copy", "--split=0", "--seed=4"]
    config = json.dumps({"protocol": "official", "rerank": True, "rerank_k1": 9, "rerank_lambda": 0.2})
    monkeypatch.setattr(sys, "argv", ["evaluate", "--config", config, *paths, *cell])
    evaluate.main()
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written["rerank"] == {"k1": 9, "k2": 6, "lambda": 0.2}
    found = evaluate_protocols(data, "official", rerank=Reranking(k1=9, lambda_=0.2))
    assert written["metrics"]["mAP"] == found["official"].metrics["mAP"]
