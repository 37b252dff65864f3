"""Occlusion scores of every region, the threshold, and the regions under it."""

from pathlib import Path

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.planting.probe import read_probe
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flagging import flag_store
from stcnet_lib.localisation.flags import write_flags
from stcnet_lib.localisation.scores import count_flags
from stcnet_lib.localisation.threshold_file import write_thresholds
from workflow.scripts.command import add_config, add_paths, add_split, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, OcclusionConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        scores="occlusion.parquet to write",
        threshold="threshold.json to write",
    )
    source = commandline.add_mutually_exclusive_group(required=True)
    source.add_argument("--regions", type=Path, help="regions.h5 (scores: cosine)")
    source.add_argument("--hidden", type=Path, help="hidden.h5 of the detectors (scores: planted)")
    commandline.add_argument("--probe", type=Path, help="probe.parquet (threshold: planted)")
    add_split(commandline)
    options = commandline.parse_args()
    config = options.config
    probe = read_probe(options.probe) if options.probe else None
    with TrackletStore(options.store) as store:
        table, thresholds = flag_store(store, options.split, config, options.hidden or options.regions, probe)
        taus = [threshold.tau for threshold in thresholds]
        counts = count_flags(table, taus)
        write_flags(options.scores, table, store)
        write_thresholds(options.threshold, thresholds, config, counts, store.digest)
    print(
        f"τ {', '.join(f'{tau:.4f}' for tau in taus)} ({config.threshold}): "
        f"{sum(counts['regions_flagged'].values())} of {3 * counts['frames']} regions flagged, "
        f"{counts['contaminated_tracklets']} contaminated and {counts['one_frame_tracklets']} one-frame "
        f"of {counts['tracklets']} tracklets"
    )


if __name__ == "__main__":
    run(main)
