"""A copy of the workflow with a tiny data set, in which tests run real Snakemake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]

NETWORK = {
    "backbone": "resnet18",
    "stem_channels": 8,
    "pretrained": "none",
    "height": 32,
    "width": 16,
    "clip_length": 2,
    "clip_stride": 1,
    "batch": 8,
    "epochs": 2,
}

TINY: dict[str, Any] = {
    "dataset": {
        "name": "tiny",
        "layout": "walkers",
        "walkers": {
            "train_identities": 4,
            "test_identities": 4,
            "cameras": 2,
            "tracklets_per_camera": 1,
            "frames": 8,
            "height": 32,
            "width": 16,
        },
    },
    "guider": {**NETWORK, "non_local": False},
    "occlusion": {"threshold": "otsu"},
    "stcnet": {
        "height": 32,
        "width": 16,
        "channels": 4,
        "dilations": [2],
        "discriminator_channels": 4,
        "batch": 4,
        "iterations": 3,
    },
    "completions": {"stcnet": {"method": "stcnet"}, "discard": {"method": "discard", "masks": "oracle"}},
    "networks": {"nl": {**NETWORK, "non_local": True}},
    "variants": [
        {"network": "nl", "train": "raw", "test": "raw"},
        {"network": "nl", "train": "raw", "test": "stcnet"},
        {"network": "guider", "train": "raw", "test": "discard"},
    ],
    "evaluation": {"protocol": "query-in-gallery", "bootstrap": 100},
    "runtime": {"threads": 1, "workers": 0},
}


class Checkout:
    """A folder that holds what Snakemake needs of the repository, and a configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "Snakefile", folder)
        for part in ("stcnet_lib", "workflow", "profiles", "envs"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / part, folder / part, ignore=ignored)
        self.configure(TINY)

    def configure(self, config: dict[str, Any]) -> None:
        text = yaml.safe_dump(config, sort_keys=False)
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def snakemake(self, *options: str, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run Snakemake; `path` comes before everything else on PATH."""
        folders = [path, str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {**os.environ, "PATH": os.pathsep.join(filter(None, folders))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a run starts Python some thirty times
        command = [sys.executable, "-m", "snakemake", "--cores", "2"]
        command += ["--max-jobs-per-timespan", "100/1s", *options]  # with the profile's it exits later
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )

    def planned(self, *options: str) -> dict[str, int]:
        """How many jobs of which rule Snakemake would run now."""
        result = self.snakemake("--dry-run", *options)
        assert result.returncode == 0, result.stdout
        if "Nothing to be done" in result.stdout:
            return {}
        table = result.stdout.split("Job stats:")[-1].split("total")[0]
        rows = [line.split() for line in table.splitlines()]
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}

    @contextmanager
    def changed(self, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """The tiny configuration with a change, for the length of a block."""
        config = deepcopy(TINY)
        change(config)
        self.configure(config)
        try:
            yield
        finally:
            self.configure(TINY)

    @contextmanager
    def edited(self, file: str, text: str) -> Iterator[None]:
        """A source file with `text` at its end, for the length of a block."""
        path = self.folder / file
        before = path.read_text(encoding="utf-8")
        path.write_text(before + text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")
