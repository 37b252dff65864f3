"""The library in a few verbs, for notebooks and programs; the command line `stcnet` does the same.

    from stcnet_lib import api

Paths may be texts. Errors that a user can mend are `ValueError` or `OSError`, with what was got and what was
wanted. The examples run as they stand in a folder that holds `crops/`, `tracklets.h5`, `embeddings.h5` and a
run, `results/tiny` (tests/test_api.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcnet_lib.config import EvaluationConfig, ExportConfig, Precision, RuntimeConfig, validate
from stcnet_lib.data.source.given import given_dataset

if TYPE_CHECKING:
    import pandas as pd

    from stcnet_lib.data.clips.tracklet_dataset import TrackletDataset
    from stcnet_lib.reid.embeddings import Embeddings
    from stcnet_lib.trained.restoring import Restoration

Paths = str | Path

__all__ = [
    "evaluate_embeddings",
    "open_store",
    "rank",
    "read_embeddings",
    "restore_folder",
    "write_embeddings",
]


def restore_folder(
    source: Paths,
    trained: Paths,
    out: Paths,
    method: str = "stcnet",
    *,
    layout: str = "auto",
    boxes: Paths | None = None,
    align: bool | None = None,
    precision: Precision | None = None,
    processes: int = 1,
    dataset: dict[str, Any] | None = None,
    export: dict[str, Any] | None = None,
    runtime: dict[str, Any] | None = None,
) -> Restoration:
    """Write a source anew with its occluded regions replaced (paper §4.1, §5.2).

    Args:
        source: a folder, `<tracklet>/*.jpg` or any layout of docs/datasets.md, or a single video.
        trained: a run of the workflow, `results/<name>/split~S/seed~R`.
        out: the folder to write, in the source's layout.
        method: what fills: stcnet, copy, median, or another row of `METHODS`.
        layout: auto: by what stands in the source.
        boxes: of a single video; by default the text beside it.
        align: whether frames to restore from are moved onto the person; None: as the run has it.
        precision: of all networks; None: of each as it was trained.
        processes: that read and decode frames.
        dataset, export, runtime: further settings of these sections (stcnet_lib/config), such as the device.

    Returns:
        Counts of tracklets and frames, and of the frames that were flagged, replaced and left.

    Raises:
        ValueError: a source that cannot be used, a file that the run lacks, a place that is taken.

    >>> done = restore_folder("crops", trained="results/tiny", out="restored", method="copy")
    >>> done.replaced + done.left == done.flagged
    True
    >>> print(done.text())  # doctest: +ELLIPSIS
    4 tracklets, 32 frames: ... flagged, ... replaced (copy), ... left as they were: restored (layout crops)
    """
    from stcnet_lib.trained.restoring import Job, restore_source
    from stcnet_lib.trained.run import open_run

    computing = {"workers": processes if processes > 1 else 0} | (runtime or {})
    with given_dataset(Path(source), layout, boxes and Path(boxes), dataset) as found:
        job = Job(
            dataset=found,
            run=open_run(Path(trained)),
            out=Path(out),
            method=method,
            align=align,
            export=validate(ExportConfig, {"links": False} | (export or {})),
            runtime=validate(RuntimeConfig, computing),
            precision=precision,
            processes=processes,
        )
        return restore_source(job)


def evaluate_embeddings(path: Paths, ranks: tuple[int, ...] = (1, 5, 10, 20)) -> dict[str, dict[str, float]]:
    """mAP and CMC under each protocol that has something to score, as shares from 0 to 1 (paper §5.1).

    Args:
        path: `embeddings.h5`, or an `.npz` as in `reid/embedding_arrays.py`.
        ranks: of the CMC.

    Raises:
        ValueError: embeddings that are unusable, or without a query that has a match.

    >>> found = evaluate_embeddings("embeddings.h5")
    >>> list(found["official"])
    ['mAP', 'rank-1', 'rank-5', 'rank-10', 'rank-20']
    >>> 0 < found["official"]["mAP"] <= 1
    True
    """
    from stcnet_lib.evaluation.retrieval import retrieve_any

    results = retrieve_any(read_embeddings(path), validate(EvaluationConfig, {"ranks": ranks}))
    return {name: found.metrics for name, found in results.items() if found is not None}


def rank(path: Paths, query: int, protocol: str = "query-in-gallery") -> pd.DataFrame:
    """The ranked list of one query, see `evaluation/ranked_list.py`.

    Args:
        path: as of `evaluate_embeddings`.
        query: number of its tracklet.

    Raises:
        ValueError: there is no such query or protocol.

    >>> ranked = rank("embeddings.h5", query=4)
    >>> list(ranked.columns)
    ['rank', 'tracklet', 'pid', 'camera', 'similarity', 'right']
    >>> bool(ranked["similarity"].is_monotonic_decreasing)
    True
    """
    from stcnet_lib.evaluation.ranked_list import ranked_list

    return ranked_list(read_embeddings(path), query, protocol)


def read_embeddings(path: Paths) -> Embeddings:
    """Features (N, D), L2-normalised, with tracklet, pid, camera and role (N,).

    Args:
        path: as of `evaluate_embeddings`.

    Raises:
        ValueError: a file of another form.

    >>> embeddings = read_embeddings("embeddings.h5")
    >>> embeddings.features.shape[0] == len(embeddings.pid)
    True
    """
    from stcnet_lib.reid.embedding_arrays import read_embeddings as read

    return read(Path(path))


def write_embeddings(path: Paths, embeddings: Embeddings) -> None:
    """Write an `.npz` with features and ids, for other programs.

    >>> write_embeddings("embeddings.npz", read_embeddings("embeddings.h5"))
    >>> evaluate_embeddings("embeddings.npz") == evaluate_embeddings("embeddings.h5")
    True
    """
    from stcnet_lib.reid.embedding_arrays import write_arrays

    write_arrays(Path(path), embeddings)


def open_store(
    path: Paths,
    frames: int | None = None,
    size: tuple[int, int] = (128, 64),
    roles: tuple[str, ...] = (),
    split: int = 0,
) -> TrackletDataset:
    """A store, raw or completed, as a torch `Dataset` of tracklets (`data/clips/tracklet_dataset.py`).

    Args:
        frames: T of each tracklet, spread evenly; None: all.
        size: (H, W) in pixels.
        roles: train, query, gallery, …; none: all.

    Raises:
        ValueError: no store, or no such split or role.

    >>> tracklets = open_store("tracklets.h5", frames=4, roles=("query",))
    >>> tracklets[0].images.shape
    torch.Size([4, 3, 128, 64])
    """
    from stcnet_lib.data.clips.tracklet_dataset import TrackletDataset

    return TrackletDataset(path, frames, size, roles, split)
