"""How well the occlusion scores find what the walkers' ground truth says is hidden."""

import pandas as pd

from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store import Role, TrackletStore
from stcnet_lib.evaluation.localisation import hidden_table, measure_localisation
from stcnet_lib.files import read_json, write_json
from workflow.scripts.command import add_config, add_paths, add_split, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    add_paths(
        commandline,
        store="tracklets.h5",
        scores="occlusion.parquet",
        threshold="threshold.json",
        truth="truth.h5",
        summary="localisation.json to write",
    )
    add_split(commandline)
    options = commandline.parse_args()
    scores = pd.read_parquet(options.scores)
    with TrackletStore(options.store) as store, TrackletStore(options.truth) as truth:
        hidden = hidden_table(truth, options.config.hidden_share)
        parts = {
            "train": store.tracklets_with(options.split, Role.TRAIN),
            "test": store.tracklets_with(options.split, Role.QUERY, Role.GALLERY),
        }
    summary = {
        name: measure_localisation(scores[scores["tracklet"].isin(tracklets)].reset_index(drop=True), hidden)
        for name, tracklets in parts.items()
    }
    write_json(options.summary, summary | {"threshold": read_json(options.threshold)})


if __name__ == "__main__":
    run(main)
