"""Write the results of a data set as one Markdown page, and the first page of the report."""

from pathlib import Path

from stcnet_lib.common.files import read_json, replacing
from stcnet_lib.report.tables.headline import headline
from stcnet_lib.report.tables.pages import completion_sections, reference_sections, results_page
from stcnet_lib.report.tables.tables import read_comparison
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(commandline, comparison="comparison.json", page="page to write (.md)")
    commandline.add_argument("--headline", type=Path, help="the report's first page, to write (.rst)")
    commandline.add_argument("--completion", type=Path, help="completion.json, where the truth is known")
    options = commandline.parse_args()
    comparison = read_comparison(options.comparison)
    more = reference_sections(comparison.get("localisation") or [])
    if options.completion:
        more += completion_sections(read_json(options.completion)["rows"])
    with replacing(options.page) as partial:
        partial.write_text(results_page(comparison, more=more), encoding="utf-8")
    if options.headline:
        with replacing(options.headline) as partial:
            partial.write_text(headline(comparison), encoding="utf-8")


if __name__ == "__main__":
    run(main)
