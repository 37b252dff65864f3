"""How well occlusion scores find what the walkers' truth says is hidden, and what others would find."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.common.files import replacing, write_json
from stcnet_lib.config import EvaluationConfig, OcclusionConfig, parse_section
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.data.truth import hidden_table
from stcnet_lib.evaluation.measures.completion import occluder_kinds
from stcnet_lib.evaluation.measures.localisation import measure_localisation
from stcnet_lib.localisation.flags import read_flags
from stcnet_lib.localisation.mask_files import open_masks
from stcnet_lib.localisation.region_files import REGION_FEATURES, open_regions
from stcnet_lib.localisation.threshold_file import read_thresholds
from stcnet_lib.report.tables.reference_study import flat_entries, reference_study
from stcnet_lib.walkers.dataset import read_events
from workflow.scripts.command import add_config, add_paths, add_split, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    commandline.add_argument(
        "--occlusion", default="{}", metavar="JSON", help="an OcclusionConfig, of which others are variations"
    )
    add_paths(
        commandline,
        store="tracklets.h5",
        regions="regions.h5",
        scores="occlusion.parquet",
        threshold="threshold.json",
        truth="truth.h5",
        summary="localisation.json to write",
        csv="localisation.csv to write: all references and rules",
    )
    commandline.add_argument("--masks", type=Path, help="masks.h5 (occlusion.scores: pixels)")
    add_split(commandline)
    options = commandline.parse_args()
    with (
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
        open_regions(options.regions, REGION_FEATURES, store) as features,
    ):
        scores = read_flags(options.scores, store)
        threshold = read_thresholds(options.threshold, store.digest)
        hidden, doubtful = hidden_table(truth, options.config.hidden_share), truth.doubtful
        roles = store.roles[options.split]
        parts = {"train": roles == Role.TRAIN, "test": np.isin(roles, (Role.QUERY, Role.GALLERY))}
        entries = reference_study(
            features,
            store.tracklets,
            store.frame_number,
            parts["train"],
            parts["test"],
            hidden,
            parse_section(OcclusionConfig, options.occlusion),
        )
        frames = {name: np.flatnonzero(part[store.frame_tracklet]) for name, part in parts.items()}
        pixels = masks_measured(options, store, truth, frames) if options.masks else None
    summary = {
        name: measure_localisation(
            scores[chosen[scores["tracklet"]]].reset_index(drop=True), hidden, doubtful
        )
        for name, chosen in parts.items()
    }
    summary |= {"threshold": threshold, "by_reference": entries}
    write_json(options.summary, summary | ({"pixels": pixels} if pixels else {}))
    with replacing(options.csv) as partial:
        rows = pd.DataFrame(flat_entries(entries))
        rows.to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


def masks_measured(
    options: argparse.Namespace, store: TrackletStore, truth: TrackletStore, frames: dict[str, np.ndarray]
) -> dict[str, Any]:
    """`measure_masks` of frames by the name of their part."""
    # Torch, which enlarges the chances of masks, is not loaded where there are none.
    from stcnet_lib.evaluation.measures.masks import measure_masks

    kinds = occluder_kinds(read_events(options.truth), store.tracklets)
    with open_masks(options.masks, store) as masks:
        return {name: measure_masks(masks, truth, own, kinds) for name, own in frames.items()}


if __name__ == "__main__":
    run(main)
