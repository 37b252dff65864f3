"""The import walk: against hand-made packages, and against what Python itself loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.library import UNTRACKED, imported_files

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in (REPOSITORY / "workflow" / "scripts").glob("*.py")
    if path.name != "__init__.py"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "stcnet_lib/__init__.py": "",
        "stcnet_lib/config/__init__.py": "from stcnet_lib import behind_config",
        "stcnet_lib/behind_config.py": "",
        "stcnet_lib/models/__init__.py": "",
        "stcnet_lib/models/net.py": "from .blocks import Block\nfrom ..data import store",
        "stcnet_lib/models/blocks.py": "import torch",
        "stcnet_lib/models/other.py": "",
        "stcnet_lib/data/__init__.py": "from stcnet_lib.data.extra import thing",
        "stcnet_lib/data/store.py": "",
        "stcnet_lib/data/extra.py": "import stcnet_lib.models.net",  # a circle
        "stcnet_lib/late.py": "",
        "workflow/__init__.py": "",
        "workflow/scripts/__init__.py": "",
        "workflow/scripts/train.py": (
            "from stcnet_lib.config import Config\n"
            "from stcnet_lib.models import net\n"
            "import numpy as np\n"
            "def main():\n    from stcnet_lib.late import function\n"
        ),
        "workflow/scripts/draw.py": "import json",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_walk_follows_every_kind_of_import(tree):
    assert imported_files("workflow/scripts/train.py", tree) == [
        "stcnet_lib/__init__.py",
        "stcnet_lib/data/__init__.py",  # through a relative import of two levels
        "stcnet_lib/data/extra.py",  # through a package's __init__
        "stcnet_lib/data/store.py",  # from a package import a module
        "stcnet_lib/late.py",  # inside a function
        "stcnet_lib/models/__init__.py",
        "stcnet_lib/models/blocks.py",  # through a relative import
        "stcnet_lib/models/net.py",
    ]


def test_script_without_our_imports_has_no_library(tree):
    assert imported_files("workflow/scripts/draw.py", tree) == []


def test_path_may_be_absolute(tree):
    absolute = tree / "workflow/scripts/train.py"
    assert imported_files(absolute, tree) == imported_files("workflow/scripts/train.py", tree)


def test_missing_script_imports_nothing(tree):
    assert imported_files("workflow/scripts/none.py", tree) == []


# Imports every script in one process, forgetting our own modules in between, and prints what was loaded.
LOADED = """
import importlib, json, sys
ours = lambda: [m for m in sys.modules if m.split(".")[0] in ("stcnet_lib", "workflow")]
found = {}
for script in sys.argv[1:]:
    for module in ours():
        del sys.modules[module]
    importlib.import_module(script.removesuffix(".py").replace("/", "."))
    found[script] = [sys.modules[m].__file__ for m in ours()]
print(json.dumps(found))
"""


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the repository, as a rule runs its script."""
    command = [sys.executable, "-c", program, *arguments]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run


def test_nothing_that_python_loads_is_missed():
    """Python's own import of every script is the independent account of what it needs."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED, *SCRIPTS], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    packages = {"workflow/__init__.py", "workflow/scripts/__init__.py"}  # hold nothing but a docstring
    for script, files in json.loads(run.stdout.splitlines()[-1]).items():
        loaded = {Path(file).relative_to(REPOSITORY).as_posix() for file in files}
        missed = loaded - set(imported_files(script, REPOSITORY)) - packages - {script}
        assert all(file.startswith(UNTRACKED) for file in missed), script


def test_rules_that_load_a_re_id_network_track_the_kinds_of_its_parts():
    rules = "".join(path.read_text() for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk")))
    calls = re.findall(r'code\("(\w+)"(, [\w.]+\(\w*\))?\)', rules)
    loading = {
        (script, by_name)
        for script, by_name in calls
        if "stcnet_lib/reid/network.py" in imported_files(f"workflow/scripts/{script}.py", REPOSITORY)
    }
    assert {"train_reid", "embed", "train_stcnet", "restore_dataset"} <= {script for script, _ in loading}
    files_alone = {"train_gather"}  # saves a network of another kind by the functions of reid/files.py
    assert {script for script, by_name in loading if not by_name} == files_alone


# What trains, runs or checks a network. Others start without torch, whose import takes as long as they do.
NETWORKS = {
    "detect_occlusion",
    "embed",
    "extract_features",
    "find_masks",
    "judge_completion",
    "measure_completion",
    "measure_planted",
    "restore_dataset",
    "train_detector",
    "train_gather",
    "train_masks",
    "train_reid",
    "train_stcnet",
    "training",
    "use_guider",
}


def test_jobs_without_a_network_never_import_torch():
    """Nor may they where torch is not installed, as with envs/tables.yaml."""
    scripts = sorted({Path(script).stem for script in SCRIPTS} - NETWORKS)
    assert {"compare", "draw_cmc", "evaluate", "measure_localisation", "score_occlusion"} <= set(scripts)
    imports = "".join(f"import workflow.scripts.{script}\n" for script in scripts)
    loaded = "print([name for name in ('torch', 'torchvision') if name in sys.modules])"
    assert python(f"import sys\n{imports}{loaded}").stdout.splitlines()[-1] == "[]"
