"""What result pages say of STCnet's skill over the median, and of where the median filled in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stcnet_lib.completion.fallback import skill_text

_NAMES = {"default": "STCnet", "gather": "Gathering"}
_HELD_OUT = "of the visible frames, on train people held out (1 is perfect, 0 no better than the median)"


def skill_lines(restoration: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """One line a completion network whose skill is known, and one for each completion that fell back.

    Args:
        restoration: what `restoration.json` says of each completion, split and seed.
    """
    networks: dict[str, dict[tuple[int, int], Mapping[str, Any]]] = {}
    completions: dict[str, list[Mapping[str, Any]]] = {}
    for said in restoration or []:
        completions.setdefault(said["completion"], []).append(said)
        if said.get("skill"):
            name = said["stcnet"] or said["method"]
            networks.setdefault(name, {})[said["split"], said["seed"]] = said["skill"]
    lines = [_network_line(name, list(skills.values())) for name, skills in networks.items()]
    for name, runs in completions.items():
        fallen = [said for said in runs if said.get("method_used", said["method"]) != said["method"]]
        if fallen:
            several = f" in {len(fallen)} of {len(runs)} runs" if len(runs) > 1 else ""
            lines.append(f"{name} was filled by the median{several}, not by STCnet: {fallen[0]['why']}")
    return lines


def _network_line(name: str, skills: list[Mapping[str, Any]]) -> str:
    network = _NAMES.get(name, f"the network {name}")
    if len(skills) == 1:
        return f"{network}: {skill_text(skills[0])} over the median {_HELD_OUT}"
    values = sorted(skill["skill"] for skill in skills)
    between = f"{values[0]:+.3f} to {values[-1]:+.3f}".replace("-", "−")
    return f"{network}: skill {between} ({len(values)} runs) over the median {_HELD_OUT}"
