"""Write the results of a data set as one Markdown page."""

from stcnet_lib.evaluation.pages import results_page
from stcnet_lib.evaluation.tables import read_comparison
from stcnet_lib.files import replacing
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(commandline, comparison="comparison.json", page="page to write (.md)")
    options = commandline.parse_args()
    page = results_page(read_comparison(options.comparison))
    with replacing(options.page) as partial:
        partial.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
