"""`occlusion.parquet` as tables by frame and region, whatever the order of its rows."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.localisation.flags import flag_table, score_table


def test_flag_table_is_by_frame_and_region_whatever_the_order_of_rows():
    rows = [(1, 2, True), (0, 0, False), (1, 0, False), (0, 1, True)]
    flags = flag_table(pd.DataFrame(rows, columns=["frame", "region", "occluded"]), 2)
    assert flags.tolist() == [[False, True, False], [False, False, True]]


def test_scores_that_are_missing_are_not_numbers():
    scores = pd.DataFrame([(1, 2, 0.25), (0, 1, 0.75)], columns=["frame", "region", "score"])
    nan = np.nan
    np.testing.assert_array_equal(score_table(scores, 2), [[nan, 0.75, nan], [nan, nan, 0.25]])


def test_scores_of_a_store_with_more_frames_are_refused():
    rows = pd.DataFrame([(7, 0, True)], columns=["frame", "region", "occluded"])
    with pytest.raises(ValueError, match="got frame 7 of a store with 5 frames"):
        flag_table(rows, 5)
