"""Draw the course of a training: every recorded quantity over the steps, raw and smoothed."""

from stcnet_lib.report.figures.training import draw_training
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        history="history.csv: step and any numeric columns (loss, accuracy, lr, seconds a step, …)",
        figure="figure to write (.svg or .png)",
    )
    commandline.add_argument("--title", required=True, help="what was trained")
    commandline.add_argument("--note", default="", help="more provenance, printed under the figure")
    options = commandline.parse_args()
    draw_training(options.history, options.title, options.figure, note=options.note)


if __name__ == "__main__":
    run(main)
