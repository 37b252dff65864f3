"""Region features of every frame (paper §4.1): what scores compare."""

from __future__ import annotations

from pathlib import Path

import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import strip_pool
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import FeaturesConfig, RuntimeConfig
from stcnet_lib.data.clips.loader import frame_batches
from stcnet_lib.data.clips.transforms import TestTransform, to_imagenet
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.region_files import REGION_FEATURES, writing_regions
from stcnet_lib.reid.network import ReIDNetwork


@torch.inference_mode()
def extract_region_features(
    network: ReIDNetwork,
    store: TrackletStore,
    config: FeaturesConfig,
    path: Path,
    runtime: RuntimeConfig,
    compute: Compute,
) -> None:
    """Write `regions.h5`, (F, K, D) float16, in one pass over the frames (paper §4.1)."""
    network = compute.place(network).eval()
    height = network.config.height
    size = (
        (height // 3, network.config.width) if config.regions == "crops" else (height, network.config.width)
    )
    transform = TestTransform(*size, thirds=config.regions == "crops")
    frames = range(store.num_frames)
    batches = frame_batches(store, frames, transform.sized, config.batch, runtime.workers, compute)
    made = {"config": config.canonical_json(), "precision": compute.used_precision(config.precision)}
    with (
        writing_regions(path, REGION_FEATURES, store, **made) as writer,
        Progress("region features", store.num_frames, "frames", seconds=runtime.progress_seconds) as progress,
    ):
        for images in batches:
            images = to_imagenet(images.to(compute.device, non_blocking=True))
            with compute.autocast(config.precision):
                features = _region_features(network, images, config)
            writer.append(features.half().cpu().numpy())
            progress.advance(len(features))


def _region_features(network: ReIDNetwork, images: torch.Tensor, config: FeaturesConfig) -> torch.Tensor:
    """(F, 3, H, W), or (F, K, 3, h, W) thirds, to (F, K, D) float32."""
    if config.regions == "strips":
        return strip_pool(network.frame_maps(images, config.layer).float())
    maps = network.frame_maps(images.flatten(0, 1), config.layer)  # (F*K, D, h, w)
    return maps.float().mean((2, 3)).unflatten(0, images.shape[:2])
