"""The evaluation of torchreid, run as it is from a folder of that project, against the library's.

python -m benchmarks.published_ranking --torchreid FOLDER   # that holds torchreid/reid/metrics/rank.py
"""

from __future__ import annotations

import argparse
import importlib.util
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.measuring import Row, machine, table, timed
from benchmarks.ranking import PEOPLE, counted_protocols, features_like_mars
from stcnet_lib.data.store.tracklets import Role

# The compiled part is missing in what the package index offers, so it is not built here.
ABSENT = (
    "skipped: torchreid 0.2.5 of the package index lacks the source of its compiled evaluation (rank_cy.pyx)"
)


def compare(people: int, dimensions: int, folder: Path | None, noise: float = 4.0) -> Iterator[Row]:
    """One row; theirs is one protocol (without queries in the gallery), ours are three."""
    if folder is None:
        yield Row(
            "three protocols, ours; one, torchreid's", None, None, "s", "torchreid, compiled", "", ABSENT
        )
        return
    module = _module(folder / "torchreid/reid/metrics/rank.py")
    kind = "compiled" if getattr(module, "IS_CYTHON_AVAI", False) else "in Python"
    data = features_like_mars(people, dimensions, noise)
    ours, theirs = timed(counted_protocols, data, repeats=2), timed(_theirs, module, data)
    off = abs(ours.result["gallery-only"][0] - theirs.result)
    yield Row(
        "three protocols, ours; one, torchreid's",
        ours.seconds,
        theirs.seconds,
        "s",
        f"torchreid, {kind}",
        f"mAP within {off:.0e}",
        "" if kind == "compiled" else ABSENT.removeprefix("skipped: "),
    )


def _theirs(module: ModuleType, data: dict[str, np.ndarray]) -> float:
    """mAP; the matrix of distances is in the time."""
    role, features = data["role"], data["features"]
    query = np.flatnonzero(role == Role.QUERY)
    gallery = np.flatnonzero(np.isin(role, (Role.GALLERY, Role.DISTRACTOR)))
    distances = 1 - features[query] @ features[gallery].T
    who, seen_by = data["pid"], data["camera"]
    return float(
        module.evaluate_rank(
            distances, who[query], who[gallery], seen_by[query], seen_by[gallery], max_rank=50
        )[1]
    )


def _module(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("torchreid_rank", path)
    module = importlib.util.module_from_spec(specification)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that its compiled part is missing, and the row does
        specification.loader.exec_module(module)
    return module


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument(
        "--torchreid", type=Path, help="folder that holds torchreid/reid/metrics/rank.py"
    )
    commandline.add_argument("--people", type=int, default=PEOPLE)
    commandline.add_argument("--dimensions", type=int, default=2048)
    options = commandline.parse_args()
    print(machine(), "\n")
    print("\n".join(table(compare(options.people, options.dimensions, options.torchreid))))


if __name__ == "__main__":
    main()
