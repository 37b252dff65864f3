"""Results and shares come back as they were written, under the keys that the files carry."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.common.forms import FormError
from stcnet_lib.evaluation.cells import (
    Cell,
    Result,
    Shares,
    read_result,
    read_shares,
    write_result,
    write_shares,
)

CELL = Cell("nl", "stcnet+copy", "stcnet-oracle", 3, 11)
QUERIES = pd.DataFrame({"tracklet": [4, 9], "pid": [1, 2], "ap": [0.25, 1.0]})


def written(folder, cell=CELL):
    paths = folder / f"{cell.seed}.json", folder / f"{cell.seed}.parquet"
    write_result(*paths, cell, Result({"metrics": {"mAP": 0.625}, "protocols": {"official": None}}, QUERIES))
    return paths


def test_a_result_knows_its_cell(tmp_path):
    cell, result = read_result(*written(tmp_path))
    assert cell == CELL
    assert result.metrics == {"metrics": {"mAP": 0.625}, "protocols": {"official": None}}
    pd.testing.assert_frame_equal(result.queries, QUERIES)


def test_metrics_and_queries_of_two_cells_are_no_result(tmp_path):
    metrics, _ = written(tmp_path)
    _, queries = written(tmp_path, Cell(*CELL.variant, 3, 12))
    with pytest.raises(FormError, match=r"12\.parquet: got queries of .*'seed': 12.* wanted .*11\.json"):
        read_result(metrics, queries)


@pytest.mark.parametrize("source", ["truth", "flags"])
def test_shares_know_their_run(tmp_path, source):
    write_shares(tmp_path / "shares.parquet", Shares(source, np.array([0.0, 0.1, 0.2])), 2, 5)
    run, shares = read_shares(tmp_path / "shares.parquet")
    assert run == (2, 5)
    assert shares.source == source
    assert shares.of_tracklet.tolist() == [0.0, 0.1, 0.2]
