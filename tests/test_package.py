"""`pip install .` brings the whole library and the command `stcnet`."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built as pip builds it, in a copy, without a network."""
    pytest.importorskip("setuptools", minversion="77")
    source, built = (tmp_path_factory.mktemp(name) for name in ("source", "wheel"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "stcnet_lib", source / "stcnet_lib", ignore=ignored)
    program = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, built], cwd=source, check=True, capture_output=True)
    return next(built.glob("stcnet-*.whl"))


def test_all_files_of_the_library_are_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if name.startswith("stcnet_lib/")}
    files = (REPOSITORY / "stcnet_lib").rglob("*.py")
    assert found == {path.relative_to(REPOSITORY).as_posix() for path in files}


def test_its_command_runs_away_from_the_repository(wheel, tmp_path):
    """Unpacked as an installer does it; the entry point is called as its script would."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (metadata,) = (tmp_path / "site").glob("*.dist-info")
    assert "stcnet = stcnet_lib.cli.main:main" in (metadata / "entry_points.txt").read_text()
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from importlib.metadata import distribution\n"
        "(entry,) = distribution('stcnet').entry_points.select(group='console_scripts')\n"
        "entry.load()(['--help'])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "site")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: stcnet")
