"""Features of single frames and of their thirds, by the guider: what it sees of them without their clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from stcnet_lib import REGIONS
from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import strip_pool
from stcnet_lib.config import FeaturesConfig
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.reid.network import ReIDNetwork, spatial_mean

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

    def features(pictures: list[np.ndarray]) -> np.ndarray:
        return _in_groups(pictures, lambda group: embed(torch.cat([transform(_clip(one)) for one in group])))

    return features


def third_features(
    network: ReIDNetwork, compute: Compute, config: FeaturesConfig
) -> Callable[[list[np.ndarray], Sequence[int]], np.ndarray]:
    """A function from frames, n of uint8 (h, w, 3) of any sizes, and a third of each, to features (n, D).

    They are those by which scores compare thirds (`FeaturesConfig`): another third of the frame does not
    show in them, where thirds are cut out first.
    """
    crops = config.regions == "crops"
    height = network.config.height
    transform = TestTransform(height // len(REGIONS) if crops else height, network.config.width, thirds=crops)
    pool = spatial_mean if crops else strip_pool
    embed = _embedder(network, compute, _PICTURES, config.layer, pool)

    def of_group(group: list[tuple[np.ndarray, int]]) -> np.ndarray:
        batch = torch.cat([transform(_clip(picture)) for picture, _ in group])
        at = np.arange(len(group)), [region for _, region in group]
        return embed(batch[at]) if crops else embed(batch)[at]

    def features(pictures: list[np.ndarray], regions: Sequence[int]) -> np.ndarray:
        return _in_groups(list(zip(pictures, regions, strict=True)), of_group)

    return features


def _clip(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None]


def _in_groups(items: list, of_group: Callable[[list], np.ndarray]) -> np.ndarray:
    return np.concatenate([of_group(items[start : start + BATCH]) for start in range(0, len(items), BATCH)])


def _embedder(
    network: ReIDNetwork,
    compute: Compute,
    multiple: int,
    layer: str = "layer4",
    pool: Callable[[torch.Tensor], torch.Tensor] = spatial_mean,
) -> Callable[[torch.Tensor], np.ndarray]:
    """From pictures as the network takes them, (n, 3, H, W), to pooled features (n, D), or (n, K, D).

    Batches are filled up to a multiple, because oneDNN prepares its kernels anew for every shape.
    """
    network = compute.place(network).eval()

    @torch.inference_mode()
    def embed(frames: torch.Tensor) -> np.ndarray:
        missing = frames.new_zeros(-len(frames) % multiple, *frames.shape[1:])
        batch = torch.cat([frames, missing]).to(compute.device, memory_format=torch.channels_last)
        with compute.autocast(network.config.precision):
            maps = network.frame_maps(batch, layer)
        return pool(maps.float())[: len(frames)].cpu().numpy()

    return embed
