"""What all commands share: help with defaults, and errors that users can mend as one message."""

from __future__ import annotations

import argparse
import io
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Defaults that say something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return super()._get_help_string(action) if action.default not in (None, False, {}) else action.help


def parser(description: str, program: str | None = None) -> argparse.ArgumentParser:
    """A parser whose help shows defaults.

    Args:
        program: how the command is called; by default as the file that is run.
    """
    return argparse.ArgumentParser(prog=program, description=description, formatter_class=_Help)


def run(command: Callable[[], None]) -> None:
    """Run a command; errors that users can mend become one message and exit code 1."""
    # A terminal or a log that is told to be ASCII shows \u2026 for other letters instead of ending the job.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        command()
    except (ValueError, OSError) as error:
        if not _foreseen(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _foreseen(error: Exception) -> bool:
    """Whether our own code raised it, with a message made for the user, or the system did (a full disk)."""
    raised_in = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    return isinstance(error, OSError) or raised_in.is_relative_to(Path(__file__).parents[1])
