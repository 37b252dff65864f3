"""The comparison as text: what stands in it is what `compare` measured."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.comparison import Cell, Result, compare
from stcnet_lib.evaluation.findings import comparison_text, conclusion, gap_lines, localisation_parts
from stcnet_lib.evaluation.tables import (
    Table,
    means_table,
    percent,
    points,
    read_comparison,
    result_table,
)

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
    comparison = compare(results, resamples=200) | {
        "dataset": "walkers",
        "protocol": "gallery-only",
        "threshold": [THRESHOLD],
        "localisation": [{"train": {"all": DETECTION}, "test": {"all": DETECTION}}],
        "restoration": {
            "walkers/split~0/seed~0/completion~tem": {"method": "stcnet", "masks": "predicted"},
            "walkers/split~0/seed~0/completion~oracle": {"method": "stcnet", "masks": "oracle"},
            "walkers/split~0/seed~0/completion~copy": {"method": "copy", "masks": "predicted"},
        },
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


def test_the_table_shows_the_rows_of_compare(comparison):
    table = result_table(comparison)
    assert table.head == [
        *("network", "train", "test", "mAP", "rank-1", "rank-5", "rank-20"),
        *("mAP against raw", "rank-1 against raw"),
    ]
    for cells, row in zip(table.rows, comparison["rows"], strict=True):
        assert cells[:3] == [row["network"], row["train"], row["test"]]
        low, high = row["mAP_interval"]
        assert cells[3] == f"{100 * row['mAP']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        raw = comparison["rows"][0]
        if row is raw:
            assert cells[-2:] == ["–", "–"]
        else:
            assert cells[-2].startswith(f"{100 * (row['mAP'] - raw['mAP']):+.1f} [")


def test_split_and_seed_stand_in_the_table_where_they_differ():
    repeated = made({("raw", "raw"): 0.3, ("tem", "tem"): 0.6}, seeds=(0, 1))
    assert result_table(repeated).head[:4] == ["network", "train", "test", "seed"]
    means = means_table(repeated)
    own = [100 * row["mAP"] for row in repeated["rows"] if row["test"] == "tem"]
    assert means.rows[1][3] == "2"
    assert means.rows[1][4] == f"{np.mean(own):.1f} ± {np.std(own, ddof=1):.1f}"


def test_nothing_repeated_needs_no_means(comparison):
    assert means_table(comparison) is None


def test_gap_closed(comparison):
    lines = gap_lines(comparison)
    raw, tem, clean = (
        next(r for r in comparison["rows"] if r["train"] == d) for d in ("raw", "tem", "clean")
    )
    closed = (tem["mAP"] - raw["mAP"]) / (clean["mAP"] - raw["mAP"])
    (line,) = [line for line in lines if "tem → tem" in line]
    assert f"mAP {100 * closed:.0f} % [" in line
    comparison["gap_closed"][0]["mAP"] = {"value": 0.5, "low": None, "high": None}
    comparison["gap_closed"][0]["rank1"] = {"value": None, "low": None, "high": None}
    assert gap_lines(comparison)[0].endswith(
        "mAP 50 % [unbounded: the gap itself is uncertain], rank-1 undefined (no gap)"
    )


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
    return comparison | {"rows": [row for row in comparison["rows"] if row["train"] not in data]}


def test_the_conclusion_is_on_stcnet_with_predicted_masks_then_on_what_there_is(comparison):
    assert conclusion(comparison).startswith("Training on tem and testing on tem data")
    assert conclusion(without(comparison, "tem")).startswith("Training on raw and testing on tem data")
    others = without(comparison, "tem")
    others["rows"] = [row for row in others["rows"] if row["test"] != "tem"]
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
    for row in changed["rows"]:
        if row["difference"]:
            row["difference"]["mAP"] = {"value": 0.03, "low": low, "high": high}
    line = conclusion(changed)
    assert "+3.0" in line
    assert words in line
    assert "\n" not in line


def test_the_whole_text(comparison):
    text = comparison_text(comparison)
    assert text.startswith("Re-identification on walkers: protocol gallery-only, 60 queries")
    assert result_table(comparison, ("rank5",)).as_text() in text
    assert "rank-20" not in text
    assert text.endswith(conclusion(comparison))


def test_no_variants(comparison):
    text = comparison_text(comparison | {"rows": [], "gap_closed": [], "means": []})
    assert "no variants" in text


def test_files_of_another_kind_are_refused(tmp_path, comparison):
    path = tmp_path / "comparison.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match="got no list 'rows'"):
        read_comparison(path)
    del comparison["rows"][1]["mAP_interval"]
    path.write_text(json.dumps(comparison))
    with pytest.raises(ValueError, match="row 1 lacks mAP_interval"):
        read_comparison(path)
