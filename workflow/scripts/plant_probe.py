"""Plant occluders over train tracklets, for detectors and thresholds to learn from."""

import os

from stcnet_lib.common.files import write_json
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import ProbeConfig
from stcnet_lib.data.planting.probe import plant_probe, probe_tracklets
from stcnet_lib.data.store.tracklets import TrackletStore
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, ProbeConfig)
    add_paths(
        commandline,
        source="tracklets.h5",
        store="tracklets.h5 of the probe to write",
        truth="truth.h5 of the probe to write",
        report="planting.json to write: what was planted",
    )
    add_split(commandline)
    commandline.add_argument("--processes", type=int, default=1, help="that plant")
    options = commandline.parse_args()
    processes = min(options.processes, len(os.sched_getaffinity(0)))
    with TrackletStore(options.source) as source:
        count = len(probe_tracklets(source, options.split, options.config.frames))
        with Progress(
            "planting", count, "tracklets", seconds=runtime_settings().progress_seconds
        ) as progress:
            report = plant_probe(
                source,
                options.split,
                options.config,
                options.store,
                options.truth,
                processes,
                progress.advance,
            )
    write_json(options.report, report)


if __name__ == "__main__":
    run(main)
