"""CMC and AP against an implementation written as loops, ties included, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from stcnet_lib.evaluation.ranking import (
    Candidates,
    average_precision_of,
    cmc_curve,
    match_ranks,
    rank_queries,
    retrieval_metrics,
)


def loop_ap(good: list[bool], kind: str) -> float:
    """AP of a ranked list; trapezoid follows compute_AP.m of MARS step by step."""
    if kind == "precisions":
        found, total = 0, 0.0
        for position, is_good in enumerate(good, 1):
            if is_good:
                found += 1
                total += found / position
        return total / found
    count, found, area = sum(good), 0, 0.0
    old_recall, old_precision = 0.0, 1.0
    for position, is_good in enumerate(good, 1):
        found += is_good
        recall, precision = found / count, found / position
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return area


def loop_query(query: Candidates, i: int, gallery: Candidates, junk, distractor, kind: str) -> tuple:
    """candidates, matches, first match and AP of one query, by a stable sort of Python tuples."""
    ranked = []
    for g in range(len(gallery.pid)):
        same = gallery.pid[g] == query.pid[i] and not distractor[g]
        if junk[g] or (same and gallery.camera[g] == query.camera[i]):
            continue
        similarity = sum(
            float(a) * float(b) for a, b in zip(query.features[i], gallery.features[g], strict=True)
        )
        ranked.append((-similarity, g, bool(same)))
    good = [same for _, _, same in sorted(ranked)]
    first = good.index(True) + 1 if any(good) else 0
    return len(good), sum(good), first, loop_ap(good, kind) if any(good) else 0.0


def random_people(seed: int, count: int, people: int, levels: int) -> Candidates:
    """Features of small integers: dot products are exact in float32 and collide often."""
    generator = np.random.default_rng(seed)
    features = generator.integers(-levels, levels + 1, (count, 3)).astype(np.float32)
    return Candidates(features, generator.integers(0, people, count), generator.integers(0, 3, count))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    levels=st.sampled_from([0, 1, 5]),  # 0: every similarity is equal
    kind=st.sampled_from(["precisions", "trapezoid"]),
    chunk=st.sampled_from([1, 3, None]),
)
def test_every_query_equals_a_loop(seed, levels, kind, chunk):
    query, gallery = random_people(seed, 7, 4, levels), random_people(seed + 1, 23, 4, levels)
    generator = np.random.default_rng(seed + 2)
    junk, distractor = generator.random(23) < 0.1, generator.random(23) < 0.2
    table = rank_queries(
        query, gallery, junk=junk, distractor=distractor, average_precision=kind, chunk=chunk
    )
    for i, row in table.iterrows():
        candidates, matches, first, ap = loop_query(query, i, gallery, junk, distractor, kind)
        assert (row["candidates"], row["matches"], row["first_match"]) == (candidates, matches, first)
        assert row["ap"] == pytest.approx(ap, abs=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=st.lists(st.integers(0, 4), min_size=1, max_size=30), data=st.data())
def test_ranks_are_those_of_a_stable_argsort(values, data):
    similarity = np.array(values, dtype=np.float32)
    matches = np.array(sorted(data.draw(st.sets(st.integers(0, len(values) - 1)))), dtype=np.int64)
    order = np.argsort(-similarity, kind="stable")
    wanted = np.flatnonzero(np.isin(order, matches)) + 1
    assert match_ranks(similarity, matches).tolist() == wanted.tolist()


def test_ap_equals_scikit_learn_without_ties():
    generator = np.random.default_rng(0)
    for _ in range(20):
        similarity = generator.permutation(40).astype(np.float32)
        good = generator.random(40) < 0.2
        good[0] = True
        ranks = match_ranks(similarity, np.flatnonzero(good))
        ap = average_precision_of(ranks, "precisions")
        assert ap == pytest.approx(average_precision_score(good, similarity), abs=1e-12)


def test_known_average_precisions():
    perfect, second = np.array([1, 2, 3]), np.array([2])
    assert average_precision_of(perfect, "precisions") == average_precision_of(perfect, "trapezoid") == 1
    assert average_precision_of(second, "precisions") == 0.5
    assert average_precision_of(second, "trapezoid") == 0.25  # from precision 0 at rank 1 to 1/2 at rank 2
    with pytest.raises(ValueError, match="wanted precisions or trapezoid"):
        average_precision_of(second, "interpolated")


def test_summary_and_curve_count_scored_queries_only():
    features = np.array([[1.0, 0.0]], dtype=np.float32)
    query = Candidates(np.repeat(features, 3, axis=0), np.array([1, 2, 9]), np.zeros(3, dtype=int))
    gallery = Candidates(
        np.array([[0.9, 0], [0.8, 0], [0.7, 0]], dtype=np.float32), np.array([1, 5, 2]), np.ones(3, dtype=int)
    )
    table = rank_queries(query, gallery)
    assert table["first_match"].tolist() == [1, 3, 0]
    assert retrieval_metrics(table, [1, 2, 3]) == {
        "mAP": pytest.approx((1 + 1 / 3) / 2),
        "rank-1": 0.5,
        "rank-2": 0.5,
        "rank-3": 1.0,
    }
    curve = cmc_curve(table, 4)
    assert curve["rank"].tolist() == [1, 2, 3, 4]
    assert curve["cmc"].tolist() == [0.5, 0.5, 1.0, 1.0]
    with pytest.raises(ValueError, match="none with a match"):
        retrieval_metrics(table[table["matches"] == 0], [1])


def test_unusable_features_are_refused():
    with pytest.raises(ValueError, match="row 1"):
        Candidates(np.array([[1.0], [np.nan]]), np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="one pid and camera a row"):
        Candidates(np.ones((2, 3)), np.zeros(2), np.zeros(1))


def test_equal_features_tie_and_chunks_change_nothing():
    """Sums in float32 fail this: their last bits differ with the place of a row in the matrix."""
    generator = np.random.default_rng(0)
    originals = generator.standard_normal((51, 512)).astype(np.float32)
    features = np.concatenate([originals, originals])  # the copies come last, so an original ranks first
    pid = np.concatenate([np.zeros(51, dtype=int), np.arange(1, 52)])
    gallery = Candidates(features, pid, np.ones(102, dtype=int))
    query = Candidates(originals, np.arange(1, 52), np.zeros(51, dtype=int))
    whole = rank_queries(query, gallery)
    assert whole["first_match"].tolist() == [2] * 51
    for chunk in (1, 7):
        assert rank_queries(query, gallery, chunk=chunk).equals(whole)
