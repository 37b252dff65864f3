"""In which share of every tracklet's frames a third is hidden, by ground truth or else by the flags."""

from pathlib import Path

import numpy as np

from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import hidden_table
from stcnet_lib.evaluation.cells import Shares, write_shares
from stcnet_lib.evaluation.stratify import hidden_share
from stcnet_lib.localisation.flags import flag_table, read_flags
from workflow.scripts.command import add_config, add_paths, add_run, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    add_paths(commandline, store="tracklets.h5", shares="shares.parquet to write")
    source = commandline.add_mutually_exclusive_group(required=True)
    source.add_argument("--truth", type=Path, help="truth.h5, where there is one")
    source.add_argument("--scores", type=Path, help="occlusion.parquet, where there is no truth")
    add_run(commandline)
    options = commandline.parse_args()
    with TrackletStore(options.store) as store:
        ends = np.array([store.frames_of(n).stop for n in range(len(store))])
        if options.scores:
            hidden = flag_table(read_flags(options.scores, store), store.num_frames)
    if options.truth:
        with TrackletStore(options.truth) as truth:
            hidden = hidden_table(truth, options.config.hidden_share)
    shares = Shares("truth" if options.truth else "flags", hidden_share(hidden, ends))
    write_shares(options.shares, shares, options.split, options.seed)


if __name__ == "__main__":
    run(main)
