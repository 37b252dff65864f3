"""Pooled quality against plain means, its intervals against a bootstrap written out, and the table."""

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.evaluation.completion_summary import METRICS, completion_summary, summarise
from stcnet_lib.evaluation.completion_table import completion_rows, completion_table, flat_rows, kind_table
from stcnet_lib.files import write_json


def frames(count=40, people=6, seed=0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"frame": np.arange(count), "pid": random.integers(0, people, count)})
    table["regions"], table["false_regions"] = random.integers(1, 3, count), random.integers(0, 2, count)
    for name in ("hole", "person", "false"):
        table[f"{name}_pixels"] = random.integers(0, 3, count) * random.integers(1, 100, count)
    table["feature_frames"] = (table["hole_pixels"] > 0).astype(int)
    for name in ("hole_mse", "hole_ssim", "person_mse", "person_ssim", "false_mse", "feature_cosine"):
        weight = "feature_frames" if name == "feature_cosine" else name.split("_")[0] + "_pixels"
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
    found = summarise(table)
    before, after = person_psnr(table, "before"), person_psnr(table, "after")
    assert found["person_psnr_before"] == pytest.approx(before, rel=1e-12)
    assert found["person_psnr_gain"] == pytest.approx(after - before, rel=1e-9)
    assert found["feature_cosine_after"] == pytest.approx(table["feature_cosine_after"].mean(), rel=1e-12)
    assert found["regions"] == table["regions"].sum()
    assert found["false_frames"] == (table["false_pixels"] > 0).sum()
    assert "intervals" not in found


def test_intervals_are_those_of_drawn_identities():
    """Two percentile bootstraps of 4000 draws differ by chance; 0.15 of the width is over five times that."""
    table = frames(people=25, count=200)
    found = summarise(table, resamples=4000)["intervals"]["person_psnr_gain"]
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
    found = summarise(table, resamples=100)
    assert found["hole_psnr_after"] is None
    assert found["hole_psnr_gain"] is None
    assert "hole_psnr_after" not in found["intervals"]
    nothing = summarise(table.iloc[:0], resamples=100)
    assert nothing["frames"] == nothing["hole_frames"] == 0
    assert all(nothing[f"{metric}_after"] is None for metric in METRICS)
    assert set(nothing) == set(found)


@pytest.fixture
def summary():
    table = frames().drop(columns="pid")
    pids = np.random.default_rng(1).integers(0, 6, 40)
    kinds = np.array(["post", "bench"], dtype=object)[np.arange(40) % 2]
    split = np.where(np.arange(40) < 25, "test", "train")
    return table, kinds, pids, split, completion_summary(table, kinds, pids, split, resamples=100)


def test_parts_are_summaries_of_their_frames(summary):
    table, kinds, pids, split, found = summary
    table = table.assign(pid=pids)
    assert found["train"]["all"] == summarise(table[split == "train"], resamples=100)
    posts = table[(split == "test") & (kinds == "post")]
    assert found["test"]["by_kind"]["post"] == summarise(posts)
    assert set(found["test"]["by_kind"]) == {"post", "bench"}


def test_the_table_has_a_row_for_every_part(summary, tmp_path):
    folder = tmp_path / "split~1" / "seed~3" / "completion~mine"
    write_json(folder / "quality.json", summary[-1])
    write_json(folder / "restoration.json", {"method": "copy", "masks": "oracle"})
    rows = completion_rows([folder / "quality.json"], [folder / "restoration.json"])
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
    head, texts = kind_table(rows)
    assert [text[0] for text in texts] == ["bench", "post"]
    assert all(len(text) == len(head) for text in texts)
    with pytest.raises(ValueError, match="wanted …/split~S"):
        completion_rows([tmp_path / "quality.json"], [folder / "restoration.json"])
