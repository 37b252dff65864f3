"""Small stores of pictures that a network can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.localisation.flags import write_flags
from stcnet_lib.localisation.scores import score_rows


def person_frames(pid: int, camera: int, frames: int, height: int = 32, width: int = 16) -> np.ndarray:
    """uint8 (T, H, W, 3): three bands coloured by identity, a grey ground by camera, a little noise."""
    colours = np.random.default_rng(pid).integers(40, 216, (3, 3))
    noise = np.random.default_rng([pid, camera, 7])
    images = np.full((frames, height, width, 3), 60 + 40 * camera, np.float64)
    for band in range(3):
        top, bottom = round(band * height / 3), round((band + 1) * height / 3)
        images[:, top:bottom, width // 4 : -width // 4] = colours[band]
    return (images + noise.normal(0, 6, images.shape)).clip(0, 255).astype(np.uint8)


def write_store(path: Path, people: int = 4, cameras: int = 2, frames: int = 6, **size: int) -> Path:
    """Half of the people are for training, the others are queries; one tracklet a person and camera."""
    with StoreWriter(path, dataset="bands", layout="folder", licence="", citation="", config="{}") as writer:
        roles = []
        for pid in range(1, people + 1):
            for camera in range(cameras):
                images = person_frames(pid, camera, frames, **size)
                named = [(t, f"{pid}/{camera}/{t}.png", encode_png(image)) for t, image in enumerate(images)]
                writer.add_tracklet(pid, camera, f"{pid}/{camera}", named)
                roles.append(Role.TRAIN if pid <= people // 2 else Role.QUERY)
        writer.set_roles(0, np.array(roles))
    return path


def flag_file(path: Path, store_path: Path, flags: np.ndarray, scores: np.ndarray | None = None) -> Path:
    """The `occlusion.parquet` of a store with these flags (F, K); without `scores` (F, K) all are 0.5."""
    with TrackletStore(store_path) as store:
        known = np.full(flags.shape, 0.5, np.float32) if scores is None else scores
        table = score_rows(known, store.tracklets["length"].to_numpy(), store.frame_number)
        write_flags(path, table.assign(occluded=flags.reshape(-1)), store)
    return path


def write_planted(folder: Path, clean: list[np.ndarray], hidden: np.ndarray) -> tuple[Path, Path]:
    """Train tracklets with something blue planted over the same pixels of each, and their truth: two stores.

    Args:
        clean: (T, H, W, 3) of each tracklet, in grey levels; hidden: bool (T, H, W) of every one.
    """
    header = {"dataset": "d", "layout": "folder", "licence": "", "citation": "", "config": ""}
    paths = folder / "s.h5", folder / "t.h5"
    doubtful = np.zeros((len(hidden), 3), bool)
    with StoreWriter(paths[0], **header) as store, StoreWriter(paths[1], **header) as truth:
        for n, images in enumerate(clean):
            occluded = np.where(hidden[..., None], [10, 10, 240], images)
            for writer, pictures in ((store, occluded), (truth, images)):
                encoded = [encode_png(picture.clip(0, 255).astype(np.uint8)) for picture in pictures]
                named = [(t, f"{n}/{t}", data) for t, data in enumerate(encoded)]
                writer.add_tracklet(n, 1, f"{n}", named)
            truth.add_sized_truth(hidden, np.ones_like(hidden), doubtful)
        for writer in (store, truth):
            writer.set_roles(0, np.full(len(clean), Role.TRAIN))
    return paths
