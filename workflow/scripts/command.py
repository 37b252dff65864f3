"""What all commands share: arguments, the runtime section, logging, and errors without a traceback."""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from stcnet_lib.config import ReferencesConfig, RuntimeConfig, Section, parse_section

RUNTIME = "STCNET_RUNTIME"  # the environment variable: nothing in it changes a result, so no rule tracks it


def parser(description: str) -> argparse.ArgumentParser:
    """A parser whose help shows defaults."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )


def add_config(
    commandline: argparse.ArgumentParser,
    section: type[Section],
    read: Callable[[str], Section] | None = None,
) -> None:
    """`--config`: the canonical JSON of a section of config.yaml.

    Args:
        read: of a section that comes in several kinds: chooses the one that the text is of.
    """

    def parse(text: str) -> Section:
        try:
            return parse_section(section, text) if read is None else read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    commandline.add_argument(
        "--config",
        type=parse,
        required=True,
        default=argparse.SUPPRESS,  # required arguments have no default to show
        metavar="JSON",
        help=f"settings, a {section.__name__} of stcnet_lib/config; what is absent has the paper's value",
    )


def add_references(commandline: argparse.ArgumentParser) -> None:
    """`--references`: which frames a completion restores from."""
    commandline.add_argument(
        "--references",
        type=lambda text: parse_section(ReferencesConfig, text),
        default=ReferencesConfig(),
        metavar="JSON",
        help="frames to restore from, a ReferencesConfig",
    )


def add_split(commandline: argparse.ArgumentParser) -> None:
    """`--split`: the row of the store's roles."""
    commandline.add_argument("--split", type=int, default=0, help="which train/test split of the store")


def add_run(commandline: argparse.ArgumentParser) -> None:
    """`--split` and `--seed`: which run a file is of, as it says of itself."""
    add_split(commandline)
    commandline.add_argument("--seed", type=int, default=0, help="of the run")


def add_paths(commandline: argparse.ArgumentParser, **paths: str) -> None:
    """Required paths, by name with a help text."""
    for name, text in paths.items():
        commandline.add_argument(
            f"--{name.replace('_', '-')}",
            type=Path,
            required=True,
            default=argparse.SUPPRESS,
            metavar="PATH",
            help=text,
        )


def runtime_settings() -> RuntimeConfig:
    """The runtime section that the workflow hands down, or the defaults."""
    return parse_section(RuntimeConfig, os.environ.get(RUNTIME, "{}"))


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
    return isinstance(error, OSError) or raised_in.is_relative_to(Path(__file__).parents[2] / "stcnet_lib")
