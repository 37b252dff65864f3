"""Stage `score_occlusion`: from region features, or logits of the detectors, to scores and flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, REGION_FEATURES, open_regions
from stcnet_lib.localisation.scores import flag, probe_scores, score_regions, score_rows, visible_chances
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
    scores = _scores(store, in_train, config, source)
    if config.threshold == "planted":
        thresholds = _thresholds_on_probe(probe, config)
    else:
        thresholds = choose_thresholds(train_scores(scores, in_train), config)
    return flag(scores, [threshold.tau for threshold in thresholds], config.most_flagged), thresholds


def _scores(
    store: TrackletStore, in_train: np.ndarray, config: OcclusionConfig, source: Path
) -> pd.DataFrame:
    lengths = store.tracklets["length"].to_numpy()
    if config.by_networks:
        with open_regions(source, HIDDEN_LOGITS, store) as logits:
            return score_rows(visible_chances(logits[:]), lengths, store.frame_number)
    with open_regions(source, REGION_FEATURES, store) as features:
        return score_regions(features, np.cumsum(lengths), store.frame_number, config, in_train)


def _thresholds_on_probe(probe: pd.DataFrame, config: OcclusionConfig) -> tuple[Threshold, ...]:
    scores = probe_scores(probe, config)
    covered, doubtful = (probe[name].to_numpy().reshape(scores.shape) for name in ("covered", "doubtful"))
    return planted_thresholds(scores, covered, doubtful, config)
