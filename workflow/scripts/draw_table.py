"""Write the result table as one self-contained HTML page."""

from stcnet_lib.report.figures.table import draw_table
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(commandline, comparison="comparison.json", figure="page to write (.html)")
    commandline.add_argument("--note", default="", help="more provenance, printed at the end of the page")
    options = commandline.parse_args()
    draw_table(options.comparison, options.figure, note=options.note)


if __name__ == "__main__":
    run(main)
