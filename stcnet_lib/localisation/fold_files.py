"""Networks of which each was trained without a fold of the train people, as they are saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from torch import nn

from stcnet_lib.config import DetectorConfig, MasksConfig
from stcnet_lib.reid.files import read_description, saved_section, with_weights

Networks = TypeVar("Networks", bound=nn.Module)


def load_folds(
    path: str | Path,
    kind: str,
    settings: type[DetectorConfig] | type[MasksConfig],
    build: Callable[..., Networks],
) -> tuple[Networks, dict[int, int]]:
    """Saved networks in evaluation mode, and which fold a train person is left out of, by pid.

    Args:
        kind: of `model.json`; build: makes the networks of their settings, untrained.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, kind)
    networks = build(saved_section(settings, description["config"], path))
    folds = {int(pid): fold for pid, fold in description["details"]["folds"].items()}
    return with_weights(networks, path, description["weights_sha256"], "cpu"), folds
