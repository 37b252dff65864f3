"""The checked configuration, and what is said of it before the first job."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from stcnet_lib.config import Config, ConfigError, load_config, truth_rows


def overlaid(file: Path, values: dict[str, Any]) -> dict[str, Any]:
    """A configuration file with `values` over it, as `--configfile` lays them; neither is changed."""
    base = load_configfile(str(file))
    update_config(base, deepcopy(values))
    return base


def checked(values: dict[str, Any]) -> Config:
    """The typed configuration.

    Raises:
        SystemExit: with one line for every problem, before any job starts.
    """
    try:
        return load_config(values)
    except ConfigError as error:
        raise SystemExit(f"the configuration cannot be used:\n{error}") from None


def remarks(settings: Config, values: dict[str, Any]) -> list[str]:
    """Lines about what the configuration asks for in vain; `values` are those it was read from."""
    lines = []
    if not settings.has_truth:
        left_out = ", ".join(sorted(truth_rows(values)))
        lines.append(
            f"Rows of {left_out} are left out: the truth is known of walkers and of planted occluders."
        )
    idle = [name for name, row in settings.completions.items() if row.least_confidence]
    if idle and not settings.occlusion.needs_probe:
        lines.append(
            f"completions.{idle[0]}.least_confidence is idle: nothing is planted in the train split, "
            "see occlusion."
        )
    return lines
