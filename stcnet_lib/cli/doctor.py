"""Check a source of tracklets: what layout it has, who is in it, and every fault that was found.

Every frame is decoded once, in a temporary copy (in TMPDIR, as large as the source's images).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from stcnet_lib.cli.sources import add_source, settings_of
from stcnet_lib.common.files import read_json
from stcnet_lib.data.source.given import given_dataset
from stcnet_lib.data.source.prepare import DataError, prepare
from stcnet_lib.data.source.summary import report_text


def add_arguments(commandline: argparse.ArgumentParser) -> None:
    add_source(commandline, "data")
    commandline.add_argument(
        "--report", type=Path, metavar="FILE", help="integrity.json to write: all that was found"
    )


def command(options: argparse.Namespace) -> None:
    with (
        given_dataset(options.data, options.layout, options.boxes, settings_of(options)) as dataset,
        tempfile.TemporaryDirectory(prefix="stcnet-") as folder,
    ):
        report = Path(folder) / "integrity.json"
        try:
            prepare(dataset, Path(folder) / "tracklets.h5", report, processes=options.processes)
        except DataError:
            if report.is_file():
                print(report_text(read_json(report)))
            raise
        finally:
            if options.report and report.is_file():
                shutil.copyfile(report, options.report)
        print(report_text(read_json(report)))
