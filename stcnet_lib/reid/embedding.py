"""One feature a tracklet (paper §4.2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import EvaluationConfig, RuntimeConfig
from stcnet_lib.data.clips.choice import spread_clip, test_clips
from stcnet_lib.data.clips.loader import frame_batches
from stcnet_lib.data.clips.transforms import TestTransform, to_imagenet
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.reid.embeddings import Embeddings
from stcnet_lib.reid.network import ReIDNetwork

CLIP_FRAMES = 256  # frames that go through the network at once


@torch.inference_mode()
def embed_tracklets(
    network: ReIDNetwork,
    store: TrackletStore,
    split: int,
    config: EvaluationConfig,
    runtime: RuntimeConfig,
    compute: Compute,
) -> Embeddings:
    """The frames of every test tracklet: clips through the network, clip features averaged by length."""
    network = compute.place(network).eval()
    tracklets = store.tracklets_with(split, Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK)
    if not len(tracklets):
        raise ValueError(
            f"split {split} of {store.path} has no test tracklets; see dataset and splits in config.yaml"
        )
    clips = [
        (row, [store.frames_of(tracklet).start + int(i) for i in clip])
        for row, tracklet in enumerate(tracklets)
        for clip in _clips(int(store.tracklets["length"].iloc[tracklet]), config)
    ]
    sums = torch.zeros(len(tracklets), network.features)
    frames = [frame for _, clip in clips for frame in clip]
    transform = TestTransform(network.config.height, network.config.width)
    batches = frame_batches(store, frames, transform.sized, CLIP_FRAMES, runtime.workers, compute)
    with Progress("embedding", len(frames), "frames", seconds=runtime.progress_seconds) as progress:
        for rows, images in _clip_batches(clips, batches):
            with compute.autocast(network.config.precision):
                features, _ = network(to_imagenet(images.to(compute.device, non_blocking=True)))  # (B, D)
            length = images.shape[1]
            sums.index_add_(0, torch.tensor(rows), features.float().cpu() * length)
            progress.advance(len(rows) * length)
    table = store.tracklets.iloc[tracklets]
    return Embeddings(
        features=functional.normalize(sums, dim=1).numpy(),
        tracklet=np.asarray(tracklets),
        pid=table["pid"].to_numpy(),
        camera=table["camera"].to_numpy(),
        role=store.roles[split][tracklets],
    )


def _clips(length: int, config: EvaluationConfig) -> list[np.ndarray]:
    """Clips of a tracklet of `length` frames: all of them, or some spread over it."""
    if config.test_frames == "all":
        return test_clips(length, config.test_clip)
    frames = spread_clip(length, config.test_frames)
    return [frames[clip] for clip in test_clips(len(frames), config.test_clip)]


def _clip_batches(
    clips: list[tuple[int, list[int]]], batches: Iterator[torch.Tensor]
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Regroup a stream of frames into batches of consecutive clips of equal length: rows, (B, T, 3, H, W)."""
    buffer = torch.empty(0)
    start = 0
    while start < len(clips):
        length = len(clips[start][1])
        end = start
        while end < len(clips) and len(clips[end][1]) == length and (end - start + 1) * length <= CLIP_FRAMES:
            end += 1
        end = max(end, start + 1)  # one clip may be longer than the budget
        wanted = (end - start) * length
        parts, have = ([buffer], len(buffer)) if len(buffer) else ([], 0)
        while have < wanted:
            parts.append(next(batches))
            have += len(parts[-1])
        frames = torch.cat(parts) if len(parts) > 1 else parts[0]
        buffer = frames[wanted:]
        yield [row for row, _ in clips[start:end]], frames[:wanted].unflatten(0, (end - start, length))
        start = end
