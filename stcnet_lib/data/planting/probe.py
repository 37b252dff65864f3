"""The probe: train tracklets with planted occluders, from which detectors and thresholds learn.

Test tracklets, and the occluders planted in them, have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.common.forms import Form, read_table, write_table
from stcnet_lib.config import ProbeConfig
from stcnet_lib.data.planting.stores import plant
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.data.truth import covered_share

PROBE = Form("stcnet-probe", 1)


def probe_tracklets(source: TrackletStore, split: int, frames: int) -> np.ndarray:
    """Train tracklets of more than one frame, some or all of them several times: about `frames` frames.

    Raises:
        ValueError: the split has none.
    """
    lengths = source.tracklets["length"].to_numpy()
    train = source.tracklets_with(split, Role.TRAIN)
    train = train[lengths[train] > 1]
    if not len(train):
        raise ValueError(
            f"{source.path}: got no train tracklet of more than one frame in split {split}, wanted some to "
            "plant occluders in; set occlusion.scores to 'cosine' and occlusion.threshold to another rule"
        )
    total = int(lengths[train].sum())
    rounds = max(round(frames / total), 1)
    if rounds == 1 and total > frames:
        train = train[np.linspace(0, len(train) - 1, max(round(len(train) * frames / total), 2)).astype(int)]
    return np.tile(np.unique(train), rounds)


def plant_probe(
    source: TrackletStore,
    split: int,
    config: ProbeConfig,
    store_path: Path,
    truth_path: Path,
    processes: int,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Write the probe and its truth; returns what was planted, in numbers."""
    tracklets = probe_tracklets(source, split, config.frames)
    roles = np.full((1, len(tracklets)), Role.TRAIN, np.int8)
    return plant(source, config.plant, store_path, truth_path, roles, tracklets, processes, progress)


def truth_shares(truth: TrackletStore) -> np.ndarray:
    """(F, K) float64: which share of the person an occluder covers, in every third of a store with masks."""
    runs = truth.truth_runs(range(truth.num_frames))
    return np.concatenate([covered_share(*truth.read_truth(run)) for run in runs])


def write_probe(path: str | Path, truth: TrackletStore, values: np.ndarray) -> None:
    """Write `probe.parquet`: one row a frame and third, in order.

    `tracklet`, `frame`, `region`, `value`, `covered` (share of the person), `doubtful`.

    Args:
        truth: the truth of the probe.
        values: (F, K) before they are smoothed: cosines, or logits of being hidden.
    """
    frames, regions = values.shape
    table = pd.DataFrame(
        {
            "tracklet": np.repeat(truth.frame_tracklet, regions),
            "frame": np.repeat(np.arange(frames), regions),
            "region": np.tile(np.arange(regions, dtype=np.int8), frames),
            "value": values.astype(np.float32).reshape(-1),
            "covered": truth_shares(truth).astype(np.float32).reshape(-1),
            "doubtful": truth.doubtful.reshape(-1),
        }
    )
    write_table(path, table, PROBE, truth.digest)


def read_probe(path: str | Path, truth: TrackletStore | None = None) -> pd.DataFrame:
    """What `write_probe` wrote.

    Args:
        truth: of the probe that it must be of, where there is one to compare with.

    Raises:
        FormError: a file of another form, or of another probe.
    """
    return read_table(path, PROBE, truth and truth.digest)
