"""What stands behind a walker says nothing about who walks: retrieval with pictures of nobody is chance.

Chance is measured: the same features with the identities of each camera shuffled. Seeds are fixed, so the
bounds (in standard deviations of chance) either hold or do not; a leak planted on purpose must break them.
"""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.background_only import GREY, against_chance, trained, write_view
from stcnet_lib.config import EvaluationConfig, ReIDConfig, RuntimeConfig, WalkersConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.reid.embeddings import Embeddings

CONFIG = WalkersConfig(
    train_identities=24, test_identities=24, tracklets_per_camera=1, frames=2, height=64, width=32
)
NETWORK = ReIDConfig(
    backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=64, width=32,
    clip_length=2, clip_stride=1, batch=16, epochs=12, lr=2e-3, schedule="cosine",
    colour_jitter=0.2, precision="fp32",
)  # fmt: skip
MOST = 3.0  # standard deviations of chance; one in a thousand data sets without any leak would be above


@pytest.fixture(scope="module")
def views(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("views")
    paths = {view: folder / f"{view}.h5" for view in ("backdrop", "border", "person")}
    for view, path in paths.items():
        write_view(CONFIG, path, view)
    return paths


def described(path: Path, tint: float = 0.0) -> Embeddings:
    """Colour histograms of a 4×2 grid and random projections, mean over the frames, nothing learnt.

    Args:
        tint: levels by which the colours of one identity are moved: a leak.
    """
    with TrackletStore(path) as store:
        rows = store.tracklets_with(0, Role.QUERY)
        table = store.tracklets.iloc[rows]
        projection = np.random.default_rng(0).standard_normal((64 * 32 * 3, 64))
        features = []
        for row, pid in zip(rows, table.pid, strict=True):
            shift = np.random.default_rng(pid).uniform(-tint, tint, 3)
            images = np.stack([store.read_image(frame) for frame in store.frames_of(row)]) + shift
            cells = images.reshape(-1, 4, 16, 2, 16, 3).transpose(1, 3, 5, 0, 2, 4).reshape(24, -1)
            histogram = np.stack([np.histogram(cell, 16, (0, 256))[0] for cell in cells]).ravel()
            projected = (images / 255 - 0.5).reshape(len(images), -1).mean(0) @ projection
            features.append(
                np.concatenate([histogram / np.linalg.norm(histogram), projected / np.linalg.norm(projected)])
            )
    # Cameras differ in place and light; what is left of their mean is what could belong to a person.
    features = np.array(features)
    for camera in table.camera.unique():
        features[(table.camera == camera).to_numpy()] -= features[(table.camera == camera).to_numpy()].mean(0)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return Embeddings(
        features.astype(np.float32),
        rows,
        table.pid.to_numpy(),
        table.camera.to_numpy(),
        np.full(len(rows), Role.QUERY),
    )


@pytest.mark.parametrize("view", ["backdrop", "border"])
def test_colours_and_projections_of_the_background_find_nobody(views, view):
    assert against_chance(described(views[view]), 100).deviation < MOST


def test_colours_and_projections_of_a_busy_street_find_nobody(tmp_path):
    """Bystanders, boxes and distances are drawn without regard to who walks (measured: -1.2 deviations)."""
    street = {"approach": 1.0, "box_drift": 0.15, "box_jumps": 1.0, "cut_off": 1.0, "turns": 1.0}
    config = CONFIG.model_copy(update=street | {"bystanders": (1, 2)})
    write_view(config, tmp_path / "street.h5", "backdrop")
    assert against_chance(described(tmp_path / "street.h5"), 100).deviation < MOST


def test_a_background_that_knows_the_person_would_be_noticed(views):
    assert against_chance(described(views["backdrop"], tint=25), 100).deviation > 2 * MOST
    assert against_chance(described(views["person"]), 100).deviation > MOST


def test_a_network_trained_on_backgrounds_finds_nobody_and_one_that_sees_people_does(views):
    found = {
        view: against_chance(
            trained(NETWORK, path, EvaluationConfig(), RuntimeConfig(device="cpu", threads=2, workers=0)), 100
        )
        for view, path in views.items()
    }
    assert found["backdrop"].deviation < MOST
    assert found["border"].deviation < MOST
    assert found["person"].deviation > 3 * MOST


def test_views_show_nobody(views):
    """The frames without a person are the clean frames, but where the person was."""
    from stcnet_lib.walkers.tracklet import render_tracklet

    for job in ((1, 1, 0), (30, 2, 1)):
        usual, bare = (render_tracklet(CONFIG, *job, invisible=invisible) for invisible in (False, True))
        differs = (usual.clean != bare.clean).any(axis=-1)
        assert differs[usual.person].mean() > 0.95
        rows, columns = np.nonzero(usual.person.any(axis=0))
        outside = np.ones(differs.shape[1:], bool)
        outside[max(rows.min() - 3, 0) : rows.max() + 4, max(columns.min() - 3, 0) : columns.max() + 4] = (
            False
        )
        assert not differs[:, outside].any()
    with TrackletStore(views["border"]) as store:
        images = [store.read_image(frame) for frame in range(0, store.num_frames, 7)]
        painted = (np.stack(images) == GREY).all(axis=(0, 3))
        assert 0.5 < painted.mean() < 0.95
        assert painted[20:50, 10:22].all()
