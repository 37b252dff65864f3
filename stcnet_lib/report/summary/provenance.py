"""What the page rests on: data, files and their digests, networks, device, seeds, licence and privacy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stcnet_lib.report.tables.tables import Comparison, Table

PRIVACY = (
    "Person re-identification follows people from camera to camera. Use it only where those who are filmed "
    "agree or the law allows it, and never take a match for proof of who somebody is."
)
_GENERATED = "No person is shown on this page: the walkers are drawn by a program."
_REAL = (
    "This page shows pictures of people. Pass it on only as the terms of the data set allow. A restored "
    "data set is derived data: licence and terms of its source hold for it too."
)
_WITHDRAWN = "DukeMTMC was withdrawn by its authors in 2019 for privacy."


def data_notes(store: Mapping[str, Any]) -> list[str]:
    """Licence, source and privacy of a data set.

    Args:
        store: attributes of `tracklets.h5`.
    """
    lines = [f"Data set {store['dataset']}, licence: {store['licence'] or 'not stated'}."]
    if store["citation"]:
        lines.append(f"Source: {store['citation']}")
    lines.append(_GENERATED if store["layout"] == "walkers" else _REAL)
    if store["layout"] == "duke_video":
        lines.append(_WITHDRAWN)
    return [*lines, PRIVACY]


def provenance_table(
    comparison: Comparison, stores: Mapping[str, str], networks: Mapping[str, Mapping[str, Any]]
) -> Table:
    """Name and value of what the numbers were made from.

    Args:
        stores: what it is -> sha256 over its content.
        networks: what it is -> its `model.json`.
    """
    rows = [[name, digest[:16]] for name, digest in stores.items()]
    for key in ("split", "seed"):
        numbers = sorted({row[key] for row in comparison["rows"] if row.get(key) is not None})
        rows.append([f"{key}s", ", ".join(map(str, numbers))])
    for name, model in networks.items():
        made = model["details"]
        rows.append([f"{name}, weights", str(model["weights_sha256"])[:16]])
        rows += [
            [f"{name}, {key}", str(made[key])] for key in ("device", "precision", "torch") if key in made
        ]
    return Table(["what", "value"], rows, names=2)


def settings_table(model: Mapping[str, Any]) -> Table:
    """The settings that a network was trained with; of completion networks `details` hold all of them."""
    settings = model["details"].get("settings") or model["config"]
    rows = [[key, _value(settings[key])] for key in sorted(settings)]
    return Table(["setting", "value"], rows, names=2)


def _value(setting: object) -> str:
    return setting if isinstance(setting, str) else json.dumps(setting, ensure_ascii=False)


def run_settings(comparison: Comparison) -> list[str]:
    """How occlusions were found and results scored, in lines."""
    lines = []
    for found in (comparison.get("threshold") or [])[:1]:
        taus: Sequence[float] = found["tau"]
        lines.append(
            f"Thirds count as occluded below τ = {', '.join(f'{tau:.4g}' for tau in taus)} (upper, middle, "
            f"lower): rule {found['rule']}, scores {found['scores']}, reference {found['reference']}."
        )
    for made in {said["completion"]: said for said in comparison.get("restoration") or []}.values():
        changed = made.get("frames_restored")  # none where frames are left out
        count = "" if changed is None else f", {changed:,} frames changed"
        lines.append(
            f"Completion {made['completion']}: method {made['method']}, masks {made['masks']}{count}."
        )
    return lines
