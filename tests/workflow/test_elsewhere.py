"""One checkout, many projects: the working directory is not the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkouts import TINY, Checkout

SCORES = "results/{name}/split~0/seed~0/regions.h5"  # a file that needs a guider, so code of several stages


def snakemake(folder: Path, *options: str) -> str:
    """What Snakemake says in `folder`, without the current one on Python's path."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2", *options]
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-6000:]
    return result.stdout


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder that has a package named as one of the checkout's folders, as many workflows do."""
    folder = tmp_path / "project"
    (folder / "workflow" / "scripts").mkdir(parents=True)
    (folder / "workflow" / "scripts" / "prepare_dataset.py").write_text("raise SystemExit('not this one')\n")
    return folder


def test_results_go_to_another_directory_and_code_stays_in_the_checkout(untouched: Checkout, project):
    before = {path for path in untouched.folder.rglob("*") if "__pycache__" not in path.parts}
    snakemake(untouched.folder, "--directory", str(project), "--", SCORES.format(name="tiny"))
    assert (project / SCORES.format(name="tiny")).is_file()
    added = {path for path in untouched.folder.rglob("*") if "__pycache__" not in path.parts} - before
    assert added == set()
    again = snakemake(
        untouched.folder, "--directory", str(project), "--dry-run", "--", SCORES.format(name="tiny")
    )
    assert "Nothing to be done" in again


def test_a_project_states_only_what_differs(untouched: Checkout, project):
    own = {"dataset": {"name": "own", "walkers": {"train_identities": 2, "test_identities": 2}}}
    (project / "config.yaml").write_text(yaml.safe_dump(own))
    snakemake(project, "-s", str(untouched.folder / "Snakefile"), "--", "results/own/tracklets.h5")
    log = (project / "results/own/logs/prepare_dataset.log").read_text()
    people, cameras = 4, TINY["dataset"]["walkers"]["cameras"]
    assert f"{people * cameras}/{people * cameras} [" in log
    # What stands on the command line counts more than the project's file.
    planned = snakemake(
        project,
        *("-s", str(untouched.folder / "Snakefile"), "--dry-run"),
        *("--config", "dataset={name: other}", "--", "results/other/tracklets.h5"),
    )
    assert "prepare_dataset" in planned


def test_another_workflow_uses_this_one_as_a_module(untouched: Checkout, project):
    lines = [
        "configfile: 'project.yaml'",
        "module stcnet:",
        f"    snakefile: {str(untouched.folder / 'Snakefile')!r}",
        "    config: config['reid']",
        "use rule * from stcnet as stcnet_*",
    ]
    (project / "Snakefile").write_text("\n".join(lines) + "\n")
    own = {"reid": {"dataset": {"name": "own"}}, "others": {"of": "the project"}}
    (project / "project.yaml").write_text(yaml.safe_dump(own))
    wanted = SCORES.format(name="own")
    snakemake(project, "--", wanted)
    assert (project / wanted).is_file()
    assert "Nothing to be done" in snakemake(project, "--dry-run", "--", wanted)
    assert "stcnet_compare" in snakemake(project, "--dry-run", "--", "stcnet_all")
