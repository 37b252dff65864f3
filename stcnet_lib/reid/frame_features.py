"""Features of single frames by the guider: what re-identification sees of a frame, without its clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.pooling import spatial_mean

BATCH = 96  # frames
_PICTURES = 16  # pictures of a tracklet are few: batches are multiples of this

Features = Callable[[np.ndarray], np.ndarray]  # uint8 (n, H, W, 3) -> float (n, D)


def frame_features(network: ReIDNetwork, compute: Compute) -> Features:
    """A function from decoded frames, uint8 (n, H, W, 3), to the network's pooled features (n, D) float32."""
    transform = TestTransform(network.config.height, network.config.width)
    embed = _embedder(network, compute, BATCH)

    def features(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), BATCH)
        batches = (torch.from_numpy(images[start : start + BATCH]) for start in starts)
        return np.concatenate([embed(transform(batch.permute(0, 3, 1, 2))) for batch in batches])

    return features


def picture_features(network: ReIDNetwork, compute: Compute) -> Callable[[list[np.ndarray]], np.ndarray]:
    """A function from frames, n of uint8 (h, w, 3) of any sizes, to features (n, D) float32."""
    transform = TestTransform(network.config.height, network.config.width)
    embed = _embedder(network, compute, _PICTURES)

    def transformed(picture: np.ndarray) -> torch.Tensor:
        return transform(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None])

    def features(pictures: list[np.ndarray]) -> np.ndarray:
        groups = (pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH))
        return np.concatenate([embed(torch.cat([transformed(one) for one in group])) for group in groups])

    return features


def _embedder(network: ReIDNetwork, compute: Compute, multiple: int) -> Callable[[torch.Tensor], np.ndarray]:
    """From frames as the network takes them, (n, 3, H, W), to pooled features (n, D).

    Batches are filled up to a multiple, because oneDNN prepares its kernels anew for every shape.
    """
    network = compute.place(network).eval()

    @torch.inference_mode()
    def embed(frames: torch.Tensor) -> np.ndarray:
        missing = frames.new_zeros(-len(frames) % multiple, *frames.shape[1:])
        batch = torch.cat([frames, missing]).to(compute.device, memory_format=torch.channels_last)
        with compute.autocast(network.config.precision):
            maps = network.frame_maps(batch)
        return spatial_mean(maps)[: len(frames)].cpu().numpy()

    return embed
