"""What the commands of rules share: arguments, sections of the configuration, the runtime section."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from stcnet_lib.common.commands import parser, run
from stcnet_lib.config import ReferencesConfig, RuntimeConfig, Section, parse_section

__all__ = [
    "RUNTIME",
    "add_config",
    "add_paths",
    "add_references",
    "add_run",
    "add_split",
    "parser",
    "run",
    "runtime_settings",
]

RUNTIME = "STCNET_RUNTIME"  # the environment variable: nothing in it changes a result, so no rule tracks it


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
