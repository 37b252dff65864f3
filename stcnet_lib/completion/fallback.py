"""When the median fills in the place of STCnet: where the network has shown no skill over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stcnet_lib.config import CompletionConfig


class Choice(NamedTuple):
    """How a completion is made in the end, and why if that is not as configured, or not as asked."""

    config: CompletionConfig
    why: str | None


def choose(config: CompletionConfig, network: Mapping[str, Any] | None) -> Choice:
    """The completion as it is, or the same with the method median.

    Args:
        network: `model.json` of the completion network; in its `details` are the `settings` with which it
            was trained, and its `skill`.
    """
    if config.fallback == "none" or network is None:
        return Choice(config, None)
    details = network["details"]
    if not details["settings"]["validation"]:
        return Choice(config, "skill unknown: the network was trained with validation 0, so it stays")
    skill = details["skill"]
    if skill is None:
        why = "skill unknown: there were too few people to hold some out"
    elif skill["skill"] > 0:
        return Choice(config, None)
    else:
        why = f"{skill_text(skill)} over the median is not above 0"
    return Choice(config.model_copy(update={"method": "median", "fallback": "none"}), why)


def skill_text(skill: Mapping[str, Any]) -> str:
    """`skill −0.052 [−0.110, +0.010]`."""
    low, high = skill["interval"]
    return f"skill {skill['skill']:+.3f} [{low:+.3f}, {high:+.3f}]".replace("-", "−")
