"""Replace the flagged regions of a data set; the result is a data set of the same form."""

from pathlib import Path
from typing import get_args

import pandas as pd

from stcnet_lib.config import CompletionConfig, References
from stcnet_lib.data.store import TrackletStore
from stcnet_lib.evaluation.localisation import hidden_table
from stcnet_lib.files import replacing, write_json
from stcnet_lib.filling import filler_for
from stcnet_lib.models.stcnet_files import load_stcnet
from stcnet_lib.references import flag_table
from stcnet_lib.restoration import restore
from stcnet_lib.training.compute import compute_for
from workflow.scripts.command import add_config, add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, CompletionConfig)
    add_paths(
        commandline,
        store="tracklets.h5 to restore",
        completed="tracklets.h5 to write",
        regions="regions.parquet to write: one row a flagged region",
        summary="restoration.json to write: how often each case was met",
    )
    commandline.add_argument("--scores", type=Path, help="occlusion.parquet (predicted masks)")
    commandline.add_argument("--stcnet", type=Path, help="STCnet's model.json (methods stcnet and spatial)")
    commandline.add_argument("--truth", type=Path, help="truth.h5 (oracle masks)")
    commandline.add_argument(
        "--hidden-share", type=float, default=0.3, help="oracle masks: share of person pixels covered"
    )
    commandline.add_argument(
        "--references",
        choices=get_args(References),
        default="frame",
        help="frames to restore from: frames without any flagged region, or such as show the region",
    )
    options = commandline.parse_args()
    config, runtime = options.config, runtime_settings()
    with compute_for(runtime) as compute, TrackletStore(options.store) as store:
        if config.masks == "oracle":
            with TrackletStore(options.truth) as truth:
                flags = hidden_table(truth, options.hidden_share)
        else:
            flags = flag_table(pd.read_parquet(options.scores), store.num_frames)
        network = load_stcnet(options.stcnet) if options.stcnet else None
        record = restore(
            config,
            store,
            flags,
            options.references,
            filler_for(config, network, compute),
            options.completed,
            runtime.progress_seconds,
        )
    with replacing(options.regions) as partial:
        record.table().to_parquet(partial, index=False)
    made = {"method": config.method, "masks": config.masks}
    made["stcnet"] = config.stcnet if config.method == "stcnet" else None
    made |= {"references": options.references, "reference_margin": config.reference_margin}
    made["precision"] = compute.used_precision(network.config.precision) if network else None
    write_json(options.summary, {**made, **record.counts})


if __name__ == "__main__":
    run(main)
