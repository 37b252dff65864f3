"""Sparse k-reciprocal re-ranking against the dense one as published, and what it does to a search."""

import re

import numpy as np
import pytest

from benchmarks import ranking
from benchmarks.ranking import dense_reranking, features_like_mars
from stcnet_lib.evaluation.neighbours import nearest_neighbours
from stcnet_lib.evaluation.protocols import evaluate_protocols
from stcnet_lib.evaluation.ranking import Candidates, rank_queries
from stcnet_lib.evaluation.reranking import Reranked, Reranking
from stcnet_lib.evaluation.similarities import Similarities


def people(seed: int, count: int, noise: float, dimensions: int = 24) -> np.ndarray:
    """Unit features of a dozen people; some are equal."""
    generator = np.random.default_rng(seed)
    features = generator.standard_normal((12, dimensions))[generator.integers(0, 12, count)]
    features = features + noise * generator.standard_normal(features.shape)
    features[generator.integers(0, count, count // 10)] = features[generator.integers(0, count, count // 10)]
    return (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)


def settled(reranked: Reranked, block: int | None = None) -> np.ndarray:
    """Exact distances (Q, N)."""
    found = []
    for start, nearness in reranked.blocks(block):
        reranked.settle(start, nearness, *np.nonzero(np.ones_like(nearness)))
        found.append(-nearness)
    return np.concatenate(found)


@pytest.mark.parametrize("noise", [0, 0.3, 1, 3])
@pytest.mark.parametrize(
    "settings",
    [
        Reranking(),
        Reranking(k1=1, k2=1, lambda_=0),
        Reranking(k1=7, k2=3, lambda_=0.5),
        Reranking(k1=5, k2=20, lambda_=1),
        Reranking(k1=400, k2=6),
    ],
    ids=str,
)
def test_distances_are_those_of_the_dense_algorithm(noise, settings):
    features = people(int(10 * noise), 120, noise)
    queries = np.random.default_rng(1).permutation(120)[:50]
    wanted = dense_reranking(features, queries, settings)
    reranked = Reranked(features, queries, settings)
    for block in (13, None):
        np.testing.assert_allclose(settled(reranked, block), wanted, atol=1e-5)
        for start, nearness in reranked.blocks(block):
            stop = start + len(nearness)
            off = np.abs(nearness + settled(reranked)[start:stop])
            assert (off <= reranked.slack(start, stop)[:, None]).all()
            break


@pytest.mark.parametrize("noise", [0, 1e-7, 1e-6, 1e-5, 1])
@pytest.mark.parametrize("rows", [37, None])
@pytest.mark.parametrize("count", [1, 30, 300])
def test_neighbours_are_those_of_a_stable_sort_of_float64_sums(noise, rows, count, monkeypatch):
    """With little noise float32 sums could not tell who is nearer, so the exact ones decide."""
    features = people(3, 300, noise, dimensions=500)
    if rows:
        monkeypatch.setattr(Similarities, "block_rows", lambda _: rows)
    wide = features.astype(np.float64)
    similarity = (wide @ wide.T).astype(np.float32)
    nearest, farthest = nearest_neighbours(features, count)
    np.testing.assert_array_equal(nearest, np.argsort(-similarity, axis=1, kind="stable")[:, :count])
    np.testing.assert_allclose(farthest, similarity.min(axis=1), atol=3e-7)


def test_a_search_sorts_by_the_distance():
    features = people(5, 300, 1)
    generator = np.random.default_rng(0)
    pid, camera = generator.integers(0, 12, 300), generator.integers(0, 3, 300)
    everybody, queries = Candidates(features, pid, camera), np.arange(40)
    query = Candidates(features[:40], pid[:40], camera[:40])
    inside = generator.random(300) < 0.8
    reranked = Reranked(features, queries, Reranking())
    distances = settled(reranked)
    for block in (7, None):
        found = rank_queries(query, everybody, searched=[inside], nearness=reranked, block=block)[0]
        wanted = []
        for i in queries:
            kept = np.flatnonzero(inside & ~((pid == pid[i]) & (camera == camera[i])))
            order = kept[np.argsort(distances[i, kept], kind="stable")]
            wanted += (np.flatnonzero(pid[order] == pid[i]) + 1).tolist()
        assert found.ranks.tolist() == wanted


def test_protocols_take_the_order_that_re_ranking_gives():
    data = features_like_mars(30, 64, noise=1.5)
    data["camera"][:] = np.random.default_rng(0).integers(0, 4, len(data["camera"]))
    plain = evaluate_protocols(data, "official")
    again = evaluate_protocols(data, "official", rerank=Reranking())
    for name in plain:
        assert again[name].gallery_size == plain[name].gallery_size
        assert again[name].unmatched == plain[name].unmatched
        assert again[name].queries["candidates"].equals(plain[name].queries["candidates"])
    # Neighbours help where people are clusters, as here.
    assert again["official"].metrics["mAP"] > plain["official"].metrics["mAP"] + 0.01
    # With the features alone (lambda 1) the order is theirs.
    features_only = evaluate_protocols(data, "official", rerank=Reranking(lambda_=1.0))
    assert features_only["official"].metrics["mAP"] == pytest.approx(
        plain["official"].metrics["mAP"], abs=1e-6
    )


def test_one_tracklet_and_equal_ones_have_no_distance():
    one = np.array([[0.6, 0.8]], dtype=np.float32)
    assert settled(Reranked(one, np.array([0]), Reranking())) == pytest.approx(0, abs=1e-6)
    same = np.repeat(one, 40, axis=0)
    assert np.isfinite(settled(Reranked(same, np.arange(5), Reranking()))).all()


def test_the_benchmark_compares_equal_numbers(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ranking", "--people=30", "--dimensions=32", "--repeats=1"])
    ranking.main()
    differences = [float(found) for found in re.findall(r" within (\S+) \|", capsys.readouterr().out)]
    assert len(differences) == 4  # three galleries, and re-ranking
    assert differences[:3] == pytest.approx([0] * 3, abs=1e-12)
    assert differences[3] < 1e-5
