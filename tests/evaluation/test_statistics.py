"""The bootstrap over identities and runs against plain loops with the same draws, and known answers."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation import statistics
from stcnet_lib.evaluation.statistics import (
    Runs,
    bootstrap_metrics,
    draw_identities,
    draw_runs,
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


def once(table: pd.DataFrame) -> Runs:
    """A system with one split and one seed."""
    return {0: [table]}


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
    drawn = bootstrap_metrics({"a": once(a), "b": once(b)}, 100, seed=7)
    looped = loop_bootstrap([a, b], 100, seed=7)
    np.testing.assert_allclose(drawn, looped, atol=1e-12)
    result = paired_bootstrap(once(a), once(b), 100, seed=7)
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
    interval = paired_bootstrap(once(table), once(table), 4000, seed=0)["mAP"]["a"]
    half = 1.96 * table["ap"].std(ddof=0) / np.sqrt(n)
    # 4,000 resamples know a 2.5 % quantile to about 0.04 standard errors: 5 % of the half width is ample.
    assert interval.high - interval.value == pytest.approx(half, rel=0.05)
    assert interval.value - interval.low == pytest.approx(half, rel=0.05)


def test_queries_of_one_person_do_not_narrow_the_interval():
    """Sixteen copies of every query carry no news: the interval must stay, not shrink by four."""
    single = pd.DataFrame(
        {
            "tracklet": range(100),
            "pid": range(100),
            "ap": np.random.default_rng(1).random(100),
            "first_match": np.ones(100, int),
        }
    )
    many = pd.concat([single] * 16, ignore_index=True).assign(tracklet=range(1600))
    a, b = (paired_bootstrap(once(t), once(t), 500, seed=0)["mAP"]["a"] for t in (single, many))
    assert (a.low, a.high) == (pytest.approx(b.low), pytest.approx(b.high))


def test_a_constant_difference_has_no_spread_and_order_does_not_matter():
    a = queries(0)
    b = a.assign(ap=a["ap"] + 0.125)
    shuffled = b.sample(frac=1, random_state=0)
    difference = paired_bootstrap(once(a), once(shuffled), 200, seed=0)["mAP"]["difference"]
    assert difference.value == pytest.approx(0.125)
    assert difference.low == pytest.approx(0.125)
    assert difference.high == pytest.approx(0.125)


def test_different_queries_are_refused():
    a = queries(0)
    with pytest.raises(ValueError, match="different scored queries"):
        paired_bootstrap(once(a), once(a.iloc[1:]), 100)
    with pytest.raises(ValueError, match="level"):
        paired_bootstrap(once(a), once(a), 100, level=95)
    with pytest.raises(ValueError, match="the same ones of every system"):
        paired_bootstrap(once(a), {1: [a]}, 100)
    with pytest.raises(ValueError, match="wanted as many of every system"):
        paired_bootstrap(once(a), {0: [a, a]}, 100)


def test_gap_closed_equals_a_loop():
    occluded = queries(0)
    clean = occluded.assign(ap=np.clip(occluded["ap"] + 0.2, 0, 1), first_match=1)
    restored = occluded.assign(ap=occluded["ap"] + np.random.default_rng(5).random(len(occluded)) * 0.1)
    looped = loop_bootstrap([occluded, restored, clean], 200, seed=0)
    closed = gap_closed(once(occluded), once(restored), once(clean), 200, seed=0)
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
    interval = gap_closed(once(occluded), once(half), once(clean), 200)["mAP"]
    assert (interval.value, interval.low, interval.high) == tuple(pytest.approx(0.5) for _ in range(3))
    none = gap_closed(once(occluded), once(half), once(occluded), 200)["mAP"]  # no gap at all
    assert (none.value, none.low, none.high) == (None, None, None)


def test_gap_closed_is_unbounded_where_the_gap_may_be_none():
    occluded = queries(0)
    # A gap of 0.01 on average that comes from people who gain and people who lose 0.3.
    change = np.where(occluded["pid"] % 2 == 0, 0.3, -0.3)
    clean = occluded.assign(ap=occluded["ap"] + change - change.mean() + 0.01)
    interval = gap_closed(once(occluded), once(clean), once(clean), 500)["mAP"]
    assert interval.value == pytest.approx(1)
    assert interval.low is None
    assert interval.high is None


def repeats(quality: float, first_seed: int) -> Runs:
    """Four splits of three seeds each; people 0 to 7 are tested in the first, 4 to 11 in the second, …"""
    runs: dict[int, list[pd.DataFrame]] = {}
    for split, people in enumerate((range(0, 8), range(4, 12), range(2, 10), range(0, 12))):
        tables = [queries(first_seed + 10 * split + seed, quality=quality) for seed in range(3)]
        runs[split] = [table[table["pid"].isin([3 * person for person in people])] for table in tables]
    return runs


def loop_mean(runs: Runs, times: dict[int, int]) -> tuple[float, float] | None:
    """The mean over splits of the mean over people's queries of the mean over seeds, one by one."""
    of_splits = []
    for tables in runs.values():
        ap, hit = [], []
        for query in range(len(tables[0])):
            seeds = [table.iloc[query] for table in tables]
            for _ in range(times[seeds[0]["pid"]]):
                ap.append(sum(row["ap"] for row in seeds) / len(seeds))
                hit.append(sum(row["first_match"] == 1 for row in seeds) / len(seeds))
        if ap:
            of_splits.append((sum(ap) / len(ap), sum(hit) / len(hit)))
    return tuple(sum(values) / len(values) for values in zip(*of_splits, strict=True))


def loop_of_runs(runs: Runs, times: dict[int, int], extra: np.ndarray) -> np.ndarray:
    """Metrics of a draw of people, and of the runs, of which each counts `extra` more than its share."""
    every = dict.fromkeys(times, 1)
    (one, *more) = runs
    singly = [{split: runs[split]} for split in runs] if more else [{one: [table]} for table in runs[one]]
    moved = np.zeros(2)
    for weight, run in zip(extra, singly, strict=True):
        moved += weight * np.array(loop_mean(run, every))
    return np.array(loop_mean(runs, times)) + moved


@pytest.mark.parametrize("splits", [(0, 1, 2, 3), (3,)])
def test_splits_or_seeds_share_the_draws_and_seeds_are_averaged_before_splits(splits):
    systems = {"raw": repeats(0.0, 0), "restored": repeats(0.1, 50), "clean": repeats(0.3, 100)}
    systems = {name: {split: runs[split] for split in splits} for name, runs in systems.items()}
    people = [3 * person for person in range(12)]
    counts = np.concatenate(list(draw_identities(12, 40, seed=0)))
    extra = draw_runs(4 if len(splits) > 1 else 3, 40, seed=0)
    looped = np.array(
        [
            [
                loop_of_runs(runs, dict(zip(people, row, strict=True)), weights)
                for row, weights in zip(counts, extra, strict=True)
            ]
            for runs in systems.values()
        ]
    )
    np.testing.assert_allclose(bootstrap_metrics(systems, 40, seed=0), looped, atol=1e-12)

    values = np.array([loop_mean(runs, dict.fromkeys(people, 1)) for runs in systems.values()])
    found = paired_bootstrap(systems["raw"], systems["restored"], 40)["mAP"]
    assert found["difference"].value == pytest.approx(values[1, 0] - values[0, 0])
    for name, wanted in (("a", np.clip(looped[0], 0, 1)), ("difference", looped[1] - looped[0])):
        low, high = np.percentile(wanted[:, 0], [2.5, 97.5])
        assert (found[name].low, found[name].high) == (pytest.approx(low), pytest.approx(high))

    closed = gap_closed(*systems.values(), 40)["mAP"]
    assert closed.value == pytest.approx((values[1, 0] - values[0, 0]) / (values[2, 0] - values[0, 0]))
    gap = looped[2, :, 0] - looped[0, :, 0]
    if np.mean(gap <= 0) > 0.025:
        assert (closed.low, closed.high) == (None, None)
    else:
        low, high = np.percentile(((looped[1] - looped[0])[:, 0] / gap)[gap > 0], [2.5, 97.5])
        assert (closed.low, closed.high) == (pytest.approx(low), pytest.approx(high))


def test_draws_of_runs_make_students_interval():
    """Of runs alone the interval is the textbook's: the mean ± t · s / sqrt(n), t = 4.303 for three runs."""
    assert (draw_runs(1, 5, seed=0) == 0).all()
    for values, t in (([0.60, 0.64, 0.71], 4.303), ([0.60, 0.61, 0.64, 0.71, 0.66, 0.7], 2.571)):
        extra = draw_runs(len(values), 100_000, seed=0)
        assert extra.sum(axis=1) == pytest.approx(np.zeros(100_000), abs=1e-9)
        half = t * np.std(values, ddof=1) / len(values) ** 0.5
        # 100,000 draws know the 2.5 % quantile of t with two degrees of freedom to about 1 %.
        assert np.quantile(extra @ values, [0.025, 0.975]) == pytest.approx([-half, half], rel=0.04)


def simulated(generator: np.random.Generator, runs: int, people: int, frozen: bool) -> tuple[Runs, Runs]:
    """Two systems that differ by 0.05, with known deviations of people, runs and both together.

    Of people 0.08 (in the difference), of runs 0.04 in each system (none in the difference if `frozen`, where
    both are of one network), and 0.05 in every single value.
    """
    of_people = generator.normal(0, 0.08, people)
    of_runs = generator.normal(0, 0.04, (2, runs))
    if frozen:
        of_runs[1] = of_runs[0]
    both = []
    for system, shift in enumerate((0.0, 0.05 + of_people)):
        noise = generator.normal(0, 0.05, (runs, people))
        ap = 0.5 + shift + of_runs[system][:, None] + noise
        first = np.ones(people, int)
        frames = [
            pd.DataFrame({"tracklet": range(people), "pid": range(people), "ap": row, "first_match": first})
            for row in ap
        ]
        both.append({0: frames})
    return both[0], both[1]


@pytest.mark.parametrize(
    ("runs", "frozen", "least", "most"), [(3, False, 0.93, 0.985), (2, False, 0.93, 1), (3, True, 0.93, 1)]
)
def test_intervals_cover_a_known_difference(runs, frozen, least, most):
    """The share of 400 simulated experiments whose 95 % interval holds the true difference, 0.05.

    0.95 ± 0.022 is what 400 experiments tell of a true 95 % (two standard errors). A little above is
    expected: what is special to one person in one run counts twice.
    """
    generator = np.random.default_rng(1)
    covered = people_alone = 0
    for _ in range(400):
        a, b = simulated(generator, runs, 30, frozen)
        found = paired_bootstrap(a, b, 300)["mAP"]["difference"]
        covered += found.low <= 0.05 <= found.high
        values = np.array([table["ap"] for table in b[0]]) - np.array([table["ap"] for table in a[0]])
        of_people = values.mean(axis=0)
        half = 1.96 * of_people.std(ddof=1) / 30**0.5
        people_alone += abs(of_people.mean() - 0.05) <= half
    assert least <= covered / 400 <= most
    if not frozen:
        assert people_alone / 400 < 0.75, "the noise of training is what the old interval lacked"


def test_a_split_none_of_whose_people_are_drawn_counts_for_nothing():
    """Two splits of one person each with AP 0 and 1: a draw of two has both people or twice the same."""
    tables = {
        split: [pd.DataFrame({"tracklet": [0], "pid": [split], "ap": [float(split)], "first_match": [1]})]
        for split in (0, 1)
    }
    drawn = bootstrap_metrics({"a": tables}, 50, seed=0)[0, :, 0]
    counts = np.concatenate(list(draw_identities(2, 50, seed=0)))
    wanted = {(2, 0): 0.0, (1, 1): 0.5, (0, 2): 1.0}
    assert {tuple(row) for row in counts.tolist()} == set(wanted)
    of_people = drawn - draw_runs(2, 50, seed=0) @ [0.0, 1.0]  # what drawing splits adds
    np.testing.assert_allclose(of_people, [wanted[tuple(row)] for row in counts.tolist()], atol=1e-12)


def test_seeds_that_only_repeat_leave_the_interval_and_opposite_ones_widen_it():
    a = queries(0)
    alone = paired_bootstrap(once(a), once(a), 200)["mAP"]["a"]
    thrice = paired_bootstrap({0: [a, a, a]}, {0: [a, a, a]}, 200)["mAP"]["a"]
    assert (thrice.low, thrice.high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    mirror = a.assign(ap=1 - a["ap"])  # the mean of both is 1/2 for every query, so people vary nothing
    found = paired_bootstrap({0: [a, mirror]}, {0: [a, mirror]}, 2000)["mAP"]
    assert found["a"].value == pytest.approx(0.5)
    moved = draw_runs(2, 2000, seed=0) @ [a["ap"].mean(), mirror["ap"].mean()]
    low, high = np.quantile(np.clip(0.5 + moved, 0, 1), [0.025, 0.975])
    assert (found["a"].low, found["a"].high) == (pytest.approx(low), pytest.approx(high))
    same = found["difference"]  # of the same runs: all that trainings do to both cancels
    assert (same.low, same.high) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))
