"""Pack a data set into `tracklets.h5`, and check it while doing so."""

import os
from pathlib import Path

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.prepare import prepare
from stcnet_lib.data.summary import summarise
from stcnet_lib.progress import Progress
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
        report = prepare(options.config, options.store, options.report, seconds, processes)
        print(summarise(report))


if __name__ == "__main__":
    run(main)
