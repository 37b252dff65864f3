"""Whether flags are right and replaced thirds better, on planted occluders."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.common.compute import compute_for
from stcnet_lib.common.files import read_json, write_json
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.planting.probe import truth_shares
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.evaluation.measures.damage import count_replaced, replaced_flags
from stcnet_lib.evaluation.measures.planted import frame_cosines, measure_change, measure_flags, measure_gain
from stcnet_lib.reid.files import load_reid
from stcnet_lib.reid.frame_features import picture_features
from workflow.scripts.command import add_config, add_paths, add_split, parser, run, runtime_settings

CONTROL = "copy"  # the method of the completion that others are compared with


@dataclass(frozen=True)
class Completed:
    """A completion to measure."""

    method: str
    store: TrackletStore
    replaced: np.ndarray  # bool (F, K)
    counts: pd.DataFrame  # of `count_replaced`, all pixels that are known to be visible


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
    hidden_share = options.config.hidden_share
    with (
        compute_for(runtime_settings()) as compute,
        ExitStack() as opened,
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
    ):
        completions = {
            folder.name.removeprefix("completion~"): read_completion(folder, truth, opened)
            for folder in options.completions
        }
        replaced = {name: one.replaced for name, one in completions.items()}
        stores = {name: one.store for name, one in completions.items()}
        control = next((name for name, one in completions.items() if one.method == CONTROL), None)
        covered = truth_shares(truth)
        touched = (covered > hidden_share) & np.any(
            [*replaced.values(), np.zeros_like(covered, bool)], axis=0
        )
        features = picture_features(load_reid(options.guider), compute)
        cosines = frame_cosines(store, stores, truth, np.argwhere(touched), features)

        table = pd.read_parquet(options.scores)
        scores, flags = (table[name].to_numpy().reshape(covered.shape) for name in ("score", "occluded"))
        summary = {}
        for part, chosen in parts_of(store, options.split).items():
            gains = measure_gain(cosines[chosen[cosines["frame"].to_numpy(np.int64)]], replaced, control)
            summary[part] = {
                **measure_flags(scores, flags, covered, truth.doubtful, hidden_share, chosen),
                "completions": {
                    name: measure_change(one.counts, chosen) | gains[name]
                    for name, one in completions.items()
                },
            }
        planted = store.planted
    write_json(options.summary, {"planted": planted, **summary, "threshold": read_json(options.threshold)})


def read_completion(folder: Path, truth: TrackletStore, opened: ExitStack) -> Completed:
    """The completion in a folder of results; its store stays open."""
    regions = pd.read_parquet(folder / "regions.parquet")
    return Completed(
        read_json(folder / "restoration.json")["method"],
        opened.enter_context(TrackletStore(folder / "tracklets.h5")),
        replaced_flags(regions, truth.num_frames),
        count_replaced(truth, regions, background=True, doubtful=False),
    )


def parts_of(store: TrackletStore, split: int) -> dict[str, np.ndarray]:
    """Bool (F,) each: frames of the test part, and all."""
    roles = store.roles[split][store.frame_tracklet]
    return {"test": np.isin(roles, (Role.QUERY, Role.GALLERY)), "all": np.ones(store.num_frames, dtype=bool)}


if __name__ == "__main__":
    run(main)
