"""The table of where a run's minutes went, from benchmark files written here."""

import re
from pathlib import Path

import pytest

from benchmarks.minutes import lines, minutes_of, rule_names, rule_of

REPOSITORY = Path(__file__).parents[2]
HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"
RULES = ["draw", "draw_strips", "embed", "prepare"]


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
    found = minutes_of(run, RULES)
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


def test_the_longest_name_that_fits_is_the_rule():
    assert rule_of("draw_strips_copy_best", RULES) == "draw_strips"
    assert rule_of("draw_stripes", RULES) == "draw"
    with pytest.raises(ValueError, match=r"embedding\.tsv.*no known rule"):
        rule_of("embedding", RULES)


def test_a_folder_without_a_run_is_told_so(tmp_path):
    with pytest.raises(ValueError, match="no benchmark files"):
        minutes_of(tmp_path, RULES)


def test_every_benchmark_file_of_the_workflow_begins_with_its_rule():
    rules = rule_names(REPOSITORY / "workflow" / "rules")
    for path in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk")):
        starts = r"^(?= *(?:rule \w+|use rule \w+ as \w+ with):)"
        for block in re.split(starts, path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            name = re.match(r" *(?:rule (\w+)|use rule \w+ as (\w+) with):", block)
            file = re.search(r'benchmark:\s+f?"(?:[^"]*/)?([^"/]+)\.tsv"', block)
            wildcards_filled = re.sub(r"\{\{\w+\}\}", "x", file[1])
            assert rule_of(wildcards_filled, rules) == (name[1] or name[2])
