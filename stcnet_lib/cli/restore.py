"""Restore a source: hidden regions are found and replaced, and it is written anew in its layout.

Networks and thresholds are those of a finished run of the workflow. Frames without a hidden region keep
their bytes; the others become PNG, or JPEG where the layout insists on it. The source is only read. What
lies between is kept in TMPDIR, about three times as large as the source's images.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import get_args

from stcnet_lib.api import restore_folder
from stcnet_lib.cli.sources import add_source, settings_of
from stcnet_lib.config import Precision
from stcnet_lib.config.methods import METHODS


def add_arguments(commandline: argparse.ArgumentParser) -> None:
    add_source(commandline, "folder")
    commandline.add_argument(
        "--trained",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        metavar="RUN",
        help="folder of a run: results/<name>/split~S/seed~R",
    )
    commandline.add_argument(
        "--out", type=Path, required=True, default=argparse.SUPPRESS, metavar="FOLDER", help="to write"
    )
    commandline.add_argument(
        "--method",
        choices=list(METHODS),
        default="stcnet",
        help="what fills: as the run's own completion of this method does, if it has one",
    )
    commandline.add_argument(
        "--align",
        action=argparse.BooleanOptionalAction,
        help="move frames to restore from onto the person, since boxes drift; neither: as the run has it",
    )
    commandline.add_argument(
        "--format", choices=["png", "jpeg"], default="png", help="of changed frames, where the layout allows"
    )
    commandline.add_argument("--quality", type=int, default=95, metavar="N", help="of JPEG, 50 to 100")
    commandline.add_argument(
        "--links", action="store_true", help="unchanged frames are hard links to the source, which save room"
    )
    add_computing(commandline)


def add_computing(commandline: argparse.ArgumentParser) -> None:
    """Where and how networks compute."""
    commandline.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="of networks")
    commandline.add_argument(
        "--precision",
        choices=get_args(Precision),
        help="of all networks; by default of each as it was trained",
    )
    commandline.add_argument(
        "--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="of the CPU"
    )
    commandline.add_argument(
        "--seconds", type=float, default=10.0, help="between two lines of progress in a log, in seconds"
    )


def command(options: argparse.Namespace) -> None:
    done = restore_folder(
        options.folder,
        options.trained,
        options.out,
        options.method,
        layout=options.layout,
        boxes=options.boxes,
        align=options.align,
        precision=options.precision,
        processes=options.processes,
        dataset=settings_of(options),
        export={"format": options.format, "quality": options.quality, "links": options.links},
        runtime={
            "device": options.device,
            "threads": options.threads,
            "progress_seconds": options.seconds,
        },
    )
    print(done.text())
