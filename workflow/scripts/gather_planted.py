"""The measures on planted occluders of all runs as one file: their means, and each run."""

from pathlib import Path
from typing import Any

import numpy as np

from stcnet_lib.common.files import read_json, write_json
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


def mean_of(values: list[Any]) -> Any:
    """Means of equal structures: numbers over those that are known, None where none is."""
    if isinstance(values[0], dict):
        return {key: mean_of([value.get(key) for value in values if value]) for key in values[0]}
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


if __name__ == "__main__":
    run(main)
