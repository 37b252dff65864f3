"""One feature a tracklet (paper §4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import torch
from torch.nn import functional

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import EvaluationConfig, ReIDConfig, RuntimeConfig
from stcnet_lib.data.clips.choice import spread_clip, strided_clips, test_clips
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
    """The frames of every test tracklet: clips through the network, whose features its head combines.

    Raises:
        ValueError: the split has no test tracklets.
    """
    network = compute.place(network).eval()
    tracklets = store.tracklets_with(split, Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK)
    if not len(tracklets):
        raise ValueError(
            f"split {split} of {store.path} has no test tracklets; see dataset and splits in config.yaml"
        )
    clips = [
        (row, [store.frames_of(tracklet).start + int(i) for i in clip])
        for row, tracklet in enumerate(tracklets)
        for clip in _clips(int(store.tracklets["length"].iloc[tracklet]), config, network.config)
    ]
    found = np.zeros((len(tracklets), network.features), np.float32)
    seen = _clip_features(network, store, clips, runtime, compute)
    for row, group in groupby(seen, key=lambda each: each[0]):
        _, lengths, features = zip(*group, strict=True)
        found[row] = network.combine(torch.stack(features), torch.tensor(lengths)).numpy()
    table = store.tracklets.iloc[tracklets]
    return Embeddings(
        features=functional.normalize(torch.from_numpy(found), dim=1).numpy(),
        tracklet=np.asarray(tracklets),
        pid=table["pid"].to_numpy(),
        camera=table["camera"].to_numpy(),
        role=store.roles[split][tracklets],
    )


def _clips(length: int, config: EvaluationConfig, network: ReIDConfig) -> list[np.ndarray]:
    """Clips of a tracklet of `length` frames: all of them, or some spread over it.

    A network that learned steps from frame to frame sees such steps again; others see `test_clip` frames.
    """
    frames = np.arange(length) if config.test_frames == "all" else spread_clip(length, config.test_frames)
    if network.tested_as_trained:
        clips = strided_clips(len(frames), network.clip_length, network.clip_stride)
    else:
        clips = test_clips(len(frames), config.test_clip)
    return [frames[clip] for clip in clips]


def _clip_features(
    network: ReIDNetwork,
    store: TrackletStore,
    clips: list[tuple[int, list[int]]],
    runtime: RuntimeConfig,
    compute: Compute,
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Of every clip, in order: its row, how many frames it shows, its feature (D,) in float32 on the CPU."""
    frames = [frame for _, clip in clips for frame in clip]
    transform = TestTransform(network.config.height, network.config.width)
    batches = frame_batches(store, frames, transform.sized, CLIP_FRAMES, runtime.workers, compute)
    shown = iter([len(set(clip)) for _, clip in clips])  # a short clip repeats frames
    with Progress("embedding", len(frames), "frames", seconds=runtime.progress_seconds) as progress:
        for rows, images in _clip_batches(clips, batches):
            images = to_imagenet(images.to(compute.device, non_blocking=True))  # (B, T, 3, H, W)
            with compute.autocast(network.config.precision):
                features = network(images).features  # (B, D)
            for row, feature in zip(rows, features.float().cpu(), strict=True):
                yield row, next(shown), feature
            progress.advance(len(rows) * images.shape[1])


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
