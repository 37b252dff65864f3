"""Means over seeds with their intervals, gap closed and strata, against plain loops over queries."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.cells import Cell, Result, Shares
from stcnet_lib.evaluation.comparison import compare, flat_table
from stcnet_lib.evaluation.statistics import draw_identities, draw_runs

PEOPLE, RESAMPLES, SEEDS = 10, 60, (0, 1, 2)
# Neither sorted nor with raw data first: rows must keep this order.
VARIANTS = {
    ("nl", "stcnet", "stcnet"): 0.2,
    ("nl", "raw", "perfect-masks_2"): 0.15,
    ("nl", "clean", "clean"): 0.4,
    ("nl", "raw", "raw"): 0.0,
    ("nl", "stcnet", "raw"): 0.1,
    ("guider", "raw", "raw"): 0.05,
    ("guider", "raw", "stcnet"): 0.1,
}
SHARE = np.array([0.0, 0.1, 0.3, 0.5, 0.9])[np.arange(2 * PEOPLE) % 5]  # of every tracklet; two a person


def result(quality: float, seed: int) -> Result:
    generator = np.random.default_rng([seed, int(1000 * quality)])
    queries = pd.DataFrame(
        {
            "tracklet": np.arange(2 * PEOPLE),
            "pid": np.repeat(np.arange(PEOPLE), 2),
            "matches": 1,
            "ap": generator.random(2 * PEOPLE) * 0.5 + quality,
            "first_match": np.where(generator.random(2 * PEOPLE) < 0.3 + quality, 1, 4),
        }
    )
    hit = queries["first_match"] == 1
    return Result({"metrics": {"mAP": queries["ap"].mean(), "rank-1": hit.mean(), "rank-5": 1.0}}, queries)


def results(seeds=SEEDS) -> dict[Cell, Result]:
    return {
        Cell(*variant, 0, seed): result(quality, seed)
        for variant, quality in VARIANTS.items()
        for seed in seeds
    }


def of(rows, *variant) -> dict:
    (row,) = [row for row in rows if (row["network"], row["train"], row["test"]) == variant]
    return row


def loop(found: dict[Cell, Result], seeds, *variant) -> np.ndarray:
    """mAP and rank-1 (2, 1 + R): the value itself first, then one of every draw of people and runs."""
    counts = np.concatenate(list(draw_identities(PEOPLE, RESAMPLES, seed=0))).tolist()
    metrics = []
    for times in [[1] * PEOPLE, *counts]:
        ap, hit, weight = 0.0, 0.0, 0
        for query in range(2 * PEOPLE):
            lines = [found[Cell(*variant, 0, seed)].queries.iloc[query] for seed in seeds]
            ap += times[query // 2] * sum(line["ap"] for line in lines) / len(seeds)
            hit += times[query // 2] * sum(line["first_match"] == 1 for line in lines) / len(seeds)
            weight += times[query // 2]
        metrics.append((ap / weight, hit / weight))
    singly = [found[Cell(*variant, 0, seed)].metrics["metrics"] for seed in seeds]
    of_runs = np.array([(run["mAP"], run["rank-1"]) for run in singly])  # (n, 2)
    extra = draw_runs(len(seeds), RESAMPLES, seed=0)
    return np.array(metrics).T + np.concatenate([np.zeros((1, 2)), extra @ of_runs]).T


@pytest.mark.parametrize("seeds", [SEEDS, (5,)])
def test_means_and_their_intervals_equal_loops(seeds):
    found = results(seeds)
    means = compare(found, RESAMPLES)["means"]
    assert [(m["network"], m["train"], m["test"]) for m in means] == list(VARIANTS)
    raw, clean = loop(found, seeds, "nl", "raw", "raw"), loop(found, seeds, "nl", "clean", "clean")
    for variant in (("nl", "stcnet", "stcnet"), ("nl", "raw", "perfect-masks_2")):
        own, mean = loop(found, seeds, *variant), of(means, *variant)
        assert mean["runs"] == len(seeds)
        for i, key in enumerate(("mAP", "rank1")):
            assert mean["mean"][key] == pytest.approx(own[i, 0])
            assert mean[f"{key}_interval"] == pytest.approx(
                np.percentile(np.clip(own[i, 1:], 0, 1), [2.5, 97.5])
            )
            difference = own[i] - raw[i]
            got = mean["difference"][key]
            assert got["value"] == pytest.approx(difference[0])
            assert [got["low"], got["high"]] == pytest.approx(np.percentile(difference[1:], [2.5, 97.5]))
        share = (own[0] - raw[0]) / (clean[0] - raw[0])
        got = mean["gap_closed"]["mAP"]
        assert got["value"] == pytest.approx(share[0])
        assert [got["low"], got["high"]] == pytest.approx(np.percentile(share[1:], [2.5, 97.5]))


def test_with_one_run_the_mean_is_the_row():
    comparison = compare(results((4,)), RESAMPLES, {(0, 4): Shares("truth", SHARE)})
    for row, mean in zip(comparison["rows"], comparison["means"], strict=True):
        assert mean["mAP_interval"] == row["mAP_interval"]
        assert mean["mean"] == {key: row[key] for key in ("mAP", "rank1", "rank5")}
        for name in ("difference", "gap_closed"):
            assert (mean[name] is None) == (row[name] is None)
            for key, values in (row[name] or {}).items():
                spread = {"least": values["value"], "most": values["value"], "deviation": None}
                assert mean[name][key] == values | {"spread": spread}
        assert mean["strata"] == row["strata"]


def test_spread_over_runs_is_that_of_the_rows():
    comparison = compare(results(), RESAMPLES)
    rows = [row for row in comparison["rows"] if row["train"] == row["test"] == "stcnet"]
    mean = of(comparison["means"], "nl", "stcnet", "stcnet")
    for values, spread in (
        ([row["rank1"] for row in rows], mean["spread"]["rank1"]),
        ([row["difference"]["mAP"]["value"] for row in rows], mean["difference"]["mAP"]["spread"]),
        ([row["gap_closed"]["mAP"]["value"] for row in rows], mean["gap_closed"]["mAP"]["spread"]),
    ):
        assert len(values) == 3
        middle = sum(values) / 3
        deviation = (sum((value - middle) ** 2 for value in values) / 2) ** 0.5
        assert (spread["least"], spread["most"]) == (min(values), max(values))
        assert spread["deviation"] == pytest.approx(deviation)


def test_the_gap_is_defined_for_restored_test_data_of_a_network_with_raw_and_clean_rows():
    means = compare(results(), RESAMPLES)["means"]
    with_gap = {(m["network"], m["train"], m["test"]) for m in means if m["gap_closed"]}
    assert with_gap == {("nl", "stcnet", "stcnet"), ("nl", "raw", "perfect-masks_2")}
    with_difference = {(m["network"], m["train"], m["test"]) for m in means if m["difference"]}
    assert with_difference == set(VARIANTS) - {("nl", "raw", "raw"), ("guider", "raw", "raw")}


def test_a_run_without_its_baseline_has_no_difference():
    found = results()
    del found[Cell("nl", "raw", "raw", 0, 1)]
    comparison = compare(found, RESAMPLES)
    assert of(comparison["means"], "nl", "stcnet", "stcnet")["difference"] is None
    without = [row["seed"] for row in comparison["rows"] if row["test"] == "clean" and not row["difference"]]
    assert without == [1]


def test_strata_of_a_row_are_counted_by_hand():
    comparison = compare(results(), RESAMPLES, {(0, seed): Shares("flags", SHARE) for seed in SEEDS})
    assert comparison["hidden_source"] == "flags"
    row = next(row for row in comparison["rows"] if row["seed"] == 2 and row["test"] == "clean")
    queries = result(VARIANTS["nl", "clean", "clean"], 2).queries
    bins = [[0, 5, 10, 15], [1, 6, 11, 16, 2, 7, 12, 17], [3, 8, 13, 18], [4, 9, 14, 19]]
    for stratum, members in zip(row["strata"], bins, strict=True):
        assert stratum["queries"] == len(members)
        assert stratum["mAP"] == pytest.approx(np.mean([queries["ap"][q] for q in members]))
        assert stratum["rank1"] == np.mean([queries["first_match"][q] == 1 for q in members])
    assert compare(results((0,)), RESAMPLES)["rows"][0]["strata"] is None


def test_the_flat_table_has_a_line_for_every_run():
    comparison = compare(results(), RESAMPLES, {(0, seed): Shares("truth", SHARE) for seed in SEEDS})
    table = flat_table(comparison)
    assert list(table["seed"]) == list(SEEDS) * len(VARIANTS)
    assert set(table["hidden_source"]) == {"truth"}
    for line, row in zip(table.to_dict("records"), comparison["rows"], strict=True):
        assert (line["mAP"], line["rank1"], line["test"]) == (row["mAP"], row["rank1"], row["test"])
        assert [line["rank1_low"], line["rank1_high"]] == row["rank1_interval"]
        assert line["mAP_hidden_1_30"] == row["strata"][1]["mAP"]
        assert line["queries_hidden_70_100"] == row["strata"][3]["queries"]
        for name in ("difference", "gap_closed"):
            wanted = row[name]["mAP"] if row[name] else {"value": np.nan, "low": np.nan, "high": np.nan}
            got = [line[f"mAP_{name}"], line[f"mAP_{name}_low"], line[f"mAP_{name}_high"]]
            np.testing.assert_array_equal(got, list(wanted.values()))
