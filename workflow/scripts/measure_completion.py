"""How close a completion comes to the walkers' clean twins: pixels, and what the guider sees of them."""

import numpy as np

from stcnet_lib.common.compute import compute_for
from stcnet_lib.common.files import write_json
from stcnet_lib.completion.record import read_replaced
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.evaluation.measures.completion import measure_frames, occluder_kinds
from stcnet_lib.evaluation.measures.completion_summary import completion_summary
from stcnet_lib.evaluation.measures.damage import count_replaced
from stcnet_lib.reid.files import load_reid
from stcnet_lib.reid.frame_features import frame_features
from stcnet_lib.walkers.dataset import read_events
from workflow.scripts.command import add_config, add_paths, add_run, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    add_paths(
        commandline,
        store="tracklets.h5 as it was",
        completed="tracklets.h5 of the completion",
        regions="regions.parquet of the completion",
        truth="truth.h5",
        model="the guider's model.json",
        summary="quality.json to write",
    )
    commandline.add_argument("--completion", required=True, help="its name")
    add_run(commandline)
    options = commandline.parse_args()
    with (
        compute_for(runtime_settings()) as compute,
        TrackletStore(options.store) as source,
        TrackletStore(options.completed) as completed,
        TrackletStore(options.truth) as truth,
    ):
        regions = read_replaced(options.regions, source)
        network = load_reid(options.model)
        features = frame_features(network, compute)
        frames = measure_frames(source, completed, truth, regions, features, options.config.hidden_share)
        replaced = count_replaced(truth, source, completed, regions)
        tracklet = source.frame_tracklet
        roles = source.roles[options.split][tracklet]
        split_of = np.select(
            [roles == Role.TRAIN, np.isin(roles, (Role.QUERY, Role.GALLERY))], ["train", "test"], "other"
        )
        summary = completion_summary(
            frames,
            replaced,
            occluder_kinds(read_events(options.truth), source.tracklets),
            source.tracklets["pid"].to_numpy()[tracklet],
            split_of,
            options.config.bootstrap,
        )
    place = {"completion": options.completion, "split": options.split, "seed": options.seed}
    counts = {"changed_frames": int(regions["frame"].nunique()), "measured_frames": len(frames)}
    precision = compute.used_precision(network.config.precision)
    write_json(options.summary, summary | place | counts | {"precision": precision})


if __name__ == "__main__":
    run(main)
