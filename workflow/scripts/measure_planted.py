"""Whether flags are right and replaced thirds better, on planted occluders."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store import Role, TrackletStore
from stcnet_lib.evaluation.damage import replaced_flags
from stcnet_lib.evaluation.frame_features import picture_features
from stcnet_lib.evaluation.planted import (
    count_changed,
    frame_cosines,
    measure_change,
    measure_flags,
    measure_gain,
)
from stcnet_lib.files import read_json, write_json
from stcnet_lib.models.files import load_reid
from stcnet_lib.planting.probe import truth_shares
from stcnet_lib.training.compute import compute_for
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings

CONTROL = "copy"  # the method of the completion that others are compared with


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
    with (
        compute_for(runtime_settings()) as compute,
        ExitStack() as opened,
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
    ):
        table = pd.read_parquet(options.scores)
        scores, flags = (
            table[name].to_numpy().reshape(store.num_frames, -1) for name in ("score", "occluded")
        )
        covered, doubtful = truth_shares(truth), truth.doubtful
        roles = store.roles[options.split][store.frame_tracklet]
        parts = {
            "test": np.isin(roles, (Role.QUERY, Role.GALLERY)),
            "all": np.ones(store.num_frames, dtype=bool),
        }
        names = [folder.name.removeprefix("completion~") for folder in options.completions]
        made = [read_json(folder / "restoration.json") for folder in options.completions]
        completed = {
            name: opened.enter_context(TrackletStore(folder / "tracklets.h5"))
            for name, folder in zip(names, options.completions, strict=True)
        }
        regions = {
            name: pd.read_parquet(folder / "regions.parquet")
            for name, folder in zip(names, options.completions, strict=True)
        }
        replaced = {name: replaced_flags(rows, store.num_frames) for name, rows in regions.items()}
        control = next(
            (name for name, one in zip(names, made, strict=True) if one["method"] == CONTROL), None
        )
        hidden = covered > options.config.hidden_share
        touched = hidden & np.any(list(replaced.values()), axis=0) if replaced else np.zeros_like(hidden)
        features = picture_features(load_reid(options.guider), compute)
        cosines = frame_cosines(store, completed, truth, np.argwhere(touched), features)
        changed = {name: count_changed(truth, rows) for name, rows in regions.items()}
        summary = {}
        for part, chosen in parts.items():
            own = cosines[chosen[cosines["frame"].to_numpy(np.int64)]]
            gains = measure_gain(own, replaced, control)
            summary[part] = {
                **measure_flags(scores, flags, covered, doubtful, options.config.hidden_share, chosen),
                "completions": {name: measure_change(changed[name], chosen) | gains[name] for name in names},
            }
        planted = store.planted
    write_json(options.summary, {"planted": planted, **summary, "threshold": read_json(options.threshold)})


if __name__ == "__main__":
    run(main)
