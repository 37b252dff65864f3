"""`stcnet COMMAND …`: which commands there are; the file of one is loaded when it is called.

So help and commands that need no network start without torch, whose import takes two seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from stcnet_lib.common.commands import parser, run

# Each is a file of this folder with `add_arguments(commandline)` and `command(options)`.
COMMANDS = {
    "doctor": "check a source of tracklets and print what was found",
    "restore": "a folder of crops, or a video and its boxes, with occluded regions replaced",
    "evaluate": "CMC and mAP of embeddings under all protocols",
    "rank": "the ranked list of one query",
    "show": "a contact sheet of one tracklet",
    "convert": "embeddings as .npz, for other programs",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; by default with the arguments of the process.

    Raises:
        SystemExit: 1 for what users can mend, told in one message; 2 for arguments that are none; 130 when
            it was stopped from the keyboard.
    """
    try:
        run(lambda: _dispatch(sys.argv[1:] if arguments is None else list(arguments)))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        raise SystemExit(130) from None


def _dispatch(arguments: list[str]) -> None:
    first = _commands().parse_args(arguments[:1] or ["--help"])
    module = import_module(f"stcnet_lib.cli.{first.command}")
    commandline = parser(module.__doc__, f"stcnet {first.command}")
    module.add_arguments(commandline)
    module.command(commandline.parse_args(arguments[1:]))


def _commands() -> argparse.ArgumentParser:
    """What `stcnet --help` shows."""
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{width}}  {about}" for name, about in COMMANDS.items())
    commandline = argparse.ArgumentParser(
        prog="stcnet",
        description="Occlusion-free video person re-identification (VRSTC, CVPR 2019).",
        epilog=f"commands:\n{listed}\n\n`stcnet COMMAND --help` tells what a command takes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commandline.add_argument("command", choices=list(COMMANDS), metavar="COMMAND", help="see below")
    return commandline
