"""The commands of the figures: arguments reach the library, errors become one line."""

import json
import subprocess
import sys

import pytest

from workflow.scripts import (
    draw_cmc,
    draw_scores,
    draw_strips,
    draw_table,
    draw_training,
    draw_walkers,
    print_comparison,
)

SCRIPTS = [draw_cmc, draw_scores, draw_strips, draw_table, draw_training, draw_walkers, print_comparison]


def call(script, monkeypatch, *options) -> None:
    monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, options)])
    script.main()


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_names_every_option(script, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stop:
        call(script, monkeypatch, "--help")
    assert stop.value.code == 0
    assert script.__doc__.split(":")[0].split()[0] in capsys.readouterr().out


def test_every_figure_is_written(world, monkeypatch, tmp_path, capsys):
    (tmp_path / "cmc.csv").write_text("rank,cmc\n1,0.5\n2,0.75\n")
    (tmp_path / "history.csv").write_text("step,loss,lr\n1,2.0,0.1\n2,1.0,0.1\n")
    (tmp_path / "comparison.json").write_text(json.dumps({"dataset": "walkers", "rows": []}))
    store = ("--store", world.store, "--truth", world.truth)
    calls = [
        (
            draw_cmc,
            "a.svg",
            "--cmc",
            tmp_path / "cmc.csv",
            "--labels",
            "one",
            "--max-rank",
            10,
            "--note",
            "seed 0",
        ),
        (draw_training, "b.svg", "--history", tmp_path / "history.csv", "--title", "guider"),
        (
            *(draw_scores, "c.svg", *store, "--scores", world.scores, "--threshold", world.threshold),
            *("--split", 0, "--hidden-share", 0.5),
        ),
        (draw_table, "e.html", "--comparison", tmp_path / "comparison.json"),
    ]
    for script, name, *options in calls:
        call(script, monkeypatch, *options, "--figure", tmp_path / "figures" / name)
    figures = [("--best", tmp_path / "figures" / "d.png"), ("--random", tmp_path / "figures" / "f.png")]
    call(
        *(draw_strips, monkeypatch, *store, "--completed", world.completed, "--regions", world.regions),
        *("--seed", 3, "--tracklets", 2, "--frames", 3, "--split", 0, *figures[0], *figures[1]),
    )
    written = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert written == ["a.svg", "b.svg", "c.svg", "d.png", "e.html", "f.png"]
    call(print_comparison, monkeypatch, "--comparison", tmp_path / "comparison.json")
    assert capsys.readouterr().out.startswith("Re-identification on walkers")


def test_an_error_is_one_line(tmp_path):
    (tmp_path / "history.csv").write_text("step\n1\n")
    command = [sys.executable, "-m", "workflow.scripts.draw_training", "--title", "x"]
    command += ["--history", tmp_path / "history.csv", "--figure", tmp_path / "a.svg"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
