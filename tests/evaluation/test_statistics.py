"""The bootstrap over identities against a plain loop with the same draws, and cases with a known answer."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation import statistics
from stcnet_lib.evaluation.statistics import (
    bootstrap_metrics,
    draw_identities,
    gap_closed,
    paired_bootstrap,
)


def queries(seed: int, people: int = 12, quality: float = 0.0) -> pd.DataFrame:
    """A per-query table; the pids and tracklets are the same for every seed."""
    pid = np.repeat(np.arange(people) * 3, np.arange(people) % 3 + 1)
    generator = np.random.default_rng(seed)
    ap = np.clip(generator.random(len(pid)) * 0.7 + quality, 0, 1)
    first = generator.integers(1, 4, len(pid))
    return pd.DataFrame({"tracklet": np.arange(len(pid)) * 2, "pid": pid, "ap": ap, "first_match": first})


def loop_bootstrap(tables: list[pd.DataFrame], resamples: int, seed: int) -> np.ndarray:
    """(S, R, 2): the drawn people's queries listed one by one, a person drawn twice twice."""
    people = sorted(set(tables[0]["pid"]))
    counts = np.concatenate(list(draw_identities(len(people), resamples, seed)))
    result = np.zeros((len(tables), resamples, 2))
    for s, table in enumerate(tables):
        for r in range(resamples):
            ap, hit = [], []
            for person, times in zip(people, counts[r], strict=True):
                mine = table[table["pid"] == person]
                ap += list(mine["ap"]) * times
                hit += [first == 1 for first in mine["first_match"]] * times
            result[s, r] = sum(ap) / len(ap), sum(hit) / len(hit)
    return result


def test_bootstrap_equals_a_loop_with_the_same_draws():
    a, b = queries(0), queries(1, quality=0.1)
    drawn = bootstrap_metrics({"a": a, "b": b}, 100, seed=7)
    looped = loop_bootstrap([a, b], 100, seed=7)
    np.testing.assert_allclose(drawn, looped, atol=1e-12)
    result = paired_bootstrap(a, b, 100, seed=7)
    for m, metric in enumerate(("mAP", "rank-1")):
        for name, values in (
            ("a", looped[0, :, m]),
            ("b", looped[1, :, m]),
            ("difference", looped[1, :, m] - looped[0, :, m]),
        ):
            interval = result[metric][name]
            low, high = np.percentile(values, [2.5, 97.5])
            assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))
    assert result["mAP"]["a"].value == pytest.approx(a["ap"].mean())
    assert result["mAP"]["difference"].value == pytest.approx(b["ap"].mean() - a["ap"].mean())
    assert result["rank-1"]["b"].value == pytest.approx((b["first_match"] == 1).mean())


def test_draws_add_up_and_do_not_depend_on_the_blocks(monkeypatch):
    whole = np.concatenate(list(draw_identities(9, 50, seed=3)))
    monkeypatch.setattr(statistics, "_CHUNK_COUNTS", 9 * 7)
    parts = list(draw_identities(9, 50, seed=3))
    assert len(parts) == 8
    assert np.array_equal(np.concatenate(parts), whole)
    assert (whole.sum(axis=1) == 9).all()
    assert not np.array_equal(whole, np.concatenate(list(draw_identities(9, 50, seed=4))))


def test_interval_of_the_mean_is_the_analytic_one():
    """With one query a person the bootstrap's deviation is sd / sqrt(n), so the interval is ± 1.96 of it."""
    generator = np.random.default_rng(0)
    n = 400
    table = pd.DataFrame(
        {"tracklet": range(n), "pid": range(n), "ap": generator.random(n), "first_match": np.ones(n, int)}
    )
    interval = paired_bootstrap(table, table, 4000, seed=0)["mAP"]["a"]
    half = 1.96 * table["ap"].std(ddof=0) / np.sqrt(n)
    # 4,000 resamples know a 2.5 % quantile to about 0.04 standard errors: 5 % of the half width is ample.
    assert interval.high - interval.value == pytest.approx(half, rel=0.05)
    assert interval.value - interval.low == pytest.approx(half, rel=0.05)


def test_queries_of_one_person_do_not_narrow_the_interval():
    """Sixteen copies of every query carry no news: the interval must stay, not shrink by four."""
    once = pd.DataFrame(
        {
            "tracklet": range(100),
            "pid": range(100),
            "ap": np.random.default_rng(1).random(100),
            "first_match": np.ones(100, int),
        }
    )
    many = pd.concat([once] * 16, ignore_index=True).assign(tracklet=range(1600))
    a, b = (paired_bootstrap(t, t, 500, seed=0)["mAP"]["a"] for t in (once, many))
    assert (a.low, a.high) == (pytest.approx(b.low), pytest.approx(b.high))


def test_a_constant_difference_has_no_spread_and_order_does_not_matter():
    a = queries(0)
    b = a.assign(ap=a["ap"] + 0.125)
    difference = paired_bootstrap(a, b.sample(frac=1, random_state=0), 200, seed=0)["mAP"]["difference"]
    assert difference.value == pytest.approx(0.125)
    assert difference.low == pytest.approx(0.125)
    assert difference.high == pytest.approx(0.125)


def test_different_queries_are_refused():
    a = queries(0)
    with pytest.raises(ValueError, match="different scored queries"):
        paired_bootstrap(a, a.iloc[1:], 100)
    with pytest.raises(ValueError, match="level"):
        paired_bootstrap(a, a, 100, level=95)


def test_gap_closed_equals_a_loop():
    occluded = queries(0)
    clean = occluded.assign(ap=np.clip(occluded["ap"] + 0.2, 0, 1), first_match=1)
    restored = occluded.assign(ap=occluded["ap"] + np.random.default_rng(5).random(len(occluded)) * 0.1)
    looped = loop_bootstrap([occluded, restored, clean], 200, seed=0)
    closed = gap_closed(occluded, restored, clean, 200, seed=0)
    ratio = (looped[1, :, 0] - looped[0, :, 0]) / (looped[2, :, 0] - looped[0, :, 0])
    low, high = np.percentile(ratio, [2.5, 97.5])
    assert (closed["mAP"].low, closed["mAP"].high) == (pytest.approx(low), pytest.approx(high))
    means = [t["ap"].mean() for t in (occluded, restored, clean)]
    assert closed["mAP"].value == pytest.approx((means[1] - means[0]) / (means[2] - means[0]))
    assert closed["rank-1"].value == 0  # the restored ranks are the occluded ones


def test_gap_closed_of_known_systems():
    occluded = queries(0)
    clean = occluded.assign(ap=occluded["ap"] + 0.2)
    half = occluded.assign(ap=occluded["ap"] + 0.1)
    interval = gap_closed(occluded, half, clean, 200)["mAP"]
    assert (interval.value, interval.low, interval.high) == tuple(pytest.approx(0.5) for _ in range(3))
    none = gap_closed(occluded, half, occluded, 200)["mAP"]  # no gap at all
    assert (none.value, none.low, none.high) == (None, None, None)


def test_gap_closed_is_unbounded_where_the_gap_may_be_none():
    occluded = queries(0)
    # A gap of 0.01 on average that comes from people who gain and people who lose 0.3.
    change = np.where(occluded["pid"] % 2 == 0, 0.3, -0.3)
    clean = occluded.assign(ap=occluded["ap"] + change - change.mean() + 0.01)
    interval = gap_closed(occluded, clean, clean, 500)["mAP"]
    assert interval.value == pytest.approx(1)
    assert interval.low is None
    assert interval.high is None
