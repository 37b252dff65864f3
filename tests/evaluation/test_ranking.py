"""CMC and AP against implementations that sort the gallery, ties included, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from stcnet_lib.evaluation.ranking import (
    Candidates,
    average_precisions,
    cmc_curve,
    match_ranks,
    rank_queries,
    retrieval_metrics,
)
from stcnet_lib.evaluation.similarities import Similarities


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


def sorted_query(query: Candidates, i: int, gallery: Candidates, inside, distractor) -> tuple:
    """candidates and ascending ranks of the matches, by a full stable sort of float64 sums.

    This is how queries were ranked before ranks were counted.
    """
    similarity = gallery.features.astype(np.float64) @ query.features[i].astype(np.float64)
    same = (gallery.pid == query.pid[i]) & ~distractor
    kept = np.flatnonzero(inside & ~(same & (gallery.camera == query.camera[i])))
    order = kept[np.argsort(-similarity[kept].astype(np.float32), kind="stable")]
    return len(kept), (np.flatnonzero(same[order]) + 1).tolist()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    levels=st.sampled_from([0, 1, 5]),  # 0: every similarity is equal
    kind=st.sampled_from(["precisions", "trapezoid"]),
    block=st.sampled_from([1, 3, None]),
)
def test_every_query_equals_a_loop(seed, levels, kind, block):
    query, gallery = random_people(seed, 7, 4, levels), random_people(seed + 1, 23, 4, levels)
    generator = np.random.default_rng(seed + 2)
    junk, distractor = generator.random((2, 23)) < [[0.1], [0.2]]
    every = np.zeros(23, dtype=bool)
    found = rank_queries(query, gallery, distractor=distractor, searched=[~junk, ~every], block=block)
    for left_out, part in zip([junk, every], found, strict=True):
        for i, row in part.table(query, kind).iterrows():
            candidates, matches, first, ap = loop_query(query, i, gallery, left_out, distractor, kind)
            assert (row["candidates"], row["matches"], row["first_match"]) == (candidates, matches, first)
            assert row["ap"] == pytest.approx(ap, abs=1e-12)


def crowded(seed: int, count: int, dimensions: int, spread: float) -> np.ndarray:
    """Unit features, some equal; with a small spread float32 sums cannot tell many of them apart."""
    generator = np.random.default_rng(seed)
    features = 1 + spread * generator.standard_normal((count, dimensions))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    features[generator.integers(0, count, count // 5)] = features[generator.integers(0, count, count // 5)]
    return features.astype(np.float32)


@pytest.mark.parametrize("spread", [0, 1e-3, 1e-2, 0.1, 1])
@pytest.mark.parametrize("block", [11, None])
def test_float32_blocks_give_the_ranks_of_float64_sums(spread, block):
    generator = np.random.default_rng(3)
    features = crowded(5, 400, 300, spread)
    pid, camera = generator.integers(0, 12, 400), generator.integers(0, 3, 400)
    query = Candidates(features[:40], pid[:40], camera[:40])
    gallery = Candidates(features, pid, camera)
    distractor, inside = generator.random((2, 400)) < [[0.3], [0.8]]
    found = rank_queries(
        query, gallery, distractor=distractor, searched=[inside, np.ones(400, dtype=bool)], block=block
    )
    for searched, part in zip([inside, np.ones(400, dtype=bool)], found, strict=True):
        wanted = [sorted_query(query, i, gallery, searched, distractor) for i in range(40)]
        assert part.candidates.tolist() == [candidates for candidates, _ in wanted]
        assert part.matches.tolist() == [len(ranks) for _, ranks in wanted]
        assert part.ranks.tolist() == [rank for _, ranks in wanted for rank in ranks]


@pytest.mark.parametrize("dimensions", [1, 3, 64, 2048])
@pytest.mark.parametrize("shift", [0, 3])  # 3: next to no negative values, so that sums only grow
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_slack_is_more_than_what_float32_sums_are_off(dimensions, shift, kind):
    generator = np.random.default_rng(dimensions)
    features = generator.standard_normal((300, dimensions)) + shift
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(kind)
    similarities = Similarities(features[:50], features)
    exact = features[:50].astype(np.float64) @ features.T.astype(np.float64)
    for start, values in similarities.blocks(20):
        stop = start + len(values)
        off = np.abs(values - exact[start:stop])
        assert (off < similarities.slack(start, stop)[:, None] / 3).all()


def test_exact_similarities_are_those_of_float64_sums_however_they_are_asked_for():
    features = crowded(1, 300, 64, 0.5)
    similarities = Similarities(features[:50], features)
    wanted = (features[:50].astype(np.float64) @ features.T.astype(np.float64)).astype(np.float32)
    rows, columns = np.random.default_rng(0).integers(0, [[20], [300]], (2, 400))
    np.testing.assert_array_equal(similarities.exact_rows(10, 30), wanted[10:30])
    np.testing.assert_array_equal(similarities.exact(rows + 10, columns), wanted[rows + 10, columns])
    for count in (5, 400):  # few pairs are computed alone, many with the whole block
        block = np.full((20, 300), 7, dtype=np.float32)
        similarities.settle(10, block, rows[:count], columns[:count])
        pairs = rows[:count], columns[:count]
        np.testing.assert_array_equal(block[pairs], wanted[10:30][pairs])
        assert (block == 7).any() == (count == 5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=st.lists(st.integers(0, 4), min_size=1, max_size=30), data=st.data())
def test_ranks_are_those_of_a_stable_argsort(values, data):
    similarity = np.array(values, dtype=np.float32)
    matches = np.array(sorted(data.draw(st.sets(st.integers(0, len(values) - 1)))), dtype=np.int64)
    order = np.argsort(-similarity, kind="stable")
    wanted = np.flatnonzero(np.isin(order, matches)) + 1
    assert match_ranks(similarity, matches, np.arange(len(values))).tolist() == wanted.tolist()


def test_ap_equals_scikit_learn_without_ties():
    generator = np.random.default_rng(0)
    for _ in range(20):
        similarity = generator.permutation(40).astype(np.float32)
        good = generator.random(40) < 0.2
        good[0] = True
        ranks = match_ranks(similarity, np.flatnonzero(good), np.arange(40))
        ap = average_precisions(ranks, np.array([len(ranks)]), "precisions")
        assert ap == pytest.approx([average_precision_score(good, similarity)], abs=1e-12)


def test_known_average_precisions():
    ranks, matches = np.array([1, 2, 3, 2]), np.array([3, 0, 1])  # perfect, without a match, second
    assert average_precisions(ranks, matches, "precisions").tolist() == [1, 0, 0.5]
    # From precision 0 at rank 1 to 1/2 at rank 2.
    assert average_precisions(ranks, matches, "trapezoid").tolist() == [1, 0, 0.25]
    with pytest.raises(ValueError, match="wanted precisions or trapezoid"):
        average_precisions(ranks, matches, "interpolated")


def test_summary_and_curve_count_scored_queries_only():
    features = np.array([[1.0, 0.0]], dtype=np.float32)
    query = Candidates(np.repeat(features, 3, axis=0), np.array([1, 2, 9]), np.zeros(3, dtype=int))
    gallery = Candidates(
        np.array([[0.9, 0], [0.8, 0], [0.7, 0]], dtype=np.float32), np.array([1, 5, 2]), np.ones(3, dtype=int)
    )
    table = rank_queries(query, gallery)[0].table(query)
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


def test_equal_features_tie_and_blocks_change_nothing():
    """Float32 sums alone fail this: their last bits differ with the place of a row in the matrix."""
    generator = np.random.default_rng(0)
    originals = generator.standard_normal((51, 512)).astype(np.float32)
    features = np.concatenate([originals, originals])  # the copies come last, so an original ranks first
    pid = np.concatenate([np.zeros(51, dtype=int), np.arange(1, 52)])
    gallery = Candidates(features, pid, np.ones(102, dtype=int))
    query = Candidates(originals, np.arange(1, 52), np.zeros(51, dtype=int))
    whole = rank_queries(query, gallery)[0].table(query)
    assert whole["first_match"].tolist() == [2] * 51
    for block in (1, 7):
        assert rank_queries(query, gallery, block=block)[0].table(query).equals(whole)
