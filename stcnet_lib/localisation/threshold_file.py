"""`threshold.json`: the τ of each third, how they were found, and what they flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stcnet_lib.common.forms import Form, read_record, write_record
from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.threshold import Threshold

THRESHOLDS = Form("stcnet-thresholds", 1)
# What scores and flags of other data depend on, beside the thresholds.
SETTINGS = {"scores", "reference", "trim", "power", "smoothing", "threshold", "most_flagged"}


def write_thresholds(
    path: str | Path,
    thresholds: Sequence[Threshold],
    config: OcclusionConfig,
    counts: Mapping[str, Any],
    digest: str,
) -> None:
    """Write the thresholds of the K thirds, the rules of `config`, and `counts` of what they flag.

    Args:
        digest: of the store whose scores they were found on.
    """
    values = {
        "tau": [threshold.tau for threshold in thresholds],
        "rule": config.threshold,
        "scores": config.scores,
        "reference": config.reference if config.scores == "cosine" else None,
        "settings": config.model_dump(mode="json", include=SETTINGS),
        "details": [threshold.details for threshold in thresholds],
        "counts": counts,
    }
    write_record(path, values, THRESHOLDS, digest)


def read_thresholds(path: str | Path, digest: str | None = None) -> dict[str, Any]:
    """What `write_thresholds` wrote: `tau`, `rule`, `scores`, `reference`, `settings`, `details`, `counts`.

    Args:
        digest: of the store that they must be of, where there is one to compare with.

    Raises:
        FormError: a file of another form, or of another store.
    """
    return read_record(path, THRESHOLDS, digest)
