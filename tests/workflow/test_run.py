"""The whole workflow on tiny data: what it leaves behind, and how jobs are started."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from checkouts import TINY, Checkout

from stcnet_lib.config import RuntimeConfig

pytestmark = pytest.mark.workflow

RUN = "results/tiny/split~0/seed~0"


def test_the_comparison_has_a_row_for_every_variant(finished):
    comparison = json.loads((finished.folder / "results/tiny/comparison.json").read_text())
    rows = [(row["network"], row["train"], row["test"]) for row in comparison["rows"]]
    assert rows == [(row["network"], row["train"], row["test"]) for row in TINY["variants"]]
    table = pd.read_csv(finished.folder / "results/tiny/comparison.csv")
    assert list(zip(table["network"], table["train"], table["test"], strict=True)) == rows
    for row in comparison["rows"]:
        assert 0 < row["mAP"] <= 1
        assert 0 <= row["rank1"] <= 1


def test_every_job_leaves_a_log_and_a_benchmark(finished):
    logs = finished.folder / "results/tiny/logs"
    names = {path.with_suffix("").name for path in logs.rglob("*.log")}
    assert names == {path.with_suffix("").name for path in logs.rglob("*.tsv")}
    assert {
        "prepare_dataset",
        "pretrain_guider",
        "train_stcnet_default",
        "train_reid_raw_nl",
        "compare",
    } <= names
    assert "3/3" in (logs / "split~0/seed~0/train_stcnet_default.log").read_text()  # progress is in the log


def test_no_state_of_finished_trainings_is_left(finished):
    assert not list((finished.folder / "results").rglob(".resume*"))
    assert not list((finished.folder / "results").rglob("*.partial*"))


def test_report_holds_every_figure(finished):
    """The report embeds pictures as data; their captions name what they were made from."""
    result = finished.snakemake("--report", "report.html")
    assert result.returncode == 0, result.stdout
    report = (finished.folder / "report.html").read_text(encoding="utf-8")
    for figure in (
        "summary.html",
        "comparison.html",
        "cmc.svg",
        "scores.svg",
        "training_nl.svg",
        "strips_random.webp",
        "samples.png",
    ):
        assert figure in report


def embedded(report: str, name: str) -> Any:
    """What a script of Snakemake's report sets a variable to."""
    start = report.index(f"var {name} = ", report.index(f'id="{name.replace("_", "-")}"'))
    return json.JSONDecoder().raw_decode(report[start + len(f"var {name} = ") :])[0]


def test_report_opens_on_the_results(finished):
    """With an entry of metadata Snakemake shows its description alone, without the graph of all rules."""
    assert finished.snakemake("--report", "report.html").returncode == 0
    report = (finished.folder / "report.html").read_text(encoding="utf-8")
    assert embedded(report, "metadata")
    # Snakemake's own code: what it opens on where there is metadata.
    assert re.search(r'Object\.keys\(metadata\)\.length > 0\) \{\s*this\.content = "metadata"', report)
    first = embedded(report, "workflow_desc")
    assert "system-message" not in first
    page = html.unescape(first)
    summary = (finished.folder / "results/tiny/summary.html").read_text(encoding="utf-8")
    framed = html.unescape(re.search(r'<iframe class="summary"[^>]* srcdoc="([^"]*)"', first)[1])
    assert framed.strip() == summary.strip()
    assert page.index("Before and after") < page.index("VRSTC / STCnet on the data set"), (
        "the page comes first"
    )
    # The profile's stylesheet, which gives the page its room.
    assert "ul:has(iframe.summary)" in html.unescape(report)
    comparison = json.loads((finished.folder / "results/tiny/comparison.json").read_text())
    for row in comparison["means"]:
        assert f"{row['network']}: {row['train']} → {row['test']}" in page
        assert f"{100 * row['mean']['mAP']:.1f} [" in page
    assert page.index("against raw") < page.index("VRSTC / STCnet on the data set"), "results come first"


def test_the_report_finds_its_look_from_another_directory(finished, tmp_path):
    for part in ("results", ".snakemake"):
        shutil.copytree(finished.folder / part, tmp_path / part)
    command = [sys.executable, "-m", "snakemake", "-s", str(finished.folder / "Snakefile")]
    done = subprocess.run(
        [*command, "--report", "report.html"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert embedded(report, "metadata")
    assert "ul:has(iframe.summary)" in html.unescape(report)


def test_the_page_of_the_run_says_what_the_comparison_says(finished):
    page = (finished.folder / "results/tiny/summary.html").read_text(encoding="utf-8")
    comparison = json.loads((finished.folder / "results/tiny/comparison.json").read_text())
    cells = re.findall(r"<td>([^<]*) <span", page)
    for row in comparison["means"]:
        assert f"{100 * row['mean']['mAP']:.1f}" in cells
    assert page.count("data:image/webp;base64,") == 9  # three strips: before, restored, truth
    model = json.loads((finished.folder / RUN / "guider/model.json").read_text())
    assert model["weights_sha256"][:16] in page
    assert "guider trained" in page  # from the benchmark files
    assert len(page) < 2_000_000


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_report_opens_offline_without_console_errors(finished, tmp_path):
    assert finished.snakemake("--report", "report.html").returncode == 0
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",  # root may not use it
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",  # offline, also where there is a network
            f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr",
            "--virtual-time-budget=8000",
            "--dump-dom",
            (finished.folder / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    # Snakemake's own page says this of itself in the console; it is a notice.
    # So does its landing page of the description, which it prints.
    notices = ("tailwindcss", '"<div class="document">')
    lines = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    messages = [line for line in lines if not any(notice in line for notice in notices)]
    assert messages == []
    source = (finished.folder / "report.html").read_text(encoding="utf-8")
    for category in ("Comparison", "Completion", "Occlusion", "Training"):
        # The source holds the words in its data; the page's script draws the menu with them.
        assert done.stdout.count(category) > source.count(category)


def test_a_failed_job_fails_the_run_through_the_pipe_to_its_log(tmp_path):
    checkout = Checkout(tmp_path / "tree")
    (checkout.folder / "empty").mkdir()
    checkout.configure(
        {"dataset": {"name": "tiny", "layout": "folder", "root": str(checkout.folder / "empty")}}
    )
    result = checkout.snakemake("results/tiny/tracklets.h5")
    log = (checkout.folder / "results/tiny/logs/prepare_dataset.log").read_text()
    assert result.returncode != 0
    assert "error: " in log
    assert "Traceback" not in log
    assert log.splitlines()[-1] in result.stdout  # the terminal shows what the log holds


# --- how jobs are started, seen by stand-ins for `python` and `torchrun` that only note and make files ---

STAND_IN = """#!/usr/bin/env python3
import json, os, sys, time
from pathlib import Path
started = time.time()
module = next(word for word in sys.argv if word.startswith("workflow.scripts."))
words = sys.argv[sys.argv.index(module) + 1:]
time.sleep(0.4)
makes = {outputs}[module.split(".")[-1]]
for option, value in zip(words, words[1:]):
    if option in makes:
        folder = Path(value).parent
        names = {{"model.json": ["model.safetensors", "history.csv", "samples.png"]}}
        for path in [Path(value), *(folder / name for name in names.get(Path(value).name, []))]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("made")
note = dict(command=sys.argv, runtime=os.environ["STCNET_RUNTIME"], started=started, ended=time.time())
(Path({notes!r}) / (str(os.getpid()) + ".json")).write_text(json.dumps(note))
"""

OUTPUTS = {
    "prepare_dataset": ["--store", "--truth", "--report"],
    "train_reid": ["--model"],
    "extract_features": ["--regions"],
    "score_occlusion": ["--scores", "--threshold"],
    "train_stcnet": ["--model"],
    "restore_dataset": ["--completed", "--regions", "--summary"],
    "embed": ["--embeddings"],
}
ON_A_GPU = {"train_reid", "extract_features", "train_stcnet", "restore_dataset", "embed"}


def run_with_stand_ins(folder: Path, *options: str, **runtime: object) -> list[dict]:
    """Run everything up to the embeddings with stand-ins, and return their notes."""
    checkout = Checkout(folder / "tree")
    # Jobs ask for a GPU where the configuration says so, whether this machine has one or not.
    config = {**TINY, "runtime": {"threads": 1, "device": "cuda", **runtime}}
    checkout.configure(config)
    programs, notes = folder / "programs", folder / "notes"
    programs.mkdir()
    notes.mkdir()
    for name in ("python", "torchrun"):
        (programs / name).write_text(STAND_IN.format(outputs=OUTPUTS, notes=str(notes)))
        (programs / name).chmod(0o755)
    targets = [
        f"{RUN}/train~{row['train']}/reid~{row['network']}/test~{row['test']}/embeddings.h5"
        for row in TINY["variants"]
    ]
    result = checkout.snakemake(*targets, "--cores", "8", *options, path=str(programs))
    assert result.returncode == 0, result.stdout
    return [json.loads(path.read_text()) for path in notes.iterdir()]


def script_of(note: dict) -> str:
    return next(word for word in note["command"] if word.startswith("workflow.")).split(".")[-1]


def overlaps(notes: list[dict]) -> int:
    """Pairs of GPU jobs that ran at the same time."""
    spans = [(note["started"], note["ended"]) for note in notes if script_of(note) in ON_A_GPU]
    assert len(spans) >= 7
    return sum(a < d and c < b for i, (a, b) in enumerate(spans) for c, d in spans[:i])


def test_one_gpu_never_has_two_jobs(tmp_path):
    """The default profile, loaded by itself, lets one GPU job run at a time on eight cores."""
    assert overlaps(run_with_stand_ins(tmp_path)) == 0


def test_two_gpus_have_two_jobs(tmp_path):
    """The counter-test: the limit is what keeps the jobs apart."""
    assert overlaps(run_with_stand_ins(tmp_path, "--resources", "gpu=2")) > 0


def test_runtime_reaches_the_scripts_and_torchrun_starts_trainings_on_several_gpus(tmp_path):
    notes = run_with_stand_ins(tmp_path, gpus=2, progress_seconds=5.0)
    for note in notes:
        runtime = RuntimeConfig.model_validate_json(note["runtime"])
        assert (runtime.gpus, runtime.progress_seconds) == (2, 5.0)
        program = Path(note["command"][0]).name
        if script_of(note).startswith("train_"):
            assert program == "torchrun"
            assert "--standalone --nproc-per-node 2 -m" in shlex.join(note["command"])
        else:
            assert program == "python"


@pytest.mark.parametrize("name", ["default", "slurm"])
def test_profiles_hold_known_options(untouched, name):
    """Snakemake takes every option of a profile, and none of its values for a path."""
    result = untouched.snakemake("--dry-run", "--workflow-profile", f"profiles/{name}")
    assert result.returncode == 0, result.stdout
    values = yaml.safe_load((untouched.folder / "profiles" / name / "profile.yaml").read_text())
    assert values["rerun-incomplete"] is True


def test_reading_the_snakefile_imports_no_torch(untouched):
    """Torch takes seconds to import; a run that has nothing to do must not wait for it."""
    program = "import sys; sys.modules['torch'] = None; from snakemake.cli import main; main(['--dry-run'])"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=untouched.folder, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert "pretrain_guider" in result.stdout + result.stderr
