"""Draw strips of tracklets before and after a completion, with their clean twins where known."""

from pathlib import Path

from stcnet_lib.report.figures.strips import draw_strips
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5 before",
        completed="tracklets.h5 of a completion that keeps every frame (not discard)",
        regions="regions.parquet of that completion",
        figure="figure to write (.webp, .png or .svg)",
    )
    commandline.add_argument("--truth", type=Path, metavar="PATH", help="truth.h5: adds the clean frames")
    commandline.add_argument(
        "--choice",
        choices=("random", "best", "worst"),
        default="random",
        help="which tracklets; best and worst go by the error in the replaced bands (grey levels, 0 to 255), "
        "or without --truth by how much was changed there",
    )
    commandline.add_argument("--seed", type=int, default=0, help="of the random choice")
    commandline.add_argument("--split", type=int, help="show only test tracklets of this split")
    commandline.add_argument("--tracklets", type=int, default=6, help="how many")
    commandline.add_argument("--frames", type=int, default=7, help="of one tracklet, around a restored one")
    commandline.add_argument("--note", default="", help="more provenance, printed under the figure")
    options = commandline.parse_args()
    draw_strips(
        options.store,
        options.completed,
        options.regions,
        options.choice,
        options.seed,
        options.figure,
        truth=options.truth,
        split=options.split,
        tracklets=options.tracklets,
        frames=options.frames,
        note=options.note,
    )


if __name__ == "__main__":
    run(main)
