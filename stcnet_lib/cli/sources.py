"""What commands that read a source share: the arguments, and the settings that follow from them."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.data.source.given import AUTO


def add_source(commandline: argparse.ArgumentParser, name: str) -> None:
    """The source, its layout, and what becomes of bad frames."""
    commandline.add_argument(
        name,
        type=Path,
        metavar=name.upper(),
        help="folder of the source: tracklets as <tracklet>/*.jpg, a data set, videos with their boxes; or a "
        "single video",
    )
    layouts = [layout for layout, row in LAYOUTS.items() if row.has_files]
    commandline.add_argument(
        "--layout",
        choices=[AUTO, *layouts],
        default=AUTO,
        help=f"how the source is laid out (docs/datasets.md): {AUTO} by what stands in it, or one of "
        f"{', '.join(layouts)}",
        metavar="NAME",
    )
    commandline.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE",
        help="of a single video: the boxes of a tracker as MOTChallenge's text, COCO's .json with track ids, "
        "CVAT's .xml or ultralytics' folder of labels; by default the .txt of the same name beside it",
    )
    commandline.add_argument(
        "--on-bad-frame",
        choices=["stop", "exclude"],
        default="stop",
        help="an undecodable, empty or missing frame: stop, or leave it out and list it",
    )
    commandline.add_argument(
        "--dataset",
        type=_settings,
        default={},
        metavar="JSON",
        help='further settings of the section dataset, such as {"video": {"least_frames": 4}}',
    )
    commandline.add_argument(
        "--processes",
        type=int,
        default=min(4, len(os.sched_getaffinity(0))),
        metavar="N",
        help="that read and decode frames",
    )


def _settings(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got '{text}', wanted JSON ({error})") from None
    if not isinstance(values, dict):
        raise argparse.ArgumentTypeError(f"got '{text}', wanted keys with their values in braces")
    return values


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Of the section dataset, as `add_source` took them."""
    return {"on_bad_frame": options.on_bad_frame} | options.dataset
