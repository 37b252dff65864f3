"""Stratified results against loops."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.stratify import HIDDEN_BINS, hidden_share, stratify


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
