"""The command that writes the page: what it reads of a run's files."""

from __future__ import annotations

import base64
import io
import json
import re
import sys

import numpy as np
import pytest
from PIL import Image
from summary_run import VALUES, comparison

from stcnet_lib.common.files import write_json
from stcnet_lib.report.summary.times import STAGES, StageTime, stage_times, time_table
from workflow.scripts import write_summary

SCORES = {"mAP": 0.0, "rank-1": 0.0}


def benchmark(path, seconds: float, memory: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{memory}\n")


def test_times_are_summed_by_stage_and_drawing_is_left_out(tmp_path):
    benchmark(tmp_path / "prepare_dataset.tsv", 3.5, "100.0")
    benchmark(tmp_path / "split~0/seed~0/restore_dataset_stcnet.tsv", 60.0, "50.5")
    benchmark(tmp_path / "split~0/seed~1/restore_dataset_stcnet.tsv", 65.4, "70.5")
    benchmark(tmp_path / "split~0/seed~1/measure_shares.tsv", 1.0, "-")  # over before it was measured
    benchmark(tmp_path / "draw_cmc.tsv", 1000.0, "1.0")
    times = stage_times(tmp_path)
    assert times == [
        StageTime("data prepared", 1, 3.5, 100.0),
        StageTime("frames restored", 2, 125.4, 70.5),
        StageTime("embedded and ranked", 1, 1.0, None),
    ]
    assert time_table(times).rows[1:] == [
        ["frames restored", "2", "2:05", "70 MB"],
        ["embedded and ranked", "1", "0:01", ""],
        ["all", "4", "2:10", ""],
    ]
    assert stage_times(tmp_path / "nothing") == []


@pytest.mark.workflow
def test_every_rule_before_the_tables_belongs_to_a_stage():
    """A rule that is added needs a stage, or a reason to have none."""
    from checkouts import REPOSITORY

    left_out = ("draw_", "write_", "print_", "compare", "gather_planted", "export_")
    names = []
    for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk")):
        names += re.findall(r"/([a-z_]+)[^/\"]*\.tsv\"", path.read_text())
    starts = tuple(start for stage in STAGES.values() for start in stage)
    assert len(names) > 25
    assert [name for name in names if not name.startswith((*starts, *left_out))] == []


@pytest.fixture
def page(world, tmp_path, monkeypatch) -> str:
    """Of the run of `summary_run.py` with the strips of the small data set."""
    write_json(tmp_path / "comparison.json", comparison())
    write_json(tmp_path / "restoration.json", {"completion": "stcnet"})
    model = {"config": {"width": 8}, "details": {"device": "cpu"}, "weights_sha256": "ab" * 32}
    write_json(tmp_path / "model.json", model | {"format": "stcnet-model", "version": 1, "kind": "reid"})
    metrics, curves = [], []
    for test, (_, rank) in VALUES.items():
        for seed in (0, 1):  # two runs, whose mean is drawn
            folder = tmp_path / test / str(seed)
            cell = {"network": "guider", "train": "raw", "test": test, "split": 0, "seed": seed}
            write_json(
                folder / "metrics.json", {"cell": cell, "format": "stcnet-metrics", "version": 1} | SCORES
            )
            shares = np.linspace(rank + (-1) ** seed * 0.1, 1, 30)
            (folder / "cmc.csv").write_text(
                "rank,cmc\n" + "".join(f"{k},{share:.6f}\n" for k, share in enumerate(shares, 1))
            )
            metrics.append(folder / "metrics.json")
            curves.append(folder / "cmc.csv")
    benchmark(tmp_path / "logs/prepare_dataset.tsv", 3.0, "1.0")
    options = {
        "comparison": [tmp_path / "comparison.json"],
        "store": [world.store],
        "page": [tmp_path / "summary.html"],
        "frame": [tmp_path / "frame.html"],
        "metrics": metrics,
        "cmc": curves,
        "completed": [world.completed],
        "regions": [world.regions],
        "restoration": [tmp_path / "restoration.json"],
        "truth": [world.truth],
        "guider": [tmp_path / "model.json"],
        "logs": [tmp_path / "logs"],
    }
    words = [str(word) for name, files in options.items() for word in (f"--{name}", *files)]
    monkeypatch.setattr(sys, "argv", ["write_summary", *words])
    write_summary.main()
    assert (tmp_path / "frame.html").read_text().startswith('<iframe class="summary"')
    return (tmp_path / "summary.html").read_text(encoding="utf-8")


def pictures(page: str) -> list[np.ndarray]:
    """uint8 (H, W, 4) of every picture in the page."""
    found = re.findall(r'src="data:image/webp;base64,([^"]+)"', page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA")) for text in found]


def test_strips_show_the_frames_of_the_stores(world, page):
    """Three test tracklets; in frame 2 of 5 the middle third is 200, restored 100 + error, in truth 100."""
    sheets = pictures(page)
    assert len(sheets) == 9
    errors = [float(text) for text in re.findall(r"error (\d+\.\d);", page)]
    assert len(errors) == 3
    assert set(errors) <= set(world.error[4:].astype(float))  # of test people alone
    gap, width = 8, 16
    inside = slice(gap + 2 * (width + gap) + 4, gap + 2 * (width + gap) + 12)
    for number, error in enumerate(errors):
        before, restored, truth = (sheet[14:18, inside, :3].mean() for sheet in sheets[3 * number :][:3])
        assert before == pytest.approx(200, abs=4)  # WebP is lossy
        assert restored == pytest.approx(100 + error, abs=4)
        assert truth == pytest.approx(100, abs=4)


def test_marks_stand_beside_what_was_replaced(page):
    before, restored, truth = pictures(page)[:3]
    orange = [
        (sheet[..., 3] > 128) & (sheet[..., 0].astype(int) - sheet[..., 2] > 120) for sheet in (before, truth)
    ]
    assert orange[0].any()
    assert not orange[1].any()
    rows = np.flatnonzero(orange[0].any(axis=1))
    assert (rows.min(), rows.max()) == (12, 19)  # inside the middle third, 11 to 21
    assert before.shape == restored.shape == truth.shape


def test_the_cmc_is_the_mean_of_the_runs(page):
    """Of both runs, rank-1 is the value between them: the first points are in proportion to that."""
    drawn = [text.split()[0].split(",") for text in re.findall(r'<polyline points="([^"]+)"', page)]
    order = ["raw", "drop", "near", "stcnet", "clean"]
    places, shares = [float(y) for _, y in drawn], [VALUES[test][1] for test in order]
    slope, offset = np.polyfit(shares, places, 1)
    np.testing.assert_allclose(places, slope * np.array(shares) + offset, atol=0.06)
    assert all(text.count(",") == 20 for text in re.findall(r'<polyline points="([^"]+)"', page))


def test_the_page_is_small_and_the_same_every_time(page, tmp_path):
    assert len(page) < 2_000_000
    write_summary.main()
    assert (tmp_path / "summary.html").read_text(encoding="utf-8") == page


def test_times_and_settings_are_on_the_page(page):
    assert "data prepared" in page
    assert "Settings: guider" in page
    assert "abababababababab" in page


def test_a_foreign_file_is_one_line(tmp_path, world, monkeypatch, capsys):
    (tmp_path / "comparison.json").write_text(json.dumps({"rows": 3}))
    words = ["--comparison", tmp_path / "comparison.json", "--store", world.store]
    words += ["--page", tmp_path / "a.html", "--frame", tmp_path / "b.html"]
    monkeypatch.setattr(sys, "argv", ["write_summary", *map(str, words)])
    with pytest.raises(ValueError, match=r"wanted a comparison\.json"):
        write_summary.main()
    assert not (tmp_path / "a.html").exists()
