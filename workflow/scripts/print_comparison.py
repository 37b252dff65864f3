"""Print the result table for a terminal, with localisation and one line of conclusion."""

from stcnet_lib.report.tables.conclusions import comparison_text
from stcnet_lib.report.tables.tables import read_comparison
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(commandline, comparison="comparison.json")
    options = commandline.parse_args()
    print(comparison_text(read_comparison(options.comparison)))


if __name__ == "__main__":
    run(main)
