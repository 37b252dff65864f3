"""Occlusion scores of every region, the threshold, and the regions under it."""

from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.common.files import replacing, write_json
from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, REGION_FEATURES, open_regions
from stcnet_lib.localisation.scores import (
    count_flags,
    flag,
    probe_scores,
    score_regions,
    score_table,
    visible_chances,
)
from stcnet_lib.localisation.threshold import Threshold, choose_thresholds, planted_thresholds, train_scores
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
    with TrackletStore(options.store) as store:
        lengths = store.tracklets["length"].to_numpy()
        in_train = store.roles[options.split] == Role.TRAIN
        if options.hidden:
            with open_regions(options.hidden, HIDDEN_LOGITS, store) as logits:
                chances = visible_chances(logits[:])
            scores = score_table(chances, lengths, store.frame_number)
        else:
            with open_regions(options.regions, REGION_FEATURES, store) as features:
                ends = np.cumsum(lengths)
                scores = score_regions(features, ends, store.frame_number, config, in_train)
    if config.threshold == "planted":
        thresholds = _on_probe(pd.read_parquet(options.probe), config)
    else:
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
            "scores": config.scores,
            "reference": config.reference if config.scores == "cosine" else None,
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


def _on_probe(probe: pd.DataFrame, config: OcclusionConfig) -> tuple[Threshold, ...]:
    """Thresholds of the rule `planted`."""
    scores = probe_scores(probe, config)
    covered, doubtful = (probe[name].to_numpy().reshape(scores.shape) for name in ("covered", "doubtful"))
    return planted_thresholds(scores, covered, doubtful, config)


if __name__ == "__main__":
    run(main)
