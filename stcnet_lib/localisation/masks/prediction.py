"""Hidden pixels of a whole store, and the thirds that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import MasksConfig, RuntimeConfig
from stcnet_lib.data.planting.pieces import body_prior
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.mask_files import writing_masks
from stcnet_lib.localisation.masks.evidence import PICTURE, Evidence, refined, tracklet_evidence
from stcnet_lib.localisation.masks.network import MaskNetwork, MaskNetworks
from stcnet_lib.localisation.region_files import HIDDEN_LOGITS, writing_regions
from stcnet_lib.reid.files import read_description, saved_section, with_weights
from stcnet_lib.reid.network import ReIDNetwork

_FRAMES = 128  # that go through a network at once, with `_MARGIN` before and after
_MARGIN = 4  # frames, as far as a network sees in time
_ROWS = 128  # of a frame whose pixels `grow` counts


def pixel_logits(networks: Sequence[MaskNetwork], evidence: Evidence, compute: Compute) -> np.ndarray:
    """(T, h, w) float32 logits of being hidden, at the size of the evidence's pictures.

    Args:
        networks: of all rounds, in order: each sees the evidence as the ones before it refined it.
    """
    *before, last = networks
    for network in before:
        evidence = refined(evidence, chances_of(network_logits(network, evidence, compute)))
    return network_logits(last, evidence, compute)


@torch.inference_mode()
def network_logits(network: MaskNetwork, evidence: Evidence, compute: Compute) -> np.ndarray:
    """What one network says of the evidence: (T, h, w) float32."""
    frames, pieces = len(evidence.pictures), []
    for start in range(0, frames, _FRAMES):
        first, last = max(start - _MARGIN, 0), min(start + _FRAMES + _MARGIN, frames)
        inputs = [
            torch.from_numpy(part[None]).to(compute.device)
            for part in (
                evidence.pictures[first:last],
                evidence.usual,
                *(found[first:last] for found in evidence.by_frame),
            )
        ]
        logits = network(*inputs)[0]
        pieces.append(logits[start - first : start - first + _FRAMES].float().cpu().numpy())
    return np.concatenate(pieces)


def chances_of(logits: np.ndarray) -> np.ndarray:
    """The chances that logits stand for, in [0, 1]."""
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def third_logits(logits: np.ndarray) -> np.ndarray:
    """Logits of the share of the person that is hidden in each third: (T, h, w) -> (T, K) float32.

    Where the person is, nobody has said: a third counts where walkers of its size mostly are (`body_prior`).
    """
    chances = chances_of(logits)
    person = body_prior(*PICTURE)
    starts = region_rows(PICTURE[0])[:-1]
    hidden = np.add.reduceat((chances * person).sum(2), starts, axis=1)
    share = np.clip(hidden / np.add.reduceat(person.sum(1), starts), 1e-6, 1 - 1e-6)
    return np.log(share / (1 - share)).astype(np.float32)


def frame_mask(logits: np.ndarray, height: int, width: int, grow: int) -> np.ndarray:
    """What is more likely hidden than not: logits (h, w) of a frame -> bool (H, W).

    Args:
        grow: pixels of 1/128 of the frame's height by which a mask reaches beyond, since the last row of an
            occluder is enough to be seen, and edges are found at half that resolution.
    """
    maps = torch.from_numpy(logits)[None, None]
    large = functional.interpolate(maps, (height, width), mode="bilinear", align_corners=False)
    mask = (large > 0).float()
    reach = round(grow * height / _ROWS)
    if reach:
        mask = functional.max_pool2d(mask, 2 * reach + 1, 1, reach)
    return mask[0, 0].bool().numpy()


def load_masks(path: str | Path) -> MaskNetworks:
    """Saved networks in evaluation mode.

    Raises:
        ValueError: naming the file that is missing, damaged or of another kind.
    """
    description = read_description(path, "masks")
    networks = MaskNetworks(saved_section(MasksConfig, description["config"], path))
    return with_weights(networks, path, description["weights_sha256"], "cpu")


def write_masks(
    networks: MaskNetworks,
    guider: ReIDNetwork | None,
    store: TrackletStore,
    flags: np.ndarray | None,
    masks_path: Path,
    hidden_path: Path,
    runtime: RuntimeConfig,
    compute: Compute,
) -> None:
    """Write `masks.h5`, and `hidden.h5` with the logits of thirds that follow from the same networks.

    One tracklet is in memory at a time.

    Args:
        guider: on its device, of networks that are guided.
        flags: (F, K) thirds in which masks are kept; None: everywhere. Chances stay as they are.
    """
    networks = networks.to(compute.device)
    with (
        writing_masks(masks_path, store) as masks,
        writing_regions(hidden_path, HIDDEN_LOGITS, store) as hidden,
        Progress("masks", store.num_frames, "frames", seconds=runtime.progress_seconds) as progress,
    ):
        for tracklet in range(len(store)):
            frames = store.frames_of(tracklet)
            images = [store.read_image(frame) for frame in frames]
            logits = pixel_logits(networks, tracklet_evidence(images, guider, compute), compute)
            sizes = [image.shape[:2] for image in images]
            grow = networks.config.grow
            found = [frame_mask(own, *size, grow) for own, size in zip(logits, sizes, strict=True)]
            if flags is not None:
                for mask, kept in zip(found, flags[frames.start : frames.stop], strict=True):
                    mask &= np.repeat(kept, np.diff(region_rows(len(mask))))[:, None]
            masks.append(found, chances_of(logits))
            hidden.append(third_logits(logits))
            progress.advance(len(frames))
