"""The comparison as text: what stands in it is what `compare` measured."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.cells import Cell, Result, Shares
from stcnet_lib.evaluation.comparison import compare
from stcnet_lib.report.tables.conclusions import comparison_text, conclusion, localisation_parts
from stcnet_lib.report.tables.tables import (
    Table,
    heading,
    read_comparison,
    result_table,
    run_table,
    spread_table,
    strata_table,
    strata_title,
)
from stcnet_lib.report.tables.texts import closed, percent, points

DETECTION = {
    "regions": 960,
    "hidden": 200,
    "flagged": 180,
    "auroc": 0.9444,
    "average_precision": 0.849,
    "precision": 0.8,
    "recall": None,
    "f1": 0.7635,
    "best_f1": 0.77,
}
THRESHOLD = {
    "tau": [0.95531] * 3,
    "rule": "mixture",
    "reference": "mean",
    "counts": {
        "frames": 600,
        "tracklets": 1440,
        "regions_flagged": {"upper": 300, "middle": 20, "lower": 1},
        "contaminated_tracklets": 17,
        "one_frame_tracklets": 3,
    },
}


def result(share: float, seed: int = 0, people: int = 30) -> Result:
    """Queries of which about `share` are matched at rank 1, the others at rank 3."""
    hit = np.random.default_rng(seed).random(2 * people) < share
    queries = pd.DataFrame(
        {
            "tracklet": np.arange(2 * people),
            "pid": np.repeat(np.arange(people), 2),
            "ap": np.where(hit, 1.0, 1 / 3),
            "matches": 1,
            "first_match": np.where(hit, 1, 3),
        }
    )
    metrics = {"mAP": queries["ap"].mean(), "rank-1": hit.mean(), "rank-5": 1.0, "rank-20": 1.0}
    return Result({"metrics": metrics}, queries)


def made(shares: dict[tuple[str, str], float], seeds=(0,)) -> dict:
    """What `compare` makes of variants (train, test) -> share of rank-1 matches."""
    results = {
        Cell("nl", train, test, 0, seed): result(share, seed)
        for (train, test), share in shares.items()
        for seed in seeds
    }
    share = (
        np.arange(60) % 2 / 2
    )  # half of the queries show everything, half are hidden in half of the frames
    shares = {(0, seed): Shares("truth", share) for seed in seeds}
    comparison = compare(results, resamples=200, shares=shares) | {
        "dataset": "walkers",
        "protocol": "gallery-only",
        "threshold": [THRESHOLD],
        "localisation": [{"train": {"all": DETECTION}, "test": {"all": DETECTION}}],
        "restoration": [
            {"completion": "tem", "method": "stcnet", "masks": "predicted"},
            {"completion": "oracle", "method": "stcnet", "masks": "oracle"},
            {"completion": "copy", "method": "copy", "masks": "predicted"},
        ],
    }
    return json.loads(json.dumps(comparison, default=float))


@pytest.fixture
def comparison() -> dict:
    return made(
        {
            ("raw", "raw"): 0.3,
            ("copy", "copy"): 0.4,
            ("oracle", "oracle"): 0.7,
            ("raw", "tem"): 0.5,
            ("tem", "tem"): 0.6,
            ("clean", "clean"): 0.9,
        }
    )


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.62, [0.57, 0.661], "62.0 [57.0, 66.1]"),
        (0.62, [None, None], "62.0"),
        (1.0, None, "100.0"),
        (None, None, "–"),
    ],
)
def test_percent(value, interval, text):
    assert percent(value, interval) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.031, 0.008, 0.0541, "+3.1 [+0.8, +5.4]"),
        (-0.031, -0.05, 0.0001, "−3.1 [−5.0, 0.0]"),
        (-0.0001, None, None, "0.0"),
        (None, None, None, "–"),
    ],
)
def test_points(value, low, high, text):
    assert points({"value": value, "low": low, "high": high}) == text


def test_columns_of_the_text_are_aligned():
    table = Table(["name", "value"], [["a", "1.0"], ["longer", "−10.0"]], names=1)
    assert table.as_text().splitlines() == [
        "name    value",
        "------  -----",
        "a         1.0",
        "longer  −10.0",
    ]


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ({"value": 0.72, "low": 0.5, "high": 0.94}, "72 [50, 94]"),
        ({"value": -0.1, "low": -0.204, "high": -0.001}, "−10 [−20, 0]"),
        ({"value": 0.5, "low": None, "high": None}, "50 [unbounded]"),
        ({"value": None, "low": None, "high": None}, "no gap"),
        (None, "–"),
    ],
)
def test_gap_closed(interval, text):
    assert closed(interval) == text


def test_the_table_shows_the_rows_of_compare(comparison):
    table = result_table(comparison)
    assert table.head == [
        *("network", "train", "test", "mAP", "rank-1", "mAP against raw", "rank-1 against raw"),
        *("gap closed, mAP", "gap closed, rank-1", "rank-5", "rank-20"),
    ]
    raw, clean = comparison["rows"][0], comparison["rows"][-1]
    for cells, row in zip(table.rows, comparison["rows"], strict=True):
        assert cells[:3] == [row["network"], row["train"], row["test"]]
        low, high = row["mAP_interval"]
        assert cells[3] == f"{100 * row['mAP']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        if row is raw:
            assert cells[5:9] == ["–"] * 4
            continue
        assert cells[5].startswith(f"{100 * (row['mAP'] - raw['mAP']):+.1f} [")
        share = (row["mAP"] - raw["mAP"]) / (clean["mAP"] - raw["mAP"])
        assert cells[7] == "–" if row is clean else cells[7].startswith(f"{100 * share:.0f} [")


def test_nothing_repeated_needs_no_spread(comparison):
    assert spread_table(comparison) is None
    assert run_table(comparison) is None


def test_of_repeated_runs_the_terminal_shows_means_and_their_span():
    repeated = made({("raw", "raw"): 0.3, ("tem", "tem"): 0.6, ("clean", "clean"): 0.9}, seeds=(0, 1, 2))
    own, raw, clean = (
        [100 * row["mAP"] for row in repeated["rows"] if row["test"] == data]
        for data in ("tem", "raw", "clean")
    )
    table = result_table(repeated, compact=True)
    assert table.head[3:] == ["mAP", "mAP of runs", "rank-1", "mAP against raw", "gap closed, mAP"]
    assert len(table.rows) == 3
    assert table.rows[1][3].startswith(f"{np.mean(own):.1f} [")
    assert table.rows[1][4] == f"{min(own):.1f} to {max(own):.1f}"
    assert max(map(len, table.as_text().splitlines())) <= 120
    spread = spread_table(repeated)
    gaps = [(a - b) / (c - b) for a, b, c in zip(own, raw, clean, strict=True)]
    differences = [a - b for a, b in zip(own, raw, strict=True)]
    assert spread.rows[1][3:5] == ["3", f"{min(own):.1f} to {max(own):.1f}, sd {np.std(own, ddof=1):.1f}"]
    wanted = f"{min(differences):+.1f} to {max(differences):+.1f}, sd {np.std(differences, ddof=1):.1f}"
    assert spread.rows[1][6] == wanted
    assert spread.rows[1][7].startswith(f"{100 * min(gaps):.0f} to {100 * max(gaps):.0f}, sd ")
    runs = run_table(repeated)
    assert [row[4] for row in runs.rows[3:6]] == ["0", "1", "2"]
    assert [row[5].split()[0] for row in runs.rows[3:6]] == [f"{value:.1f}" for value in own]
    assert "a mean of 3 runs" in conclusion(repeated)
    assert "sign" not in conclusion(repeated)
    repeated["means"][1]["difference"]["mAP"]["spread"]["least"] = -0.01
    assert "; single runs differ in sign. That is " in conclusion(repeated)
    full = result_table(repeated)
    share = full.rows[1][full.head.index("gap closed, mAP")]
    assert conclusion(repeated).endswith(f" That is {share} % of what occlusion costs.")
    assert "60 queries, means over 3 seeds, per cent" in heading(repeated)


def test_strata_in_the_table(comparison):
    table = strata_table(comparison)
    assert table.head[3:] == ["0 % (n = 30)", "1-30 % (n = 0)", "30-70 % (n = 30)", "70-100 % (n = 0)"]
    for cells, row in zip(table.rows, comparison["rows"], strict=True):
        own = row["strata"][2]
        wanted = f"{100 * own['mAP']:.1f} / {100 * own['rank1']:.1f}"
        assert (cells[4], cells[5], cells[6]) == ("– / –", wanted, "– / –")
    assert "(ground truth)" in strata_title(comparison)
    assert "predicted flags" in strata_title(comparison | {"hidden_source": "flags"})
    unknown = comparison | {"means": [row | {"strata": None} for row in comparison["means"]]}
    assert strata_table(unknown) is None


def test_localisation_with_and_without_truth(comparison):
    ((_, lines),) = localisation_parts(comparison)
    text = " ".join(lines)
    assert "τ = 0.9553 (mixture" in text
    assert "AUROC 0.944" in text
    assert "precision 0.800, recall –" in text
    assert "flagged 180 of 960 test regions, 200 are hidden" in text
    assert "of 1,440 tracklets 17 are contaminated and 3 have one frame" in text
    ((_, lines),) = localisation_parts(comparison | {"localisation": []})
    assert "flagged 321 of 1,800 regions" in lines
    assert localisation_parts(comparison | {"localisation": [], "threshold": []}) == []
    twice = comparison | {"localisation": [], "threshold": [THRESHOLD, THRESHOLD]}
    assert [title for title, _ in localisation_parts(twice)] == [
        "Finding occlusions (run 1 of 2)",
        "Finding occlusions (run 2 of 2)",
    ]


def without(comparison: dict, *data: str) -> dict:
    return comparison | {"means": [row for row in comparison["means"] if row["train"] not in data]}


def test_the_conclusion_is_on_stcnet_with_predicted_masks_then_on_what_there_is(comparison):
    assert conclusion(comparison).startswith("Training on tem and testing on tem data")
    assert conclusion(without(comparison, "tem")).startswith("Training on raw and testing on tem data")
    others = without(comparison, "tem")
    others["means"] = [row for row in others["means"] if row["test"] != "tem"]
    assert conclusion(others).startswith("Training on copy and testing on copy data")
    assert conclusion(without(comparison, "tem", "copy", "oracle", "raw")) == ""  # only clean data are left


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.1, "an improvement"),
        (-0.1, -0.01, "a loss"),
        (-0.01, 0.1, "holds 0"),
        (None, None, "no interval"),
    ],
)
def test_the_verdict_follows_the_interval(comparison, low, high, words):
    changed = copy.deepcopy(comparison)
    for row in changed["means"]:
        if row["difference"]:
            row["difference"]["mAP"] = {"value": 0.03, "low": low, "high": high}
    line = conclusion(changed)
    assert "+3.0" in line
    assert words in line
    assert "\n" not in line


def test_the_whole_text(comparison):
    text = comparison_text(comparison)
    assert text.startswith("Re-identification on walkers: protocol gallery-only, 60 queries")
    assert result_table(comparison, compact=True).as_text() in text
    assert strata_table(comparison).as_text() in text
    assert "rank-20" not in text
    assert text.endswith(conclusion(comparison))


def test_many_runs_have_a_line_each_in_the_terminal(comparison):
    for runs, lines in ((3, 12), (4, 4)):  # in full: title, τ, flags, tracklets
        many = comparison | {"localisation": [], "threshold": [THRESHOLD] * runs}
        text = comparison_text(many).split("Finding occlusions", 1)[1].rpartition("\n\n")[0]
        assert text.count("τ = 0.9553") == runs
        assert len([line for line in text.splitlines() if line]) == lines


def test_no_variants(comparison):
    text = comparison_text(comparison | {"rows": [], "means": []})
    assert "no variants" in text


def test_files_of_another_kind_are_refused(tmp_path, comparison):
    path = tmp_path / "comparison.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match="got no list 'rows'"):
        read_comparison(path)
    del comparison["rows"][1]["mAP_interval"]
    path.write_text(json.dumps(comparison))
    with pytest.raises(ValueError, match="rows 1 lacks mAP_interval"):
        read_comparison(path)
