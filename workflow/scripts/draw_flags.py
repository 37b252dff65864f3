"""Draw flagged thirds among the frames around them: right and wrong flags, and missed occlusions."""

from pathlib import Path

from stcnet_lib.report.figures.flags import draw_flags
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5",
        scores="occlusion.parquet",
        figure="figure to write (.webp or .png)",
    )
    commandline.add_argument("--truth", type=Path, help="truth.h5, where there is one")
    commandline.add_argument(
        "--hidden-share", type=float, default=0.3, help="share of the person's pixels that hides a third"
    )
    commandline.add_argument("--split", type=int, help="show test tracklets of this split, if it has some")
    commandline.add_argument("--each", type=int, default=8, help="how many of each kind")
    commandline.add_argument("--seed", type=int, default=0, help="of the choice")
    options = commandline.parse_args()
    draw_flags(
        options.store,
        options.scores,
        options.figure,
        truth=options.truth,
        hidden_share=options.hidden_share,
        split=options.split,
        each=options.each,
        seed=options.seed,
    )


if __name__ == "__main__":
    run(main)
