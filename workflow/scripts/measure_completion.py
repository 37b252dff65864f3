"""How close restored regions come to the walkers' clean twins: PSNR and SSIM, before and after."""

import pandas as pd

from stcnet_lib.data.store import TrackletStore
from stcnet_lib.evaluation.completion import measure_completion
from stcnet_lib.files import write_json
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5 as it was",
        completed="tracklets.h5 of the completion",
        regions="regions.parquet of the completion",
        truth="truth.h5",
        summary="quality.json to write",
    )
    options = commandline.parse_args()
    regions = pd.read_parquet(options.regions)
    with (
        TrackletStore(options.store) as source,
        TrackletStore(options.completed) as completed,
        TrackletStore(options.truth) as truth,
    ):
        write_json(options.summary, measure_completion(source, completed, truth, regions))


if __name__ == "__main__":
    run(main)
