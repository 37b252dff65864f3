"""Restored against controls: which variants are paired, and their differences against plain loops."""

import numpy as np
import pytest
from report.test_conclusions import made
from report.test_pages import parse
from test_comparison import RESAMPLES, loop, result

from stcnet_lib.evaluation.cells import Cell, Result
from stcnet_lib.evaluation.controls import (
    Made,
    against_controls,
    completions_made,
    controls_left_out,
    frozen_rows,
    pairs,
)
from stcnet_lib.report.figures.table import table_page
from stcnet_lib.report.tables.conclusions import comparison_text
from stcnet_lib.report.tables.pages import results_page
from stcnet_lib.report.tables.tables import control_table, frozen_table

MADE = {
    "stcnet": Made("stcnet", "default", "predicted"),
    "stcnet-far": Made("stcnet", "default", "predicted"),
    "printed": Made("stcnet", "printed", "predicted"),
    "copy": Made("copy", None, "predicted"),
    "copy-oracle": Made("copy", None, "oracle"),
    "stcnet-oracle": Made("stcnet", "default", "oracle"),
}


def results(*variants, seeds=(0,)) -> dict:
    return {
        Cell(*variant, 0, seed): result(0.05 * place, seed)
        for place, variant in enumerate(variants)
        for seed in seeds
    }


def test_what_restoration_says_is_read():
    said = {"method": "stcnet", "stcnet": "printed", "masks": "oracle", "frames_restored": 7}
    made = completions_made([said | {"completion": "printed-oracle"}])
    assert made == {"printed-oracle": Made("stcnet", "printed", "oracle")}
    assert not made["printed-oracle"].restores


def test_pairs_differ_in_the_completion_alone():
    found = results(
        ("nl", "raw", "raw"),
        ("nl", "raw", "stcnet"),
        ("nl", "raw", "stcnet-far"),  # no control of the other: both are of the default STCnet
        ("nl", "raw", "copy"),
        ("nl", "raw", "printed"),
        ("nl", "copy", "copy"),
        ("nl", "stcnet", "stcnet"),
        ("nl", "stcnet+copy", "stcnet"),
        ("nl", "clean", "copy"),  # trained unlike any restored row
        ("nl", "raw", "copy-oracle"),
        ("nl", "stcnet-oracle", "stcnet-oracle"),
        ("guider", "raw", "copy"),  # another network
    )
    assert [(restored[1:], control[1:]) for restored, control in pairs(found, MADE)] == [
        (("raw", "stcnet"), ("raw", "copy")),
        (("raw", "stcnet"), ("raw", "printed")),
        (("raw", "stcnet-far"), ("raw", "copy")),
        (("raw", "stcnet-far"), ("raw", "printed")),
        (("stcnet", "stcnet"), ("copy", "copy")),
        (("stcnet+copy", "stcnet"), ("copy", "copy")),
    ]


def test_copies_from_other_frames_are_no_control():
    """Under paper.yaml STCnet had `frame` and 0, the copy `region` and 1: two differences at once."""
    own = Made("stcnet", "default", "predicted", ("frame", 0))
    for method in ("copy", "median", "mean"):
        assert Made(method, None, "predicted", ("frame", 0)).is_control_of(own)
        assert not Made(method, None, "predicted", ("region", 0)).is_control_of(own)
        assert not Made(method, None, "predicted", ("frame", 1)).is_control_of(own)
    # What uses no frames, or has a network of its own, is compared as it is.
    assert Made("discard", None, "predicted", ("region", 0)).is_control_of(own)
    assert Made("stcnet", "printed", "predicted", ("region", 1)).is_control_of(own)
    said = {"method": "copy", "stcnet": None, "masks": "oracle", "references": "frame", "reference_margin": 2}
    assert completions_made([said | {"completion": "c"}])["c"].references == ("frame", 2)


def test_every_page_names_the_copies_that_are_no_controls():
    found = results(("nl", "raw", "stcnet"), ("nl", "raw", "copy"), ("nl", "raw", "printed"))
    stcnet = Made("stcnet", "default", "predicted", ("frame", 0))
    printed = Made("stcnet", "printed", "predicted", ("region", 1))
    for own, lines in ((("frame", 0), 0), (("region", 0), 1), (("frame", 1), 1)):
        told = {"stcnet": stcnet, "copy": Made("copy", None, "predicted", own), "printed": printed}
        left_out = controls_left_out(found, told)
        assert len(left_out) == lines
        assert [control[2] for _, control in pairs(found, told)] == ["copy", "printed"][lines:]
    assert left_out == [
        "copy is no control of stcnet: got references ('frame', 1), wanted ('frame', 0) (rule, margin); see "
        "completions in config.yaml"
    ]
    comparison = made({("raw", "raw"): 0.3, ("copy", "copy"): 0.4}) | {"controls_left_out": ["copy is none"]}
    assert "copy is none" in comparison_text(comparison)
    assert "- copy is none" in results_page(comparison)
    assert "copy is none" in table_page(comparison, provenance="")


def test_differences_equal_loops():
    seeds, restored, control = (0, 1, 2), ("nl", "stcnet", "stcnet"), ("nl", "copy", "copy")
    found = results(restored, control, seeds=seeds)
    (row,) = against_controls(found, MADE, RESAMPLES)
    assert row["restored"] == {"network": "nl", "train": "stcnet", "test": "stcnet"}
    assert row["control"] == {"network": "nl", "train": "copy", "test": "copy"}
    own, other = loop(found, seeds, *restored), loop(found, seeds, *control)
    for i, key in enumerate(("mAP", "rank1")):
        wanted = own[i] - other[i]
        assert row[key]["value"] == pytest.approx(wanted[0])
        assert [row[key]["low"], row[key]["high"]] == pytest.approx(np.percentile(wanted[1:], [2.5, 97.5]))
        singly = [loop(found, [s], *restored)[i, 0] - loop(found, [s], *control)[i, 0] for s in seeds]
        assert row[key]["runs"] == pytest.approx(singly)


def test_only_runs_that_both_have_are_compared():
    restored, control = ("nl", "raw", "stcnet"), ("nl", "raw", "copy")
    found = results(restored, control, seeds=(0, 1))
    del found[Cell(*control, 0, 1)]
    (row,) = against_controls(found, MADE, RESAMPLES)
    assert row["mAP"]["runs"] == [pytest.approx(row["mAP"]["value"])]
    assert against_controls(results(restored), MADE, RESAMPLES) == []


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_every_page_shows_them(seeds):
    comparison = made({("raw", "raw"): 0.3, ("copy", "copy"): 0.4, ("tem", "tem"): 0.6}, seeds=seeds)
    names = {"train": "tem", "test": "tem", "network": "nl"}
    value = {"value": 0.031, "low": 0.008, "high": 0.0541, "runs": [0.031, -0.002][: len(seeds)]}
    row = {
        "restored": names,
        "control": names | {"train": "copy", "test": "copy"},
        "mAP": value,
        "rank1": value,
    }
    comparison["controls"] = [row]
    table = control_table(comparison)
    assert table.rows[0][:6] == ["nl", "tem", "tem", "copy", "copy", "+3.1 [+0.8, +5.4]"]
    assert table.rows[0][7:] == ([] if len(seeds) == 1 else ["+3.1, −0.2"])
    assert [table.head, *table.rows] in parse(results_page(comparison))
    assert table.as_text() in comparison_text(comparison)
    page = table_page(comparison, provenance="")
    assert "Restored against controls" in page
    assert all(cell in page for cell in table.rows[0])


def test_frozen_rows_are_of_networks_with_several_test_data():
    found = results(
        ("nl", "raw", "raw"),
        ("nl", "raw", "copy"),
        ("nl", "raw", "stcnet"),
        ("nl", "raw", "copy-oracle"),
        ("nl", "raw", "stcnet-oracle"),
        ("nl", "stcnet", "stcnet"),  # tested on its own data alone
        ("nl", "clean", "clean"),
        ("nl", "clean", "stcnet"),  # neither raw nor copied data
    )
    rows = frozen_rows(found, MADE, RESAMPLES)
    assert [(row["train"], row["test"], row["copied"]) for row in rows] == [
        ("raw", "raw", "copy"),
        ("raw", "copy", "copy"),
        ("raw", "stcnet", "copy"),
        ("raw", "copy-oracle", "copy-oracle"),
        ("raw", "stcnet-oracle", "copy-oracle"),
        ("clean", "clean", None),
        ("clean", "stcnet", None),
    ]
    shown = [(bool(row["against"]["raw"]), bool(row["against"]["copy"])) for row in rows]
    with_both = [(False, True), (True, False), (True, True), (True, False), (True, True)]
    assert shown == [*with_both, (False, False), (False, False)]


def test_differences_of_frozen_rows_equal_loops():
    seeds = (0, 1, 2)
    variants = [("guider", "clean", test) for test in ("raw", "copy", "stcnet")]
    found = results(*variants, seeds=seeds)
    row = frozen_rows(found, MADE, RESAMPLES)[2]
    raw, copied, own = (loop(found, seeds, *variant) for variant in variants)
    assert (row["mAP"], row["rank1"]) == (pytest.approx(own[0, 0]), pytest.approx(own[1, 0]))
    for name, other in (("raw", raw), ("copy", copied)):
        for i, key in enumerate(("mAP", "rank1")):
            wanted, got = own[i] - other[i], row["against"][name][key]
            assert got["value"] == pytest.approx(wanted[0])
            bounds = np.percentile(wanted[1:], [2.5, 97.5])
            assert [got["low"], got["high"]] == pytest.approx(bounds)


def test_the_gap_closed_of_frozen_rows_is_of_their_own_network():
    """Not of the one trained on clean data, which is another training; equals a loop over resamples."""
    seeds = (0, 1)
    variants = [("guider", "raw", test) for test in ("raw", "copy", "clean")]
    found = results(*variants, ("guider", "clean", "clean"), seeds=seeds)
    raw, own, clean = (loop(found, seeds, *variant) for variant in variants)
    rows = frozen_rows(found, MADE, RESAMPLES)
    assert [row["gap_closed"] is None for row in rows] == [True, False, True]
    for i, key in enumerate(("mAP", "rank1")):
        got, gap = rows[1]["gap_closed"][key], clean[i] - raw[i]
        if gap[0] <= 0:
            assert got["value"] is None
            continue
        assert got["value"] == pytest.approx((own[i][0] - raw[i][0]) / gap[0])
        if np.mean(gap[1:] <= 0) <= 0.025:
            shares = ((own[i] - raw[i]) / gap)[1:][gap[1:] > 0]
            assert [got["low"], got["high"]] == pytest.approx(np.percentile(shares, [2.5, 97.5]))
    without = results(*variants[:2], ("guider", "clean", "clean"), seeds=seeds)
    assert [row["gap_closed"] for row in frozen_rows(without, MADE, RESAMPLES)] == [None, None]


def test_what_a_training_does_to_all_test_data_cancels():
    """Each seed moves all rows of its network alike: the rows move, their difference does not."""
    raw, stcnet = ("nl", "raw", "raw"), ("nl", "raw", "stcnet")
    found = results(raw, stcnet, seeds=(0,))
    for seed, moved in ((1, 0.05), (2, 0.1)):
        for variant in (raw, stcnet):
            first = found[Cell(*variant, 0, 0)]
            queries = first.queries.assign(ap=first.queries["ap"] + moved)
            metrics = {"metrics": first.metrics["metrics"] | {"mAP": queries["ap"].mean()}}
            found[Cell(*variant, 0, seed)] = Result(metrics, queries)
    alone = {cell: result for cell, result in found.items() if cell.seed == 0}
    (_, one), (_, three) = (frozen_rows(those, MADE, RESAMPLES) for those in (alone, found))
    for bound in ("value", "low", "high"):
        assert three["against"]["raw"]["mAP"][bound] == pytest.approx(one["against"]["raw"]["mAP"][bound])


@pytest.mark.parametrize(("seeds", "over"), [((0,), "this one network"), ((0, 1), "people and networks")])
def test_every_page_shows_frozen_rows_with_half_widths(seeds, over):
    comparison = made({("raw", "raw"): 0.3, ("raw", "copy"): 0.4}, seeds=seeds)
    value = {"value": 0.031, "low": 0.008, "high": 0.0541}
    row = {"network": "guider", "train": "raw", "test": "copy", "mAP": 0.712, "rank1": 0.8, "copied": "copy"}
    comparison["frozen"] = [row | {"against": {"raw": {"mAP": value, "rank1": value}, "copy": None}}]
    table = frozen_table(comparison)
    assert table.head[3:] == [
        *("mAP", "mAP against raw", "mAP against copy", "rank-1 against raw", "rank-1 against copy"),
    ]
    assert table.rows == [["guider", "raw", "copy", "71.2", "+3.1 ±2.3", "–", "+3.1 ±2.3", "–"]]
    assert [table.head, *table.rows] in parse(results_page(comparison))
    assert table.as_text() in comparison_text(comparison)
    for page in (
        results_page(comparison),
        comparison_text(comparison),
        table_page(comparison, provenance=""),
    ):
        assert "Frozen rows" in page
        assert over in page
        assert "±2.3" in page
    assert frozen_table(made({("raw", "raw"): 0.3})) is None
