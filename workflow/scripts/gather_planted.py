"""The measures on planted occluders of all runs as one file: their means, and each run."""

from pathlib import Path

from stcnet_lib.common.files import read_json, write_json
from stcnet_lib.evaluation.measures.planted import mean_of
from workflow.scripts.command import add_paths, parser, run


def main() -> None:
    commandline = parser(__doc__)
    commandline.add_argument("--runs", type=Path, nargs="+", required=True, help="planted.json of each run")
    add_paths(commandline, summary="planted.json to write")
    options = commandline.parse_args()
    runs = [read_json(path) for path in options.runs]
    summary = {part: mean_of([one[part] for one in runs]) for part in ("test", "all")}
    write_json(options.summary, {"planted": runs[0]["planted"], **summary, "runs": runs})
    for part, found in summary.items():
        texts = [
            f"{name} {found[name]:.3f}"
            for name in ("auroc", "recall", "recall_by_half", "false_flags", "flagged_frames")
            if found[name] is not None
        ]
        print(f"planted occluders, {part}: {', '.join(texts)}")


if __name__ == "__main__":
    run(main)
