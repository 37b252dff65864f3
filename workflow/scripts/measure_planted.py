"""Whether flags are right and replaced thirds better, on planted occluders."""

from pathlib import Path

from stcnet_lib.common.compute import compute_for
from stcnet_lib.common.files import write_json
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.measures.planted_run import measure_planted, opened_restored
from stcnet_lib.localisation.flags import read_flags
from stcnet_lib.localisation.threshold_file import read_thresholds
from stcnet_lib.reid.files import load_reid
from stcnet_lib.reid.frame_features import picture_features
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    add_paths(
        commandline,
        store="tracklets.h5 with planted occluders",
        truth="truth.h5",
        scores="occlusion.parquet",
        threshold="threshold.json",
        guider="the guider's model.json",
        summary="planted.json to write",
    )
    commandline.add_argument(
        "--completions", type=Path, nargs="*", default=[], help="folders of completions to measure"
    )
    add_split(commandline)
    options = commandline.parse_args()
    share = options.config.hidden_share
    with (
        compute_for(runtime_settings()) as compute,
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
        opened_restored(options.completions, truth, store) as restored,
    ):
        flags = read_flags(options.scores, store)
        features = picture_features(load_reid(options.guider), compute)
        summary = measure_planted(store, truth, flags, restored, options.split, share, features)
        summary |= {"planted": store.planted, "threshold": read_thresholds(options.threshold, store.digest)}
    write_json(options.summary, summary)


if __name__ == "__main__":
    run(main)
