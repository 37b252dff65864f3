"""Stage `score_occlusion`: from region features, or logits of the detectors, to scores and flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, REGION_FEATURES, open_regions
from stcnet_lib.localisation.scores import (
    flag,
    learned_weights,
    probe_scores,
    score_regions,
    score_rows,
    visible_chances,
)
from stcnet_lib.localisation.threshold import Threshold, choose_thresholds, planted_thresholds, train_scores


def flag_store(
    store: TrackletStore,
    split: int,
    config: OcclusionConfig,
    source: Path,
    probe: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, tuple[Threshold, ...]]:
    """The rows of `occlusion.parquet`, and the thresholds by which they were flagged.

    Args:
        split: whose train tracklets thresholds and a learned reference are found on.
        source: `hidden.h5` where networks score, else `regions.h5`.
        probe: `probe.parquet`, for `threshold: planted`.
    """
    in_train = store.roles[split] == Role.TRAIN
    scores = region_scores(store, config, source, in_train)
    if config.threshold == "planted":
        thresholds = _thresholds_on_probe(probe, config)
    else:
        thresholds = choose_thresholds(train_scores(scores, in_train), config)
    return flag(scores, [threshold.tau for threshold in thresholds], config.most_flagged), thresholds


def region_scores(
    store: TrackletStore,
    config: OcclusionConfig,
    source: Path,
    in_train: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """The scores of all regions of a store, without `occluded` (see `score_regions`).

    Args:
        source: `hidden.h5` where networks score, else `regions.h5`.
        in_train: bool (N,), tracklets that a learned reference is fitted to; or
        weights: (K, D) of one, see `reference_weights`.
    """
    lengths = store.tracklets["length"].to_numpy()
    if config.by_networks:
        with open_regions(source, HIDDEN_LOGITS, store) as logits:
            return score_rows(visible_chances(logits[:]), lengths, store.frame_number)
    with open_regions(source, REGION_FEATURES, store) as features:
        return score_regions(features, np.cumsum(lengths), store.frame_number, config, in_train, weights)


def reference_weights(
    store: TrackletStore, split: int, config: OcclusionConfig, source: Path
) -> np.ndarray | None:
    """Weights (K, D) of a learned reference, from the train tracklets of a store, for scores of another one.

    Args:
        source: `regions.h5` of the store.

    Returns:
        None where the reference is none that is learned.
    """
    if config.by_networks or config.reference != "learned":
        return None
    with open_regions(source, REGION_FEATURES, store) as features:
        ends = np.cumsum(store.tracklets["length"].to_numpy())
        return learned_weights(features, ends, config, store.roles[split] == Role.TRAIN)


def _thresholds_on_probe(probe: pd.DataFrame, config: OcclusionConfig) -> tuple[Threshold, ...]:
    scores = probe_scores(probe, config)
    covered, doubtful = (probe[name].to_numpy().reshape(scores.shape) for name in ("covered", "doubtful"))
    return planted_thresholds(scores, covered, doubtful, config)
