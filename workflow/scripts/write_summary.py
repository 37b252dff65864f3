"""Write the page that says what a run found: headline, strips, tables, settings, provenance, times."""

from pathlib import Path

from stcnet_lib.common.files import replacing
from stcnet_lib.report.summary.page import framed, summary_page
from stcnet_lib.report.summary.reading import Completed, Inputs, read_found
from workflow.scripts.command import add_paths, add_run, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_paths(
        commandline,
        comparison="comparison.json",
        store="tracklets.h5",
        page="page to write (.html)",
        frame="the same in a frame, for Snakemake's report, to write (.html)",
    )
    files = {"type": Path, "nargs": "*", "default": []}
    commandline.add_argument("--metrics", **files, help="metrics.json of every variant and run")
    commandline.add_argument("--cmc", **files, help="cmc.csv of the same variants and runs")
    commandline.add_argument("--completed", type=Path, help="tracklets.h5 of a completion to show strips of")
    commandline.add_argument("--regions", type=Path, help="its regions.parquet")
    commandline.add_argument("--restoration", type=Path, help="its restoration.json")
    commandline.add_argument("--truth", type=Path, help="truth.h5: adds the clean frames to the strips")
    commandline.add_argument("--guider", type=Path, help="model.json of the guider")
    commandline.add_argument("--filler", type=Path, help="model.json of the completion network")
    commandline.add_argument("--quality", type=Path, help="completion.json, where the truth is known")
    commandline.add_argument("--logs", type=Path, help="folder of the benchmark files")
    add_run(commandline)
    options = commandline.parse_args()
    completed = None
    if options.completed:
        files = (options.completed, options.regions, options.restoration, options.truth)
        completed = Completed(*files, options.split, options.seed)
    networks = {"guider": options.guider, "completion network": options.filler}
    inputs = Inputs(
        options.comparison,
        options.store,
        options.metrics,
        options.cmc,
        completed,
        options.quality,
        {name: path for name, path in networks.items() if path},
        options.logs,
    )
    page = summary_page(read_found(inputs))
    for path, text in ((options.page, page), (options.frame, framed(page))):
        with replacing(path) as partial:
            partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
