"""Occlusion scores of every region, the threshold, and the regions under it."""

import h5py

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.store import Role, TrackletStore
from stcnet_lib.files import replacing, write_json
from stcnet_lib.occlusion import choose_threshold, flag, score_regions, summarise
from workflow.scripts.command import add_config, add_paths, add_split, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, OcclusionConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        regions="regions.h5",
        scores="occlusion.parquet to write",
        threshold="threshold.json to write",
    )
    add_split(commandline)
    options = commandline.parse_args()
    with TrackletStore(options.store) as store, h5py.File(options.regions) as regions:
        scores = score_regions(regions["features"], store, options.config)
        train = scores["tracklet"].isin(store.tracklets_with(options.split, Role.TRAIN))
        threshold = choose_threshold(scores.loc[train, "score"].to_numpy(), options.config)
        scores = flag(scores, threshold.tau)
        with replacing(options.scores) as partial:
            scores.to_parquet(partial, index=False)
        write_json(options.threshold, summarise(scores, threshold, options.config))


if __name__ == "__main__":
    run(main)
