"""The conda environments of the rules agree with requirements.lock."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENTS = sorted((REPOSITORY / "envs").glob("*.yaml"))
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython"}


def locked(python: str) -> dict[str, str]:
    """name → specifier in requirements.lock, for a version of Python on Linux."""
    place = {**LINUX, "python_version": python, "python_full_version": f"{python}.0"}
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and line[0] not in " #"]
    return {pin.name: str(pin.specifier) for pin in pins if pin.marker is None or pin.marker.evaluate(place)}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_pins_are_those_of_the_lock(path):
    python, pip, packages = yaml.safe_load(path.read_text())["dependencies"]
    version = python.removeprefix("python =")
    assert pip == "pip"
    assert packages["pip"]
    lock = locked(version)
    for text in packages["pip"]:
        requirement = Requirement(text)
        assert str(requirement.specifier) == lock[requirement.name], text


def test_every_rule_has_an_environment_that_exists():
    named = {
        line.strip().strip('"')
        for rules in (REPOSITORY / "workflow" / "rules").glob("*.smk")
        for line in rules.read_text().splitlines()
        if line.strip().startswith('"../../envs/')
    }
    assert {Path(name).name for name in named} == {path.name for path in ENVIRONMENTS}
