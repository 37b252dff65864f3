"""Replace the flagged regions of a data set; the result is a data set of the same form."""

import argparse
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from stcnet_lib.common.compute import compute_for
from stcnet_lib.common.files import write_json
from stcnet_lib.completion.completing import CompletionFiles, Hidden, complete
from stcnet_lib.completion.pixels.holes import MaskSource
from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE, TruthMasks, hidden_table
from stcnet_lib.localisation.flags import flag_table, read_flags, score_table
from stcnet_lib.localisation.mask_files import open_masks
from workflow.scripts.command import (
    add_config,
    add_paths,
    add_references,
    add_run,
    parser,
    run,
    runtime_settings,
)


def main() -> None:
    options = arguments()
    config, runtime = options.config, runtime_settings()
    files = CompletionFiles(options.stcnet, options.gather, options.judge, options.guider)
    with ExitStack() as opened:
        compute = opened.enter_context(compute_for(runtime))
        store = opened.enter_context(TrackletStore(options.store))
        hidden = hidden_of(config, options, store, opened)
        done = complete(
            config,
            store,
            hidden,
            files,
            options.references,
            options.completed,
            runtime.progress_seconds,
            compute,
        )
        done.record.write(options.regions, store)
    of = {"completion": options.completion, "split": options.split, "seed": options.seed}
    write_json(options.summary, {**done.made, **of, **done.record.counts})


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


def hidden_of(
    config: CompletionConfig, options: argparse.Namespace, store: TrackletStore, opened: ExitStack
) -> Hidden:
    """What is replaced: thirds or pixels, flagged by the scores or known by the truth."""
    masks = masks_of(config, options, store, opened)
    if options.scores is None:
        return Hidden(None if config.of_pixels else true_flags(options), None, masks)
    table = read_flags(options.scores, store)
    frames = store.num_frames
    return Hidden(flag_table(table, frames), score_table(table, frames), masks)


def true_flags(options: argparse.Namespace) -> np.ndarray:
    """bool (F, K) regions that are hidden by the truth."""
    with TrackletStore(options.truth) as truth:
        return hidden_table(truth, options.hidden_share)


def masks_of(
    config: CompletionConfig, options: argparse.Namespace, store: TrackletStore, opened: ExitStack
) -> MaskSource | None:
    """Pixels to replace, if the completion replaces pixels: predicted ones, or those of the truth."""
    if not config.of_pixels:
        return None
    if config.from_truth:
        return TruthMasks(opened.enter_context(TrackletStore(options.truth)))
    return opened.enter_context(open_masks(options.masks, store))


if __name__ == "__main__":
    run(main)
