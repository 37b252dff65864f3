"""Stage `restore_dataset`: from a store, its flags and saved networks to the completed store.

Whatever a completion may need is loaded here: the network that fills, or the median in its place
(`fallback.py`), and the judge of what was filled (`gate.py`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.fallback import choose
from stcnet_lib.completion.filling import filler_within, network_for, pixel_filler_for
from stcnet_lib.completion.gate import Gate
from stcnet_lib.completion.judging import read_judges
from stcnet_lib.completion.pixels.holes import MaskSource
from stcnet_lib.completion.record import Record
from stcnet_lib.completion.restoration import restore
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.files import load_reid, read_description
from stcnet_lib.reid.frame_features import picture_features

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CompletionFiles:
    """The `model.json` of networks and the `judge.json` that a completion uses; None: it uses none."""

    stcnet: Path | None = None
    gather: Path | None = None
    judge: Path | None = None
    guider: Path | None = None  # whose features the judge looks at


@dataclass(frozen=True)
class Hidden:
    """What is to be replaced in a store."""

    flags: np.ndarray | None  # bool (F, K); None: whatever pixels are hidden
    scores: np.ndarray | None = None  # float32 (F, K), for the judge
    masks: MaskSource | None = None  # hidden pixels, of completions that replace these


@dataclass(frozen=True)
class Completion:
    """What was done, and how."""

    record: Record
    made: dict[str, Any]  # method as asked and as used, why they differ, network, skill, precision


def complete(
    asked: CompletionConfig,
    store: TrackletStore,
    hidden: Hidden,
    files: CompletionFiles,
    references: ReferencesConfig,
    path: Path,
    progress_seconds: float,
    compute: Compute,
) -> Completion:
    """Write the completed store (paper §4.1, §5.2).

    Args:
        references: which frames regions are filled from.
        path: `tracklets.h5` to write.

    Raises:
        ValueError: a file that is missing, damaged or of another kind.
    """
    description = read_description(files.stcnet, *NETWORKS) if files.stcnet else None
    gather = read_description(files.gather, "gather") if files.gather else None
    config, why = choose(asked, description)
    if why:
        logger.info("%s fills: %s", config.method, why)
    network = network_for(config, files.stcnet)
    if hidden.flags is None:
        filler = pixel_filler_for(config, files.gather, compute)
    else:
        filler = filler_within(config, network, files.gather, compute)
    gate = _gate(config, hidden.scores, files, compute) if files.judge else None
    record = restore(
        config,
        store,
        hidden.flags,
        references,
        filler,
        path,
        progress_seconds,
        gate,
        hidden.masks,
        compute.threads,
    )
    skilled = description if asked.method == "stcnet" else gather
    made = {
        "method": asked.method,
        "method_used": config.method,
        "why": why,
        "masks": config.masks,
        "stcnet": asked.stcnet if METHODS[asked.method].needs_network else None,
        "skill": skilled["details"].get("skill") if skilled else None,
        "precision": _precision(network, gather, compute),
        **references.model_dump(),
    }
    return Completion(record, made)


def _precision(network: nn.Module | None, gather: dict[str, Any] | None, compute: Compute) -> str | None:
    """What the network that fills computes in; None where no network fills."""
    asked = network.config.precision if network else gather and gather["config"]["precision"]
    return compute.used_precision(asked) if asked else None


def _gate(
    config: CompletionConfig, scores: np.ndarray | None, files: CompletionFiles, compute: Compute
) -> Gate:
    """What lets pass only regions that come out better, by the judges that `judge_completion` wrote."""
    features = picture_features(load_reid(files.guider), compute)
    copy = filler_within(CompletionConfig(method="copy", masks=config.masks), None, None, compute)
    return Gate(read_judges(files.judge), features, scores, config.least_confidence, copy, config.seam)
