"""Draw people of the walkers, and one occluder of each kind with what it hides."""

from pathlib import Path

from stcnet_lib.report.figures.contact_sheet import draw_walkers
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        store="tracklets.h5 of walkers",
        truth="truth.h5 of the same walkers",
        figure="figure to write (.webp, .png or .svg)",
    )
    commandline.add_argument(
        "--completed",
        type=Path,
        metavar="PATH",
        help="tracklets.h5 of a completion: adds the restored frames",
    )
    commandline.add_argument("--seed", type=int, default=0, help="of the draw of people and events")
    options = commandline.parse_args()
    draw_walkers(options.store, options.truth, options.seed, options.figure, completed=options.completed)


if __name__ == "__main__":
    run(main)
