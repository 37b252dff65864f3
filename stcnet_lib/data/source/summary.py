"""Counts of a prepared data set, and the report of `prepare_dataset` as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from stcnet_lib.data.source.findings import level_of
from stcnet_lib.data.store.tracklets import Role, TrackletStore

_COUNTS = ("identities", "tracklets", "frames")


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


def report_text(report: dict[str, Any]) -> str:
    """The text of an `integrity.json`: counts of the first split, what is published, what was found."""
    lines = [f"{report['dataset']} ({report['layout']}): {'usable' if report['usable'] else 'not usable'}"]
    if report.get("splits"):
        lines += _split_lines(report["splits"])
    if report.get("published"):
        lines += _published_lines(report["published"])
    lines += _finding_lines(report)
    return "\n".join(lines)


def _split_lines(splits: list[dict[str, Any]]) -> Iterator[str]:
    yield f"  {'split 0':<24}" + "".join(f"{name:>12}" for name in _COUNTS)
    for role, counts in splits[0].items():
        yield _count_line(f"  {role}", counts)
        for camera, seen in sorted(counts["cameras"].items(), key=lambda item: int(item[0])):
            yield _count_line(f"    camera {camera}", seen)
    if len(splits) > 1:
        others = f"splits 1 to {len(splits) - 1}" if len(splits) > 2 else "split 1"
        yield f"  counts of {others}: in the report"


def _count_line(label: str, counts: dict[str, int]) -> str:
    return f"{label:<26}" + "".join(f"{counts[name]:>12,}" for name in _COUNTS)


def _published_lines(published: dict[str, Any]) -> Iterator[str]:
    differing, counts = published["differing"], published["counts"]
    if not differing:
        yield f"  all {len(counts)} counts are those of {published['source']}"
        return
    yield f"  other counts than {published['source']} (a subset, or another version?):"
    for name in differing:
        yield f"    {name}: {counts[name]['found']:,}, published {counts[name]['published']:,}"


def _finding_lines(report: dict[str, Any]) -> Iterator[str]:
    if not report["found"]:
        yield "  nothing wrong was found"
        return
    examples: dict[str, dict[str, str]] = {}
    for finding in report["findings"] + report["notes"]:
        examples.setdefault(finding["kind"], finding)
    for kind, count in sorted(report["found"].items(), key=lambda item: (-item[1], item[0])):
        yield f"  {kind}: {count:,} ({level_of(kind).value})"
        if kind in examples:
            where = f"{examples[kind]['source']}: " if examples[kind]["source"] else ""
            yield f"    {'first ' if count > 1 else ''}{where}{examples[kind]['reason']}"
