"""A source on disk becomes `tracklets.h5`, every frame of it decoded once to check it.

The source is only read. What was found goes to `integrity.json`, whether the data can be used or not.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.images import ImageError, decode
from stcnet_lib.data.layouts import open_layout
from stcnet_lib.data.layouts.base import DataError, Finding, Frame, Layout, SourceTracklet
from stcnet_lib.data.store import Role, StoreWriter, TrackletStore
from stcnet_lib.files import write_json
from stcnet_lib.progress import Progress

__all__ = ["DataError", "count_roles", "prepare"]

# What may be left out. The last two are images that a layout has left out already: a name it cannot read,
# and another person or camera than the rest of the tracklet.
_BAD_FRAME = {"missing", "empty", "undecodable", "no_frames", "empty_folder", "odd_name", "mixed_tracklet"}
_FATAL = {"shared_identity"}
_TEST = (Role.QUERY, Role.GALLERY)
_LISTED = 10  # problems in an error message


def prepare(config: DatasetConfig, store_path: Path, report_path: Path, seconds: float = 10) -> None:
    """Check a source and pack it.

    Args:
        seconds: between two lines of progress.

    Raises:
        DataError: a problem that the settings do not allow to leave out; `store_path` is not written.
    """
    layout = open_layout(config)
    if not len(layout):
        raise DataError(f"{layout.root}: got no tracklets, wanted some; see dataset.root in config.yaml")
    findings: list[Finding] = []
    report = {
        "dataset": config.name,
        "layout": config.layout,
        "licence": config.licence or layout.licence,
        "citation": layout.citation,
        "on_bad_frame": config.on_bad_frame,
    }
    try:
        with StoreWriter(
            store_path,
            dataset=config.name,
            layout=config.layout,
            licence=report["licence"],
            citation=layout.citation,
            config=config.canonical_json(),
            splits=layout.splits,
        ) as writer:
            _pack(layout, writer, findings, seconds)
            _refuse(findings, config.on_bad_frame)
    except DataError:
        write_json(report_path, report | {"usable": False, **_listed(findings)})
        raise
    with TrackletStore(store_path) as store:
        findings += _lonely_queries(store)
        report |= {"usable": True, "digest": store.digest, "splits": count_roles(store)}
    write_json(report_path, report | _listed(findings))


def _pack(layout: Layout, writer: StoreWriter, findings: list[Finding], seconds: float) -> None:
    """Write all good tracklets and their roles; what is wrong is added to `findings`."""
    pids: list[int] = []
    roles: list[tuple[Role, ...]] = []
    threads = min(8, os.cpu_count() or 1)
    with (
        ThreadPoolExecutor(threads) as pool,
        Progress("preparing", len(layout), "tracklets", seconds=seconds) as progress,
    ):
        for tracklet in layout.tracklets():
            frames = _good_frames(layout, tracklet, pool, findings)
            if frames:
                writer.add_tracklet(tracklet.pid, tracklet.camera, tracklet.name, frames)
                pids.append(tracklet.pid)
                roles.append(tracklet.roles)
            progress.advance()
    findings += layout.findings()
    if not roles:
        findings.insert(0, Finding("no_frames", "", "no tracklet has a usable frame"))
        raise DataError(_message(findings))
    table = np.array(roles, np.int8).T  # (S, N)
    for split, row in enumerate(table):
        writer.set_roles(split, row)
        findings += _shared_identities(np.array(pids), row, split)


def _good_frames(
    layout: Layout, tracklet: SourceTracklet, pool: ThreadPoolExecutor, findings: list[Finding]
) -> list[tuple[int, str, bytes]]:
    """The usable frames of a tracklet, in order; one tracklet fits into memory."""
    if not tracklet.frames:
        findings.append(Finding("no_frames", tracklet.name, "a tracklet without images"))
        return []
    good: list[tuple[int, str, bytes]] = []
    first_with: dict[bytes, str] = {}
    duplicates = []
    for frame, result in zip(
        tracklet.frames, pool.map(lambda frame: _read(layout, frame), tracklet.frames), strict=True
    ):
        if isinstance(result, Finding):
            findings.append(result)
            continue
        good.append((frame.number, frame.source, result))
        key = hashlib.blake2b(result, digest_size=16).digest()
        if key in first_with:
            duplicates.append((frame.source, first_with[key]))
        first_with.setdefault(key, frame.source)
    if duplicates:
        copy, original = duplicates[0]
        reason = f"{len(duplicates)} frames of {tracklet.name} repeat another; this one {original}"
        findings.append(Finding("duplicate", copy, reason))
    if not good:
        findings.append(Finding("no_frames", tracklet.name, "a tracklet without a usable frame"))
    return good


def _read(layout: Layout, frame: Frame) -> bytes | Finding:
    try:
        data = layout.read(frame)
    except OSError as error:
        return Finding("missing", frame.source, f"cannot be read ({error.strerror or error})")
    if not data:
        return Finding("empty", frame.source, "a file of 0 bytes")
    try:
        decode(data, frame.source)
    except ImageError as error:
        return Finding("undecodable", frame.source, str(error).removeprefix(f"{frame.source}: "))
    return data


def _shared_identities(pids: np.ndarray, roles: np.ndarray, split: int) -> list[Finding]:
    """People of train who are in query or gallery too: their test says nothing about strangers."""
    train = pids[roles == Role.TRAIN]
    test = pids[np.isin(roles, _TEST)]
    return [
        Finding("shared_identity", f"identity {pid}", f"in train and in test of split {split}")
        for pid in np.intersect1d(train, test)
    ]


def _lonely_queries(store: TrackletStore) -> list[Finding]:
    """Queries nobody can find: no tracklet of that person before another camera."""
    found = []
    for split, roles in enumerate(store.roles):
        table = store.tracklets.assign(role=roles)
        cameras = table[table["role"].isin(_TEST)].groupby("pid")["camera"].nunique()
        queries = table[table["role"] == Role.QUERY]
        for name in queries[queries["pid"].map(cameras) < 2]["name"]:
            found.append(Finding("query_without_match", name, f"no other camera, split {split}"))
    return found


def _refuse(findings: list[Finding], on_bad_frame: str) -> None:
    """Raise if anything was found that must stop."""
    wrong = _FATAL | (_BAD_FRAME if on_bad_frame == "stop" else set())
    problems = [finding for finding in findings if finding.kind in wrong]
    if problems:
        raise DataError(_message(problems))


def _message(problems: list[Finding]) -> str:
    lines = [f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the source:"]
    lines += [f"  {p.source}: {p.reason}" if p.source else f"  {p.reason}" for p in problems[:_LISTED]]
    if len(problems) > _LISTED:
        lines.append(f"  … and {len(problems) - _LISTED} more")
    if any(problem.kind in _BAD_FRAME for problem in problems):
        lines.append("Mend them, or set dataset.on_bad_frame to 'exclude' in config.yaml to leave them out.")
    return "\n".join(lines)


def _listed(findings: list[Finding]) -> dict[str, Any]:
    return {
        "found": dict(Counter(finding.kind for finding in findings)),
        "findings": [vars(finding) for finding in findings],
    }


def count_roles(store: TrackletStore) -> list[dict[str, Any]]:
    """Identities, tracklets and frames of every split, by role and camera."""
    return [
        {
            role.name.lower(): _counts(part)
            | {"cameras": {str(camera): _counts(seen) for camera, seen in part.groupby("camera")}}
            for role in Role
            if len(part := store.tracklets[roles == role])
        }
        for roles in store.roles
    ]


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return {
        "identities": int(table["pid"].nunique()),
        "tracklets": len(table),
        "frames": int(table["length"].sum()),
    }
