"""Means over networks, against a plain loop in which each network is a run."""

import numpy as np
import pytest
from report.test_conclusions import made
from report.test_pages import parse
from test_comparison import RESAMPLES, loop, result
from test_controls import MADE

from stcnet_lib.evaluation.across import LEAST, across_networks
from stcnet_lib.evaluation.cells import Cell
from stcnet_lib.report.figures.table import table_page
from stcnet_lib.report.tables.conclusions import comparison_text
from stcnet_lib.report.tables.pages import results_page
from stcnet_lib.report.tables.tables import across_table

NETWORKS = ("gem", "nl", "attention", "conv3d")
DATA = {
    ("raw", "raw"): 0.0,
    ("raw", "copy"): 0.05,
    ("raw", "stcnet"): 0.1,
    ("stcnet", "stcnet"): 0.15,
    ("copy", "copy"): 0.12,
}


def table(networks=NETWORKS, seeds=(0,)) -> dict:
    """Results of networks, each of which takes otherwise to the data."""
    return {
        Cell(name, *data, 0, seed): result(quality + 0.01 * place * len(data[1]), 10 * place + seed)
        for place, name in enumerate(networks)
        for data, quality in DATA.items()
        for seed in seeds
    }


def as_runs(found: dict) -> tuple[dict, tuple[int, ...]]:
    """Every training of every network as a run of one network, and the numbers of the runs."""
    trainings = list(dict.fromkeys((cell.network, cell.seed) for cell in found))
    runs = {
        Cell("any", cell.train, cell.test, 0, trainings.index((cell.network, cell.seed))): value
        for cell, value in found.items()
    }
    return runs, tuple(range(len(trainings)))


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_means_over_networks_equal_loops(seeds):
    found = table(seeds=seeds)
    runs, numbers = as_runs(found)
    rows = across_networks(found, MADE, RESAMPLES)
    assert [(row["train"], row["test"], row["copied"]) for row in rows] == [
        (train, test, "copy") for train, test in DATA if (train, test) != ("raw", "raw")
    ]
    others = {("raw", "stcnet"): ("raw", "copy"), ("stcnet", "stcnet"): ("copy", "copy")}
    for row in rows:
        data = row["train"], row["test"]
        for name, other in (("raw", ("raw", "raw")), ("copy", others.get(data))):
            if other is None:
                assert row["against"][name] is None
                continue
            wanted = loop(runs, numbers, "any", *data) - loop(runs, numbers, "any", *other)
            for i, key in enumerate(("mAP", "rank1")):
                got = row["against"][name][key]
                assert got["value"] == pytest.approx(wanted[i, 0])
                assert [got["low"], got["high"]] == pytest.approx(np.percentile(wanted[i, 1:], [2.5, 97.5]))
                assert list(got["networks"]) == list(NETWORKS)
                assert got["value"] == pytest.approx(np.mean(list(got["networks"].values())))
                assert got["better"] == sum(value > 0 for value in got["networks"].values())


def test_networks_without_the_other_row_do_not_count():
    found = table()
    for name in NETWORKS[: len(NETWORKS) - LEAST + 1]:  # of one fewer than is asked for
        del found[Cell(name, "raw", "copy", 0, 0)]
    rows = {(row["train"], row["test"]): row["against"] for row in across_networks(found, MADE, RESAMPLES)}
    assert ("raw", "copy") not in rows
    assert rows["raw", "stcnet"]["copy"] is None
    assert len(rows["raw", "stcnet"]["raw"]["mAP"]["networks"]) == len(NETWORKS)
    assert across_networks(table(NETWORKS[: LEAST - 1]), MADE, RESAMPLES) == []


def test_every_page_shows_them():
    comparison = made({("raw", "raw"): 0.3, ("copy", "copy"): 0.4, ("tem", "tem"): 0.6})
    assert across_table(comparison) is None
    value = {"value": 0.031, "low": 0.008, "high": 0.0541, "networks": {"a": 0.1, "b": 0.0, "c": -0.1}}
    value["better"] = 1
    against = {"raw": {"mAP": value, "rank1": value}, "copy": None}
    comparison["across"] = [{"train": "raw", "test": "tem", "copied": "copy", "against": against}]
    shown = across_table(comparison)
    text = "+3.1 [+0.8, +5.4], 1 of 3 better"
    assert shown.rows == [["raw", "tem", text, "–", text, "–"]]
    assert [shown.head, *shown.rows] in parse(results_page(comparison))
    assert shown.as_text() in comparison_text(comparison)
    assert text in table_page(comparison, provenance="")
