"""The protocols side by side: from the metrics of runs to texts."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.cells import Cell, Result
from stcnet_lib.evaluation.comparison import compare, flat_table
from stcnet_lib.report.figures.table import table_page
from stcnet_lib.report.tables.conclusions import comparison_text
from stcnet_lib.report.tables.pages import results_page
from stcnet_lib.report.tables.protocols import protocol_lines, protocol_table

HEADLINE = "query-in-gallery"


def protocol(mean_ap: float, rank1: float, **counts: int) -> dict:
    sizes = {"queries_scored": 10, "queries_unmatched": 0, "gallery_size": 40, "gallery_junk": 0}
    return {"metrics": {"mAP": mean_ap, "rank-1": rank1}, **sizes, **counts}


def result(gain: float, parted: bool = True, dropped: int = 2) -> Result:
    protocols = {
        "gallery-only": protocol(
            0.5 + gain, 0.6, queries_scored=10 - dropped, queries_unmatched=dropped, gallery_size=30
        ),
        "official": protocol(0.38 + gain, 0.7, gallery_size=45, gallery_junk=5),
        HEADLINE: protocol(0.4 + gain, 0.7),
    }
    if not parted:
        protocols["gallery-only"] = None
    queries = pd.DataFrame({"tracklet": range(10), "pid": np.arange(10) // 2, "ap": 0.4, "first_match": 1})
    return Result(protocols[HEADLINE] | {"protocols": protocols}, queries)


def compared(*results: Result) -> dict:
    cells = {Cell("nl", "raw", "raw", split, 0): found for split, found in enumerate(results)}
    return compare(cells, resamples=20) | {"dataset": "mars", "protocol": HEADLINE}


def test_one_column_a_protocol():
    comparison = compared(result(0.0))
    table = protocol_table(comparison)
    assert table.head == ["network", "train", "test", "gallery-only", "query-in-gallery", "official"]
    assert table.rows == [["nl", "raw", "raw", "50.0 / 60.0", "40.0 / 70.0", "38.0 / 70.0"]]
    lines = protocol_lines(comparison)
    assert lines[0] == (
        "gallery-only: 8 queries scored, 2 without a match left out (listed in metrics.json); gallery 30; "
        "AP mean of precisions"
    )
    assert lines[2].endswith("gallery 45 of which 5 junk skipped; AP trapezoid")
    pages = (comparison_text(comparison), results_page(comparison), table_page(comparison, provenance=""))
    for text in pages:
        assert "mAP / rank-1 by protocol; everywhere else: query-in-gallery" in text
        assert all(line in text for line in lines)
        assert "38.0 / 70.0" in text


def test_means_and_ranges_over_splits():
    comparison = compared(result(0.0), result(0.1, dropped=3))
    assert protocol_table(comparison).rows[0][3:] == ["55.0 / 60.0", "45.0 / 70.0", "43.0 / 70.0"]
    assert "7 to 8 queries scored, 2 to 3 without" in protocol_lines(comparison)[0]
    table = flat_table(comparison)
    assert table["gallery_only_mAP"].tolist() == pytest.approx([0.5, 0.6])
    assert table["official_gallery_size"].tolist() == [45, 45]


def test_a_protocol_some_run_cannot_score_has_no_mean():
    comparison = compared(result(0.0), result(0.0, parted=False), result(0.0))
    assert protocol_table(comparison) is None
    assert comparison["means"][0]["protocols"][HEADLINE]["mAP"] == pytest.approx(0.4)


def test_no_table_where_queries_and_gallery_are_not_parted():
    comparison = compared(result(0.0, parted=False))
    assert protocol_table(comparison) is None
    assert "by protocol" not in comparison_text(comparison)
    assert "By protocol" not in results_page(comparison)
    assert "by protocol" not in table_page(comparison, provenance="")
    assert protocol_lines(comparison)[0] == "gallery-only: nothing to score"
