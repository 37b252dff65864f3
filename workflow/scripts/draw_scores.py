"""Draw the occlusion scores of a split: histograms of train and test, per third, with the threshold."""

from pathlib import Path

from stcnet_lib.report.figures.scores import draw_scores
from workflow.scripts.command import add_paths, add_split, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5",
        scores="occlusion.parquet of that store",
        threshold="threshold.json",
        figure="figure to write (.svg or .png)",
    )
    add_split(commandline)
    commandline.add_argument(
        "--truth", type=Path, metavar="PATH", help="truth.h5: draws hidden and visible regions apart"
    )
    commandline.add_argument(
        "--hidden-share",
        type=float,
        default=0.3,
        help="a third counts as hidden where more of its person pixels are covered (share, 0 to 1)",
    )
    commandline.add_argument("--note", default="", help="more provenance, printed under the figure")
    options = commandline.parse_args()
    draw_scores(
        options.store,
        options.scores,
        options.threshold,
        options.split,
        options.figure,
        truth=options.truth,
        hidden_share=options.hidden_share,
        note=options.note,
    )


if __name__ == "__main__":
    run(main)
