"""The result table: all variants side by side, with intervals and paired differences."""

from pathlib import Path

from stcnet_lib.common.files import read_json, replacing, write_json
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.evaluation.across import across_networks
from stcnet_lib.evaluation.cells import read_result, read_shares
from stcnet_lib.evaluation.comparison import compare, flat_table
from stcnet_lib.evaluation.controls import (
    against_controls,
    completions_made,
    controls_left_out,
    frozen_rows,
)
from stcnet_lib.localisation.threshold_file import read_thresholds
from workflow.scripts.command import add_config, add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    commandline.add_argument("--dataset", required=True, help="its name, for the heading")
    commandline.add_argument(
        "--metrics", type=Path, nargs="+", required=True, help="metrics.json of each row"
    )
    commandline.add_argument("--queries", type=Path, nargs="+", required=True, help="queries.parquet of each")
    commandline.add_argument("--threshold", type=Path, nargs="+", default=[], help="threshold.json files")
    commandline.add_argument(
        "--localisation", type=Path, nargs="*", default=[], help="localisation.json files"
    )
    commandline.add_argument("--shares", type=Path, nargs="*", default=[], help="shares.parquet files")
    commandline.add_argument("--restoration", type=Path, nargs="*", default=[], help="restoration.json files")
    add_paths(commandline, csv="comparison.csv to write", json="comparison.json to write")
    options = commandline.parse_args()
    results = dict(map(read_result, options.metrics, options.queries))
    shares = dict(map(read_shares, options.shares))
    restoration = [read_json(path) for path in options.restoration]
    made = completions_made(restoration)
    comparison = compare(results, options.config.bootstrap, shares) | {
        "controls": against_controls(results, made, options.config.bootstrap),
        "frozen": frozen_rows(results, made, options.config.bootstrap),
        "across": across_networks(results, made, options.config.bootstrap),
        "controls_left_out": controls_left_out(results, made),
        "dataset": options.dataset,
        "protocol": options.config.protocol,
        "test_frames": options.config.test_frames,
        "rerank": options.config.rerank,
        "threshold": [read_thresholds(path) for path in options.threshold],
        "localisation": [read_json(path) for path in options.localisation],
        "restoration": restoration,
    }
    write_json(options.json, comparison)
    with replacing(options.csv) as partial:
        flat_table(comparison).to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
