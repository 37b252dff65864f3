"""Plant occluders over a prepared data set, and keep the untouched frames and the masks as the truth."""

import os

import numpy as np

from stcnet_lib.common.files import write_json
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import PlantConfig
from stcnet_lib.data.planting.stores import held_out_roles, plant
from stcnet_lib.data.store.tracklets import TrackletStore
from workflow.scripts.command import add_config, add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, PlantConfig)
    add_paths(
        commandline,
        source="tracklets.h5 as prepared",
        store="tracklets.h5 to write, with planted occluders",
        truth="truth.h5 to write",
        report="planting.json to write: what was planted",
    )
    commandline.add_argument("--processes", type=int, default=1, help="that plant")
    options = commandline.parse_args()
    processes = min(options.processes, len(os.sched_getaffinity(0)))
    with TrackletStore(options.source) as source:
        roles = held_out_roles(source, options.config)
        with Progress(
            "planting", len(source), "tracklets", seconds=runtime_settings().progress_seconds
        ) as progress:
            report = plant(
                source,
                options.config,
                options.store,
                options.truth,
                roles,
                processes=processes,
                progress=progress.advance,
            )
        held_out = int(np.sum(roles != source.roles))
    write_json(options.report, report | {"held_out_tracklets": held_out})
    print(
        f"planted {report['events']} occluders in {report['changed_frames']} frames; every number that "
        "follows is of planted data"
    )


if __name__ == "__main__":
    run(main)
