"""Pooled quality against plain means, its intervals against a bootstrap written out, and the table."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.common.files import write_json
from stcnet_lib.evaluation.measures.completion_summary import (
    METRICS,
    completion_summary,
    quality_summary,
    replaced_shares,
)
from stcnet_lib.report.tables.completions import (
    completion_rows,
    completion_table,
    damage_table,
    flat_rows,
    kind_table,
)


def frames(count=40, people=6, seed=0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"frame": np.arange(count), "pid": random.integers(0, people, count)})
    table["regions"], table["false_regions"] = random.integers(1, 3, count), random.integers(0, 2, count)
    for name in ("hole", "person", "false", "visible", "body"):
        table[f"{name}_pixels"] = random.integers(0, 3, count) * random.integers(1, 100, count)
    table["feature_frames"] = (table["hole_pixels"] > 0).astype(int)
    table["sharpness_energy"] = table["hole_pixels"] * random.random(count)
    table["seam_energy"] = random.integers(0, 9, count)
    weights = {"feature_cosine": "feature_frames", "sharpness": "sharpness_energy", "seam": "seam_energy"}
    errors = [f"{area}_mse" for area in ("hole", "person", "false", "visible", "body")]
    for name in (*errors, "hole_ssim", "person_ssim", "feature_cosine", "sharpness", "seam"):
        weight = weights.get(name, name.split("_")[0] + "_pixels")
        for time in ("before", "after"):
            value = random.random(count) * (900 if name.endswith("mse") else 1)
            table[f"{name}_{time}"] = np.where(table[weight] > 0, value, np.nan)
    return table


def person_psnr(table, time):
    some = table[table["person_pixels"] > 0]
    error = (some[f"person_mse_{time}"] * some["person_pixels"]).sum() / some["person_pixels"].sum()
    return 20 * np.log10(255) - 10 * np.log10(error)


def test_values_are_pooled_over_pixels():
    table = frames()
    found = quality_summary(table)
    before, after = person_psnr(table, "before"), person_psnr(table, "after")
    assert found["person_psnr_before"] == pytest.approx(before, rel=1e-12)
    assert found["person_psnr_gain"] == pytest.approx(after - before, rel=1e-9)
    assert found["feature_cosine_after"] == pytest.approx(table["feature_cosine_after"].mean(), rel=1e-12)
    assert found["regions"] == table["regions"].sum()
    assert found["false_frames"] == (table["false_pixels"] > 0).sum()
    assert "intervals" not in found


@pytest.mark.parametrize("name", ["sharpness", "seam"])
def test_ratios_are_pooled_over_what_they_are_a_ratio_of(name):
    table = frames()
    energy = table[f"{name}_energy"]
    wanted = (table[f"{name}_after"].fillna(0) * energy).sum() / energy.sum()
    assert quality_summary(table)[f"{name}_after"] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "whole"), [("replaced_share", "visible"), ("replaced_share_changed", "changed")]
)
def test_shares_of_replaced_pixels_have_the_intervals_of_drawn_identities(name, whole):
    random = np.random.default_rng(3)
    counts = pd.DataFrame({"pid": random.integers(0, 25, 300), "visible": random.integers(50, 99, 300)})
    counts["replaced"] = (counts["visible"] * random.random(300) * (counts["pid"] % 3)).astype(int) // 3
    counts["changed"] = counts["visible"] * (counts["replaced"] > 0)  # nobody of every third person
    found = replaced_shares(counts, 4000)
    sums = counts.groupby("pid")[[whole, "replaced"]].sum().to_numpy()
    assert found[name] == pytest.approx(sums[:, 1].sum() / sums[:, 0].sum())
    drawn = [sums[random.integers(0, len(sums), len(sums))].sum(axis=0) for _ in range(4000)]
    wanted = np.quantile([replaced / pixels for pixels, replaced in drawn], (0.025, 0.975))
    assert found["intervals"][name] == pytest.approx(wanted.tolist(), abs=0.15 * (wanted[1] - wanted[0]))


def test_shares_of_nothing_are_none():
    untouched = pd.DataFrame({"pid": [1, 2], "visible": [30, 40], "replaced": 0, "changed": 0})
    found = replaced_shares(untouched, 100)
    assert found["replaced_share"] == 0
    assert found["replaced_share_changed"] is None
    assert found["intervals"] == {"replaced_share": [0, 0]}
    for nothing in (untouched.iloc[:0], untouched.assign(visible=0)):
        assert replaced_shares(nothing, 100) == {
            "replaced_share": None,
            "replaced_share_changed": None,
            "intervals": {},
        }


def test_intervals_are_those_of_drawn_identities():
    """Two percentile bootstraps of 4000 draws differ by chance; 0.15 of the width is over five times that."""
    table = frames(people=25, count=200)
    found = quality_summary(table, resamples=4000)["intervals"]["person_psnr_gain"]
    random = np.random.default_rng(9)
    groups = [rows for _, rows in table.groupby("pid")]
    names = ("person_mse_before", "person_mse_after")
    sums = np.array([[(g[name] * g["person_pixels"]).sum() for name in names] for g in groups])
    drawn = []
    for _ in range(4000):
        picked = random.integers(0, len(groups), len(groups))
        before, after = sums[picked].sum(axis=0)
        drawn.append(10 * np.log10(before / after))
    wanted = np.quantile(drawn, (0.025, 0.975))
    assert found == pytest.approx(wanted.tolist(), abs=0.15 * (wanted[1] - wanted[0]))


def test_no_error_and_no_frames_are_none():
    table = frames()
    table["hole_mse_after"] = table["hole_mse_after"] * 0
    found = quality_summary(table, resamples=100)
    assert found["hole_psnr_after"] is None
    assert found["hole_psnr_gain"] is None
    assert "hole_psnr_after" not in found["intervals"]
    nothing = quality_summary(table.iloc[:0], resamples=100)
    assert nothing["frames"] == nothing["hole_frames"] == 0
    assert all(nothing[f"{metric}_after"] is None for metric in METRICS)
    assert set(nothing) == set(found)


@pytest.fixture
def summary():
    table = frames().drop(columns="pid")
    pids = np.random.default_rng(1).integers(0, 6, 40)
    kinds = np.array(["post", "bench"], dtype=object)[np.arange(40) % 2]
    split = np.where(np.arange(40) < 25, "test", "train")
    counts = pd.DataFrame({"visible": np.arange(40) + 10, "replaced": np.arange(40) % 7})
    counts["changed"] = counts["visible"].where(counts["replaced"] > 0, 0)
    found = completion_summary(table, counts, kinds, pids, split, resamples=100)
    return table, kinds, pids, split, found


def test_parts_are_summaries_of_their_frames(summary):
    table, kinds, pids, split, found = summary
    table = table.assign(pid=pids)
    whole = found["train"]["all"]
    share = (np.arange(25, 40) % 7).sum() / (np.arange(25, 40) + 10).sum()
    assert whole["replaced_share"] == pytest.approx(share)
    low, high = whole["intervals"]["replaced_share"]
    assert low <= share <= high
    wanted = quality_summary(table[split == "train"], resamples=100)
    others = ("replaced_share", "replaced_share_changed", "intervals")
    assert {k: v for k, v in whole.items() if k not in others} == {
        k: v for k, v in wanted.items() if k != "intervals"
    }
    assert whole["intervals"].items() >= wanted["intervals"].items()
    posts = table[(split == "test") & (kinds == "post")]
    assert found["test"]["by_kind"]["post"] == quality_summary(posts)
    assert set(found["test"]["by_kind"]) == {"post", "bench"}


def test_the_table_has_a_row_for_every_part(summary, tmp_path):
    place = {"completion": "mine", "split": 1, "seed": 3}
    quality, restoration = tmp_path / "quality.json", tmp_path / "restoration.json"
    write_json(quality, summary[-1] | place)
    write_json(restoration, {"method": "copy", "masks": "oracle"} | place)
    rows = completion_rows([quality], [restoration])
    assert [(row["part"], row["kind"]) for row in rows] == [
        (part, kind) for part in ("test", "train") for kind in ("all", "bench", "post")
    ]
    assert rows[0].items() >= {"completion": "mine", "method": "copy", "masks": "oracle", "seed": 3}.items()
    flat = flat_rows(rows)[0]
    assert flat["person_ssim_gain_low"] == summary[-1]["test"]["all"]["intervals"]["person_ssim_gain"][0]
    assert "intervals" not in flat
    head, texts = completion_table(rows)
    assert len(texts) == 1
    assert len(texts[0]) == len(head)
    value = summary[-1]["test"]["all"]["person_psnr_before"]
    assert texts[0][head.index("person PSNR")].startswith(f"{value:.1f} → ")
    head, texts = damage_table(rows)
    assert len(texts[0]) == len(head)
    whole = summary[-1]["test"]["all"]
    low, high = whole["intervals"]["body_psnr_after"]
    assert texts[0][3].startswith(f"{100 * whole['replaced_share']:.1f} % [")
    assert texts[0][4].startswith(f"{100 * whole['replaced_share_changed']:.1f} % [")
    assert texts[0][5] == f"{whole['body_psnr_after']:.1f} [{low:.1f}, {high:.1f}]"
    head, texts = kind_table(rows)
    assert [text[0] for text in texts] == ["bench", "post"]
    assert all(len(text) == len(head) for text in texts)
    write_json(quality, summary[-1] | place | {"seed": 4})
    with pytest.raises(ValueError, match="got the quality of completion mine, split 1, seed 4, wanted"):
        completion_rows([quality], [restoration])
