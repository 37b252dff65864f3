"""Draw the CMC curves of several variants."""

from pathlib import Path

from stcnet_lib.report.figures.cmc import draw_cmc
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    commandline.add_argument(
        "--cmc", type=Path, nargs="+", required=True, metavar="PATH", help="cmc.csv files: rank, cmc (0 to 1)"
    )
    commandline.add_argument("--labels", nargs="+", required=True, metavar="LABEL", help="legend, one a file")
    commandline.add_argument("--max-rank", type=int, default=20, help="last rank on the axis")
    commandline.add_argument("--note", default="", help="more provenance, printed under the figure")
    add_paths(commandline, figure="figure to write (.svg or .png)")
    options = commandline.parse_args()
    draw_cmc(options.cmc, options.labels, options.figure, max_rank=options.max_rank, note=options.note)


if __name__ == "__main__":
    run(main)
