"""A small data set, its completion and its clean twins, of which every number is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from stores import flag_file

from stcnet_lib.completion.record import Record
from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.localisation.threshold import Threshold
from stcnet_lib.localisation.threshold_file import write_thresholds

TRACKLETS, FRAMES, HEIGHT, WIDTH = 8, 5, 32, 16
REGION = 1  # the third that is hidden in frame 2 of every tracklet


def middle_rows() -> slice:
    return slice(round(HEIGHT / 3), round(2 * HEIGHT / 3))


@dataclass(frozen=True)
class World:
    """Paths, and the error and the change of every tracklet's restored frame in grey levels."""

    store: Path
    truth: Path
    completed: Path
    regions: Path
    scores: Path
    threshold: Path
    error: np.ndarray
    change: np.ndarray


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Tracklet n shows grey 100; in frame 2 the middle third shows 200, restored to 100 + error[n]."""
    error = np.array([30, 5, 60, 12, 44, 8, 21, 50])
    clean = np.full((TRACKLETS, FRAMES, HEIGHT, WIDTH, 3), 100, np.uint8)
    before, after = clean.copy(), clean.copy()
    before[:, 2, middle_rows()] = 200
    after[:, 2, middle_rows()] = (100 + error)[:, None, None, None]
    hidden = np.zeros((TRACKLETS * FRAMES, HEIGHT, WIDTH), bool)
    hidden[2::FRAMES, middle_rows()] = True
    for name, images in {"tracklets": before, "completed": after, "truth": clean}.items():
        _write(tmp_path / f"{name}.h5", images, hidden if name == "truth" else None)
    frames = np.arange(TRACKLETS) * FRAMES + 2
    record = Record([(n, int(frame), REGION, "temporal", [], 1.0) for n, frame in enumerate(frames)])
    with TrackletStore(tmp_path / "tracklets.h5") as store:
        record.write(tmp_path / "regions.parquet", store)
    scores = _scores()
    flag_file(tmp_path / "occlusion.parquet", tmp_path / "tracklets.h5", scores < 0.9, scores)
    with TrackletStore(tmp_path / "tracklets.h5") as store:
        found = [Threshold(0.9, "fixed")] * 3
        write_thresholds(tmp_path / "threshold.json", found, OcclusionConfig(), {}, store.digest)
    return World(
        *(tmp_path / f"{name}.h5" for name in ("tracklets", "truth", "completed")),
        tmp_path / "regions.parquet",
        tmp_path / "occlusion.parquet",
        tmp_path / "threshold.json",
        error,
        100 - error,
    )


def _write(path: Path, images: np.ndarray, hidden: np.ndarray | None) -> None:
    with StoreWriter(path, dataset="grey", layout="folder", licence="", citation="", config="{}") as writer:
        for n, tracklet in enumerate(images):
            named = [(t + 10, f"{n}/{t}.png", encode_png(image)) for t, image in enumerate(tracklet)]
            writer.add_tracklet(n, 0, f"person{n}", named)
        writer.set_roles(0, np.array([Role.TRAIN] * 4 + [Role.QUERY] * 4))
        if hidden is not None:
            writer.add_truth(hidden, np.ones_like(hidden))


def _scores() -> np.ndarray:
    """float32 (F, K): hidden regions score 0.8 with one of four at 0.95, the others 0.97."""
    frame, region = np.divmod(np.arange(TRACKLETS * FRAMES * 3), 3)
    hidden = (frame % FRAMES == 2) & (region == REGION)
    score = np.where(hidden, np.where(frame // FRAMES % 4 == 3, 0.95, 0.8), 0.97).astype(np.float32)
    return score.reshape(-1, 3)
