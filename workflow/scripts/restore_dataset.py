"""Replace the flagged regions of a data set; the result is a data set of the same form."""

import argparse
import logging
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from stcnet_lib.common.compute import Compute, compute_for
from stcnet_lib.common.files import write_json
from stcnet_lib.completion.fallback import choose
from stcnet_lib.completion.filling import filler_within, network_for, pixel_filler_for
from stcnet_lib.completion.gate import Gate
from stcnet_lib.completion.judging import read_judges
from stcnet_lib.completion.pixels.holes import MaskSource
from stcnet_lib.completion.restoration import restore
from stcnet_lib.config import CompletionConfig
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE, TruthMasks, hidden_table
from stcnet_lib.localisation.flags import flag_table, read_flags, score_table
from stcnet_lib.localisation.mask_files import open_masks
from stcnet_lib.reid.files import load_reid, read_description
from stcnet_lib.reid.frame_features import picture_features
from workflow.scripts.command import (
    add_config,
    add_paths,
    add_references,
    add_run,
    parser,
    run,
    runtime_settings,
)

logger = logging.getLogger(__name__)


def main() -> None:
    options = arguments()
    asked, runtime = options.config, runtime_settings()
    description = read_description(options.stcnet, *NETWORKS) if options.stcnet else None
    config, why = choose(asked, description)
    if why:
        logger.info("%s fills: %s", config.method, why)
    with ExitStack() as opened:
        compute = opened.enter_context(compute_for(runtime))
        store = opened.enter_context(TrackletStore(options.store))
        masks = masks_of(config, options, store, opened)
        everywhere = config.of_pixels and options.scores is None
        flags = None if everywhere else flags_of(config, options, store)
        network = network_for(config, options.stcnet)
        if everywhere:
            filler = pixel_filler_for(config, options.gather, compute)
        else:
            filler = filler_within(config, network, options.gather, compute)
        gate = gate_of(config, options, store, compute) if options.judge else None
        record = restore(
            config,
            store,
            flags,
            options.references,
            filler,
            options.completed,
            runtime.progress_seconds,
            gate,
            masks,
            compute.threads,
        )
    record.write(options.regions, store)
    made = {"method": asked.method, "method_used": config.method, "why": why, "masks": config.masks}
    made["stcnet"] = asked.stcnet if METHODS[asked.method].needs_network else None
    gather = read_description(options.gather, "gather") if options.gather else None
    skilled = description if asked.method == "stcnet" else gather
    made["skill"] = skilled["details"].get("skill") if skilled else None
    made |= options.references.model_dump()
    asked_for = network.config.precision if network else gather and gather["config"]["precision"]
    made["precision"] = compute.used_precision(asked_for) if asked_for else None
    made |= {"completion": options.completion, "split": options.split, "seed": options.seed}
    write_json(options.summary, {**made, **record.counts})


def arguments() -> argparse.Namespace:
    commandline = parser(__doc__)
    add_config(commandline, CompletionConfig)
    add_paths(
        commandline,
        store="tracklets.h5 to restore",
        completed="tracklets.h5 to write",
        regions="regions.parquet to write: one row a flagged region",
        summary="restoration.json to write: how often each case was met",
    )
    commandline.add_argument(
        "--scores",
        type=Path,
        help="occlusion.parquet (masks: predicted, or pixels, which are replaced in flagged thirds alone)",
    )
    commandline.add_argument(
        "--stcnet", type=Path, help="model.json of the network (methods stcnet, spatial)"
    )
    commandline.add_argument("--gather", type=Path, help="model.json of the network (method gather)")
    commandline.add_argument("--masks", type=Path, help="masks.h5 (masks: pixels)")
    commandline.add_argument("--truth", type=Path, help="truth.h5 (oracle masks)")
    commandline.add_argument("--judge", type=Path, help="judge.json (least_confidence above 0)")
    commandline.add_argument("--guider", type=Path, help="the guider's model.json, for the judge")
    commandline.add_argument(
        "--hidden-share",
        type=float,
        default=HIDDEN_SHARE,
        help="oracle masks: share of person pixels covered",
    )
    add_references(commandline)
    commandline.add_argument("--completion", required=True, help="its name")
    add_run(commandline)
    return commandline.parse_args()


def flags_of(config: CompletionConfig, options: argparse.Namespace, store: TrackletStore) -> np.ndarray:
    """(F, K) regions to replace: flagged by the scores, or by the truth."""
    if config.masks == "oracle":
        with TrackletStore(options.truth) as truth:
            return hidden_table(truth, options.hidden_share)
    return flag_table(read_flags(options.scores, store), store.num_frames)


def masks_of(
    config: CompletionConfig, options: argparse.Namespace, store: TrackletStore, opened: ExitStack
) -> MaskSource | None:
    """Pixels to replace, if the completion replaces pixels: predicted ones, or those of the truth."""
    if not config.of_pixels:
        return None
    if config.from_truth:
        return TruthMasks(opened.enter_context(TrackletStore(options.truth)))
    return opened.enter_context(open_masks(options.masks, store))


def gate_of(
    config: CompletionConfig, options: argparse.Namespace, store: TrackletStore, compute: Compute
) -> Gate:
    """What lets pass only regions that come out better, by the judges that `judge_completion` wrote."""
    scores = score_table(read_flags(options.scores, store), store.num_frames)
    features = picture_features(load_reid(options.guider), compute)
    copy = filler_within(CompletionConfig(method="copy", masks=config.masks), None, None, compute)
    return Gate(read_judges(options.judge), features, scores, config.least_confidence, copy, config.seam)


if __name__ == "__main__":
    run(main)
