"""`occlusion.parquet`: read with the store that it is of, as tables by frame and region."""

import numpy as np
import pandas as pd
import pytest
from stores import flag_file, write_store

from stcnet_lib.common.forms import FormError
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import flag_table, read_flags, score_table, write_flags


def test_flag_table_is_by_frame_and_region_whatever_the_order_of_rows():
    rows = [(1, 2, True), (0, 0, False), (1, 0, False), (0, 1, True)]
    flags = flag_table(pd.DataFrame(rows, columns=["frame", "region", "occluded"]), 2)
    assert flags.tolist() == [[False, True, False], [False, False, True]]


def test_scores_that_are_missing_are_not_numbers():
    scores = pd.DataFrame([(1, 2, 0.25), (0, 1, 0.75)], columns=["frame", "region", "score"])
    nan = np.nan
    np.testing.assert_array_equal(score_table(scores, 2), [[nan, 0.75, nan], [nan, nan, 0.25]])


def test_flags_are_read_with_their_store_alone(store_path, tmp_path):
    with TrackletStore(store_path) as store, TrackletStore(write_store(tmp_path / "o.h5", people=2)) as other:
        flags = np.random.default_rng(0).random((store.num_frames, 3)) < 0.3
        path = flag_file(tmp_path / "occlusion.parquet", store_path, flags)
        np.testing.assert_array_equal(flag_table(read_flags(path, store), store.num_frames), flags)
        with pytest.raises(FormError, match=r"occlusion\.parquet: got a file of another data set"):
            read_flags(path, other)


def test_missing_rows_are_noticed(store_path, tmp_path):
    with TrackletStore(store_path) as store:
        path = flag_file(tmp_path / "occlusion.parquet", store_path, np.zeros((store.num_frames, 3), bool))
        write_flags(path, read_flags(path, store).iloc[:-1], store)
        with pytest.raises(FormError, match=f"got {3 * store.num_frames - 1} rows, wanted 3 for each of"):
            read_flags(path, store)
