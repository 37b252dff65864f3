"""Pack a data set into `tracklets.h5`, and check it while doing so."""

import os
import shutil
from pathlib import Path
from typing import Any

from stcnet_lib.common.progress import Progress
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.prepare import DataError, prepare
from stcnet_lib.data.source.summary import report_text
from stcnet_lib.walkers.dataset import list_tracklets, write_walkers
from workflow.scripts.command import add_config, add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, DatasetConfig)
    add_paths(commandline, store="tracklets.h5 to write", report="integrity.json to write")
    commandline.add_argument("--truth", type=Path, help="truth.h5 to write (walkers only)")
    commandline.add_argument("--processes", type=int, default=1, help="that render walkers or check frames")
    options = commandline.parse_args()
    seconds = runtime_settings().progress_seconds
    processes = min(options.processes, len(os.sched_getaffinity(0)))
    if options.config.layout == "walkers":
        tracklets = len(list_tracklets(options.config.walkers))
        with Progress("rendering", tracklets, "tracklets", seconds=seconds) as progress:
            write_walkers(
                options.config,
                options.store,
                options.truth,
                options.report,
                processes,
                progress.advance,
            )
    else:
        print(report_text(prepare_files(options.config, options.store, options.report, seconds, processes)))


def prepare_files(
    config: DatasetConfig, store: Path, report: Path, seconds: float, processes: int
) -> dict[str, Any]:
    """`prepare`, with a copy of the report where the source cannot be used.

    Snakemake removes the outputs of a job that fails, and the message names ten faults at most.
    """
    unusable = report.with_name(f"{report.stem}_unusable.json")
    for older in (report, unusable):
        older.unlink(missing_ok=True)
    try:
        return prepare(config, store, report, seconds, processes)
    except DataError:
        if report.is_file():
            shutil.copyfile(report, unusable)
            print(f"all that was found is in {unusable}", flush=True)
        raise


if __name__ == "__main__":
    run(main)
