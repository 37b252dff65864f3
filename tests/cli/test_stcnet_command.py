"""The command line as a whole: what it lists, how fast it is there, how it fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from stcnet_lib.cli.main import COMMANDS, main

REPOSITORY = Path(__file__).parents[2]


def told(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code == 0
    return capsys.readouterr().out


def test_help_lists_every_command_in_a_line(capsys):
    lines = told(capsys, "--help").splitlines()
    for name, about in COMMANDS.items():
        assert [line for line in lines if line.split() == [name, *about.split()]]


def test_without_arguments_it_tells_what_there_is(capsys):
    assert told(capsys) == told(capsys, "--help")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_its_arguments(command, capsys):
    text = told(capsys, command, "--help")
    assert text.startswith(f"usage: stcnet {command}")
    assert "None" not in text


def test_no_other_command(capsys):
    with pytest.raises(SystemExit) as done:
        main(["heal"])
    assert done.value.code == 2
    assert "invalid choice: 'heal'" in capsys.readouterr().err


def test_it_starts_without_torch():
    """Where torch cannot be loaded, help and doctor still work."""
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from stcnet_lib.cli.main import COMMANDS, main\n"
        "for arguments in [['--help'], *[[name, '--help'] for name in COMMANDS]]:\n"
        "    try:\n        main(arguments)\n    except SystemExit as done:\n        assert not done.code\n"
        "main(['doctor', sys.argv[1], '--processes', '1'])\n"
    )
    tree = str(Path(__file__).parent / "crops")
    run = subprocess.run(
        [sys.executable, "-c", program, tree], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert run.stderr.splitlines() == [f"error: {tree}: got no such folder or video, wanted one"]


def test_it_is_a_module_too():
    command = [sys.executable, "-m", "stcnet_lib", "--help"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stdout.startswith("usage: stcnet")


def test_stopped_from_the_keyboard(monkeypatch, capsys):
    def stopped(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("stcnet_lib.cli.convert.command", stopped)
    with pytest.raises(SystemExit) as done:
        main(["convert", "a.h5", "b.npz"])
    assert done.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
