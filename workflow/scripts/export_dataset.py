"""Write a completed data set as images in its source's own layout."""

import argparse
from pathlib import Path

from stcnet_lib.common.files import read_json
from stcnet_lib.completion.record import read_replaced
from stcnet_lib.config import DatasetConfig, ExportConfig, parse_section
from stcnet_lib.data.export.plan import Completed
from stcnet_lib.data.export.tree import export
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import read_flags, score_table
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings


def dataset(text: str) -> DatasetConfig:
    try:
        return parse_section(DatasetConfig, text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, ExportConfig)
    add_split(commandline)
    add_paths(commandline, store="tracklets.h5 as it was", folder="folder to write")
    commandline.add_argument(
        "--dataset",
        type=dataset,
        required=True,
        default=argparse.SUPPRESS,
        metavar="JSON",
        help="as prepared",
    )
    commandline.add_argument("--completed", type=Path, help="tracklets.h5 of the completion")
    commandline.add_argument("--regions", type=Path, help="regions.parquet of the completion")
    commandline.add_argument("--scores", type=Path, help="occlusion.parquet (predicted masks)")
    commandline.add_argument("--stcnet", type=Path, help="STCnet's model.json, whose digest is noted")
    options = commandline.parse_args()
    with TrackletStore(options.store) as raw:
        completed = None
        if options.completed:
            scores = score_table(read_flags(options.scores, raw), raw.num_frames) if options.scores else None
            model = read_json(options.stcnet)["weights_sha256"] if options.stcnet else None
            store, regions = TrackletStore(options.completed), read_replaced(options.regions, raw)
            completed = Completed(store, regions, scores, model)
        report = export(
            options.config,
            options.dataset,
            raw,
            completed,
            options.folder,
            options.split,
            runtime_settings().progress_seconds,
        )
    print(f"{options.folder}:", ", ".join(f"{count} {how}" for how, count in report["frames"].items()))


if __name__ == "__main__":
    run(main)
