"""All completions side by side, as the walkers' ground truth measures them."""

from pathlib import Path

import pandas as pd

from stcnet_lib.common.files import replacing, write_json
from stcnet_lib.report.tables.completions import completion_rows, flat_rows
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    commandline.add_argument("--quality", type=Path, nargs="*", default=[], help="quality.json files")
    commandline.add_argument(
        "--restoration", type=Path, nargs="*", default=[], help="restoration.json of the same completions"
    )
    add_paths(commandline, csv="completion.csv to write", json="completion.json to write")
    options = commandline.parse_args()
    rows = completion_rows(options.quality, options.restoration)
    write_json(options.json, {"rows": rows})
    with replacing(options.csv) as partial:
        pd.DataFrame(flat_rows(rows)).to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
