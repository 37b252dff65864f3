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
    )
    commandline.add_argument("--truth", type=Path, metavar="PATH", help="truth.h5: adds the clean frames")
    for choice, text in (
        ("random", "tracklets drawn at random"),
        (
            "best",
            "those with the least error in the replaced bands, or without --truth the least change there",
        ),
        ("worst", "those with the largest"),
    ):
        commandline.add_argument(
            f"--{choice}", type=Path, metavar="PATH", help=f"figure of {text} to write (.webp, .png or .svg)"
        )
    commandline.add_argument("--seed", type=int, default=0, help="of the random choice")
    commandline.add_argument("--split", type=int, help="show only test tracklets of this split")
    commandline.add_argument("--tracklets", type=int, default=6, help="how many")
    commandline.add_argument("--frames", type=int, default=7, help="of one tracklet, around a restored one")
    commandline.add_argument("--note", default="", help="more provenance, printed under the figure")
    options = commandline.parse_args()
    asked = {choice: getattr(options, choice) for choice in ("random", "best", "worst")}
    draw_strips(
        options.store,
        options.completed,
        options.regions,
        {choice: figure for choice, figure in asked.items() if figure is not None},
        options.seed,
        truth=options.truth,
        split=options.split,
        tracklets=options.tracklets,
        frames=options.frames,
        note=options.note,
    )


if __name__ == "__main__":
    run(main)
