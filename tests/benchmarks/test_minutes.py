"""The table of where a run's minutes went, from benchmark files written here."""

import re
from pathlib import Path

import pytest

from benchmarks.minutes import benchmark_files, lines, minutes_of, rule_of

REPOSITORY = Path(__file__).parents[2]
HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"
FILES = {
    "embed_.+_.+": "embed",
    "prepare": "prepare",
    "draw_strips_.+": "draw_strips",
    "draw_.+": "draw",
}


def written(folder, **jobs):
    """Benchmark files as Snakemake writes them: of each job rows (seconds, CPU seconds)."""
    logs = folder / "logs" / "split~0" / "seed~0"
    logs.mkdir(parents=True)
    for name, rows in jobs.items():
        cells = [f"{clock}\t0:00:01\t1\t2\t3\t4\t5\t6\t7\t{cpu}" for clock, cpu in rows]
        (logs / f"{name}.tsv").write_text("\n".join([HEAD, *cells]) + "\n")
    return folder


def test_jobs_are_counted_and_added_up_by_rule(tmp_path):
    run = written(
        tmp_path,
        embed_raw_a=[(4.0, 6.0)],
        embed_raw_b=[(8.0, 7.5)],
        prepare=[(5.0, 10.0), (6.0, 11.0)],  # tried twice
        draw_strips_best=[(0.5, "NA")],  # too short to be sampled
        draw_other=[(0.25, 0.125)],
    )
    found = minutes_of(run, FILES)
    assert [(row.rule, row.starts, row.clock_seconds, row.cpu_seconds, row.longest) for row in found] == [
        ("embed", 2, 12.0, 13.5, 8.0),
        ("prepare", 2, 11.0, 21.0, 6.0),
        ("draw_strips", 1, 0.5, 0.0, 0.5),
        ("draw", 1, 0.25, 0.125, 0.25),
    ]
    table = lines(found)
    assert table[2] == "| embed | 2 | 12.0 | 13.5 | 8.0 | 39 % |"
    assert table[-1] == "| all | 6 | 23.8 | 34.6 | 8.0 | 100 % |"
    assert len({line.count("|") for line in table}) == 1


def test_the_pattern_that_says_most_of_the_name_decides():
    assert rule_of("draw_strips_copy_best", FILES) == "draw_strips"
    assert rule_of("draw_stripes", FILES) == "draw"
    with pytest.raises(ValueError, match=r"embedding\.tsv.*no known rule"):
        rule_of("embedding", FILES)


def test_a_folder_without_a_run_is_told_so(tmp_path):
    with pytest.raises(ValueError, match="no benchmark files"):
        minutes_of(tmp_path, FILES)


def test_the_files_of_every_rule_of_the_workflow_are_known():
    files = benchmark_files(REPOSITORY / "workflow" / "rules")
    text = "".join(path.read_text("utf-8") for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    assert sorted(files.values()) == sorted(
        a or b for a, b in re.findall(r"^ *(?:rule (\w+)|use rule \w+ as (\w+) with):", text, re.MULTILINE)
    )
    written = {
        "embed_stcnet+copy_nl_raw": "embed",
        "evaluate_raw_guider_clean": "evaluate",
        "extract_probe_features": "extract_probe_features",
        "draw_training_guider": "draw_training_guider",
        "draw_training_stcnet_default": "draw_training_stcnet",
        "draw_training_raw_nl": "draw_training_reid",
        "draw_restored_walkers_copy": "draw_restored_walkers",
    }
    assert {file: rule_of(file, files) for file in written} == written
