"""The contact sheet of one tracklet, the restored frames below its own where a completion is given.

Frames are in order, under their numbers in the source; restored ones that differ have an orange edge.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(commandline: argparse.ArgumentParser) -> None:
    commandline.add_argument("store", type=Path, metavar="STORE", help="tracklets.h5")
    commandline.add_argument("tracklet", metavar="TRACKLET", help="its number or its name")
    commandline.add_argument(
        "--out",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="picture to write, .png, .webp or .svg",
    )
    commandline.add_argument(
        "--restored", type=Path, metavar="STORE", help="tracklets.h5 of a completion of the same data"
    )
    commandline.add_argument(
        "--frames", type=int, default=24, metavar="N", help="most frames, spread over the tracklet"
    )


def command(options: argparse.Namespace) -> None:
    # Here, since matplotlib takes a second to load.
    from stcnet_lib.report.figures.tracklet_sheet import draw_tracklet

    if options.frames < 1:
        raise ValueError(f"--frames: got {options.frames}, wanted 1 or more")
    draw_tracklet(options.store, options.tracklet, options.out, options.restored, options.frames)
    print(options.out)
