"""Scores of thirds by trained detectors; nobody is scored by a network that was trained on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import DetectorConfig, RuntimeConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.clues import Clues, tracklet_clues
from stcnet_lib.localisation.detector import Detectors
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, writing_regions
from stcnet_lib.reid.files import read_description, saved_section, with_weights
from stcnet_lib.reid.network import ReIDNetwork

LARGEST = 12.0  # of a logit: float32 chances of 1 - exp(-12) still differ


def load_detectors(path: str | Path) -> tuple[Detectors, dict[int, int]]:
    """Saved detectors in evaluation mode, and which fold a train person is left out of, by pid.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, "detector")
    networks = Detectors(saved_section(DetectorConfig, description["config"], path))
    folds = {int(pid): fold for pid, fold in description["details"]["folds"].items()}
    return with_weights(networks, path, description["weights_sha256"], "cpu"), folds


@torch.inference_mode()
def tracklet_logits(networks: Detectors, clues: Clues, fold: int | None, compute: Compute) -> np.ndarray:
    """(T, K) float32 logits of being hidden.

    Args:
        fold: of a train person, whom only this network has not seen; of others the mean of all networks.
    """
    inputs = [torch.from_numpy(part[None]).to(compute.device) for part in clues]
    used = networks if fold is None else [networks[fold]]
    logits = torch.stack([network(*inputs)[0] for network in used]).mean(0)
    return logits.clamp(-LARGEST, LARGEST).float().cpu().numpy()


def write_logits(
    networks: Detectors,
    folds: Mapping[int, int],
    guider: ReIDNetwork,
    store: TrackletStore,
    path: Path,
    runtime: RuntimeConfig,
    compute: Compute,
) -> None:
    """Write `hidden.h5`: `logits` float32 (F, K) of a whole store; one tracklet is in memory at a time."""
    guider, networks = compute.place(guider).eval(), networks.to(compute.device)
    pids = store.tracklets["pid"].tolist()
    made = {"precision": compute.used_precision(guider.config.precision)}
    with (
        writing_regions(path, HIDDEN_LOGITS, store, **made) as writer,
        Progress("detecting", store.num_frames, "frames", seconds=runtime.progress_seconds) as progress,
    ):
        for tracklet, pid in enumerate(pids):
            frames = store.frames_of(tracklet)
            clues = tracklet_clues(guider, [store.read_image(frame) for frame in frames], compute)
            writer.append(tracklet_logits(networks, clues, folds.get(pid), compute))
            progress.advance(len(frames))
