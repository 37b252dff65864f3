"""Features of single frames by the guider: what re-identification sees of a frame, without its clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from stcnet_lib.data.transforms import TestTransform
from stcnet_lib.evaluation.completion import Features
from stcnet_lib.models.reid import ReIDNetwork, spatial_mean
from stcnet_lib.training.compute import Compute

BATCH = 96  # frames; always as many, because oneDNN prepares its kernels anew for every shape


def frame_features(network: ReIDNetwork, compute: Compute) -> Features:
    """A function from decoded frames, uint8 (n, H, W, 3), to the network's pooled features (n, D) float32."""
    network = compute.place(network).eval()
    transform = TestTransform(network.config.height, network.config.width)

    @torch.inference_mode()
    def features(images: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(images), BATCH):
            frames = transform(torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2))
            missing = frames.new_zeros(BATCH - len(frames), *frames.shape[1:])
            batch = torch.cat([frames, missing]).to(compute.device, memory_format=torch.channels_last)
            with compute.autocast(network.config.precision):
                maps = network.frame_maps(batch)
            parts.append(spatial_mean(maps)[: len(frames)].cpu().numpy())
        return np.concatenate(parts)

    return features


def picture_features(network: ReIDNetwork, compute: Compute) -> Callable[[list[np.ndarray]], np.ndarray]:
    """A function from frames, n of uint8 (h, w, 3) of any sizes, to features (n, D) float32."""
    network = compute.place(network).eval()
    transform = TestTransform(network.config.height, network.config.width)

    @torch.inference_mode()
    def features(pictures: list[np.ndarray]) -> np.ndarray:
        parts = []
        for start in range(0, len(pictures), BATCH):
            group = pictures[start : start + BATCH]
            frames = torch.cat(
                [transform(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None]) for picture in group]
            )
            batch = frames.to(compute.device, memory_format=torch.channels_last)
            with compute.autocast(network.config.precision):
                maps = network.frame_maps(batch)
            parts.append(spatial_mean(maps).cpu().numpy())
        return np.concatenate(parts)

    return features
