"""Occlusion scores of every region, the threshold, and the regions under it."""

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.hdf5 import open_hdf5
from stcnet_lib.data.store import Role, TrackletStore
from stcnet_lib.files import replacing, write_json
from stcnet_lib.occlusion import count_flags, flag, score_regions
from stcnet_lib.threshold import choose_thresholds, train_scores
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
    config = options.config
    with TrackletStore(options.store) as store, open_hdf5(options.regions) as regions:
        ends = (store.tracklets["start"] + store.tracklets["length"]).to_numpy()
        in_train = store.roles[options.split] == Role.TRAIN
        scores = score_regions(regions["features"], ends, store.frame_number, config, in_train)
        thresholds = choose_thresholds(train_scores(scores, in_train), config)
        taus = [threshold.tau for threshold in thresholds]
        scores = flag(scores, taus, config.most_flagged)
        with replacing(options.scores) as partial:
            scores.to_parquet(partial, index=False)
        counts = count_flags(scores, taus)
    write_json(
        options.threshold,
        {
            "tau": taus,
            "rule": config.threshold,
            "reference": config.reference,
            "details": [threshold.details for threshold in thresholds],
            "counts": counts,
        },
    )
    print(
        f"τ {', '.join(f'{tau:.4f}' for tau in taus)} ({config.threshold}): "
        f"{sum(counts['regions_flagged'].values())} of {3 * counts['frames']} regions flagged, "
        f"{counts['contaminated_tracklets']} contaminated and {counts['one_frame_tracklets']} one-frame "
        f"of {counts['tracklets']} tracklets"
    )


if __name__ == "__main__":
    run(main)
