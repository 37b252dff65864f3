"""Streams that only take ASCII: what is printed is spelled otherwise, and no job ends of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import trees
from checkouts import REPOSITORY, Checkout

from stcnet_lib.common.files import write_json
from stcnet_lib.config import DatasetConfig

ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}


def command(name: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", f"workflow.scripts.{name}", *options],
        cwd=REPOSITORY,
        env={**os.environ, **ASCII},
        capture_output=True,
    )


def test_the_report_of_a_preparation(tmp_path):
    """Cameras with names of another script, and a fault in one of their frames."""
    trees.folder(tmp_path / "crops")
    for camera in (tmp_path / "crops").glob("*/*/c1"):
        camera.rename(camera.with_name("\u95e8\u53e3"))
    trees.put(tmp_path / "crops/train/0001/\u95e8\u53e3/t0/f2.jpg", b"")
    config = DatasetConfig(name="d", layout="folder", root=str(tmp_path / "crops"))
    paths = ("--store", str(tmp_path / "s.h5"), "--report", str(tmp_path / "r.json"))
    done = command("prepare_dataset", "--config", config.canonical_json(), *paths)
    assert done.returncode == 1
    assert b"train/0001/\\u95e8\\u53e3/t0/f2.jpg: a file of 0 bytes" in done.stderr
    config = config.model_copy(update={"on_bad_frame": "exclude"})
    done = command("prepare_dataset", "--config", config.canonical_json(), *paths)
    assert done.returncode == 0, done.stderr
    assert b"\\u95e8\\u53e3/t0/f2.jpg" in done.stdout


def test_the_result_table(tmp_path):
    from report.test_conclusions import made

    write_json(tmp_path / "comparison.json", made({("raw", "raw"): 0.3, ("copy", "copy"): 0.4}))
    done = command("print_comparison", "--comparison", str(tmp_path / "comparison.json"))
    assert done.returncode == 0, done.stderr
    assert b"\\u" in done.stdout  # an arrow, say: the table is there, spelled otherwise


@pytest.mark.workflow
def test_an_error_of_the_configuration(tmp_path, monkeypatch):
    for name, value in ASCII.items():
        monkeypatch.setenv(name, value)
    checkout = Checkout(tmp_path / "tree")
    with checkout.changed(lambda config: config["occlusion"].update({"\u03c4": 0.5})):
        result = checkout.snakemake("--dry-run")
    assert result.returncode != 0
    assert "unknown key" in result.stdout
    assert "UnicodeEncodeError" not in result.stdout
