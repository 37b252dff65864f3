"""A source on disk becomes `tracklets.h5`, every frame of it decoded once to check it.

The source is only read. What was found goes to `integrity.json`, whether the data can be used or not. Memory
is bounded by a few hundred frames a process and some 30 bytes for every frame of the data set. A killed
preparation starts anew: the store has its name only once it is complete.
"""

from __future__ import annotations

import time
from array import array
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from stcnet_lib.common.files import write_json
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.doctor import check_tracklet, lonely_queries, shared_frames, shared_identities
from stcnet_lib.data.source.findings import Findings
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.source.layouts.base import DataError, Finding, Layout
from stcnet_lib.data.source.leftovers import Claimed, leftovers
from stcnet_lib.data.source.published import compare_published
from stcnet_lib.data.source.reading import read_tracklets
from stcnet_lib.data.source.summary import count_roles
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore

__all__ = ["DataError", "prepare"]


def prepare(
    config: DatasetConfig, store_path: Path, report_path: Path, seconds: float = 10, processes: int = 1
) -> dict[str, Any]:
    """Check a source and pack it; returns the report.

    Args:
        seconds: between two lines of progress.
        processes: that read and decode frames; the store is the same for any number.

    Raises:
        DataError: a problem that the settings do not allow to leave out; `store_path` is not written.
    """
    layout = open_layout(config)
    findings = Findings()
    report = {
        "dataset": config.name,
        "layout": config.layout,
        "licence": config.licence or layout.licence,
        "citation": config.citation or layout.citation,
        "on_bad_frame": config.on_bad_frame,
    }
    writer = StoreWriter(
        store_path,
        dataset=config.name,
        layout=config.layout,
        licence=report["licence"],
        citation=report["citation"],
        config=config.canonical_json(),
        splits=layout.splits,
    )
    try:
        if not len(layout):
            findings.extend(layout.findings())
            findings.extend(leftovers(layout, Claimed()))
            raise DataError(
                f"{layout.root}: got no tracklets, wanted some; see dataset.root in config.yaml\n"
                f"{findings.nothing_left()}"
            )
        with writer:
            digests = _pack(config, layout, writer, findings, seconds, processes)
    except DataError as error:
        write_json(report_path, report | {"usable": False, "problem": str(error)} | findings.report())
        raise
    with TrackletStore(store_path) as store:
        findings.extend(shared_frames(store, digests))
        findings.extend(lonely_queries(store))
        report |= {"usable": True, "digest": store.digest, "splits": count_roles(store)}
        report |= {"published": compare_published(config, store)} | findings.report()
    write_json(report_path, report)
    return report


def _pack(
    config: DatasetConfig,
    layout: Layout,
    writer: StoreWriter,
    findings: Findings,
    seconds: float,
    processes: int,
) -> np.ndarray:
    """Write all good tracklets and their roles; what is wrong is added to `findings`.

    Returns:
        uint64 (F,): digests of the frames written.
    """
    pids: list[int] = []
    roles: list[tuple[Role, ...]] = []
    digests = array("Q")
    claimed = Claimed()
    started = time.perf_counter()
    with (
        closing(read_tracklets(layout, processes)) as tracklets,
        Progress("preparing", len(layout), "tracklets", seconds=seconds) as progress,
    ):
        for tracklet, read in tracklets:
            claimed.add(frame.source for frame in tracklet.frames)
            findings.extend(result for result in read if isinstance(result, Finding))
            good = [result for result in read if not isinstance(result, Finding)]
            findings.extend(check_tracklet(tracklet, good, layout.numbered_by_names))
            if good:
                frames = ((frame.frame.number, frame.frame.source, frame.data) for frame in good)
                overlapped = layout.overlapped(tracklet)
                if overlapped is not None:
                    numbers = {frame.frame.number for frame in good}
                    overlapped = overlapped[[frame.number in numbers for frame in tracklet.frames]]
                writer.add_tracklet(tracklet.pid, tracklet.camera, tracklet.name, frames, overlapped)
                digests.extend(frame.digest for frame in good)
                pids.append(tracklet.pid)
                roles.append(tracklet.roles)
            progress.advance(**{"frames/s": len(digests) / (time.perf_counter() - started)})
    findings.extend(layout.findings())
    findings.extend(leftovers(layout, claimed))
    if not roles:
        raise DataError(findings.nothing_left())
    for split, row in enumerate(np.array(roles, np.int8).T):  # (S, N)
        writer.set_roles(split, row)
        findings.extend(shared_identities(np.array(pids), row, split))
    problems = findings.problems(config.on_bad_frame)
    if problems:
        raise DataError(problems)
    return np.frombuffer(digests, np.uint64)
