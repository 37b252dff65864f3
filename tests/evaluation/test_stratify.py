"""Stratified results against loops."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.stratify import (
    HIDDEN_BINS,
    hidden_share,
    mean_strata,
    strata,
    stratify,
)


def test_share_of_hidden_frames_equals_a_loop():
    generator = np.random.default_rng(0)
    hidden = generator.random((20, 3)) < 0.2
    ends = np.array([1, 8, 20])
    wanted, start = [], 0
    for end in ends:
        wanted.append(sum(any(hidden[f]) for f in range(start, end)) / (end - start))
        start = end
    np.testing.assert_allclose(hidden_share(hidden, ends), wanted, atol=1e-15)
    with pytest.raises(ValueError, match="got 20 frames"):
        hidden_share(hidden, np.array([1, 8]))


def test_queries_fall_into_their_bins():
    share = np.array([0.0, 0.01, 0.3, 0.31, 0.7, 0.71, 1.0])
    queries = pd.DataFrame(
        {
            "tracklet": [6, 5, 4, 3, 2, 1, 0, 0],
            "pid": [1, 1, 2, 2, 3, 3, 4, 4],
            "matches": 1,
            "first_match": [1, 2, 1, 2, 1, 2, 3, 1],
            "ap": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9],
        }
    )
    table = stratify(queries, share, ranks=(1, 2))
    assert table["hidden"].tolist() == list(HIDDEN_BINS)
    assert table["queries"].tolist() == [2, 2, 2, 2]
    assert table["identities"].tolist() == [1, 1, 1, 1]
    np.testing.assert_allclose(table["mAP"], [0.8, 0.55, 0.35, 0.15])
    assert table["rank-1"].tolist() == [0.5, 0.5, 0.5, 0.5]
    assert table["rank-2"].tolist() == [0.5, 1, 1, 1]


def test_an_empty_bin_has_no_result():
    queries = pd.DataFrame({"tracklet": [0], "pid": [1], "matches": 1, "first_match": [1], "ap": [0.5]})
    table = stratify(queries, np.array([0.5]))
    assert table["queries"].tolist() == [0, 0, 1, 0]
    assert table["mAP"].isna().tolist() == [True, True, False, True]


def test_strata_of_runs_are_means_over_all_their_queries():
    """As if every query of every run stood in one table: runs with other flags have other bins."""
    generator = np.random.default_rng(2)
    tables, shares = [], []
    for _ in range(3):
        first = generator.integers(1, 3, 40)
        ap = generator.random(40)
        columns = {"tracklet": range(40), "pid": np.arange(40) // 4, "matches": 1}
        tables.append(pd.DataFrame({**columns, "first_match": first, "ap": ap}))
        shares.append(generator.choice([0.0, 0.2, 0.5], 40))  # nothing is hidden above 70 %
    means = mean_strata([strata(*run) for run in zip(tables, shares, strict=True)])
    assert [row["hidden"] for row in means] == list(HIDDEN_BINS)
    for row, share in zip(means, (0.0, 0.2, 0.5), strict=False):
        inside = [
            (t["ap"][q], t["first_match"][q] == 1)
            for t, s in zip(tables, shares, strict=True)
            for q in range(40)
            if s[q] == share
        ]
        assert row["queries"] == pytest.approx(len(inside) / 3)
        assert row["mAP"] == pytest.approx(sum(ap for ap, _ in inside) / len(inside))
        assert row["rank1"] == pytest.approx(sum(hit for _, hit in inside) / len(inside))
    assert means[3] == {"hidden": "70-100 %", "queries": 0, "identities": 0, "mAP": None, "rank1": None}
