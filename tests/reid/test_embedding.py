"""Embeddings and region features against one tracklet, one frame at a time."""

import h5py
import numpy as np
import pytest
import torch
from stores import write_store

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.masks import strip_weights
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import EvaluationConfig, FeaturesConfig, ReIDConfig, RuntimeConfig
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.reid.embedding import embed_tracklets
from stcnet_lib.reid.embeddings import Embeddings
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, progress_seconds=1000)


def network(non_local: bool) -> ReIDNetwork:
    torch.manual_seed(0)
    config = ReIDConfig(
        backbone="resnet18", stem_channels=8, pretrained="none", non_local=non_local, height=32, width=16,
        precision="fp32",
    )  # fmt: skip
    made = ReIDNetwork(config, 3)
    for block in made.inserted.values():  # away from the identity they start as
        torch.nn.init.ones_(next(m for m in block.modules() if isinstance(m, torch.nn.BatchNorm2d)).weight)
    return made.eval()


def uneven_store(path):
    """Tracklets of 1 to 11 frames, so that clips of all lengths meet in a batch."""
    source = TrackletStore(write_store(path.with_name("whole.h5"), people=6, frames=11))
    with StoreWriter(path, dataset="d", layout="folder", licence="", citation="", config="{}") as writer:
        for n, row in enumerate(source.tracklets.itertuples()):
            frames = list(source.frames_of(n))[: n + 1 if n < 11 else 3]
            named = [(t, f"{n}/{t}", source.read_bytes(f)) for t, f in enumerate(frames)]
            writer.add_tracklet(row.pid, row.camera, row.name, named)
        writer.set_roles(0, np.array([Role.TRAIN] + 10 * [Role.QUERY] + [Role.JUNK]))
    return TrackletStore(path)


@pytest.mark.parametrize("non_local", [False, True])
@pytest.mark.parametrize("clip", [4, 32])
def test_embeddings_equal_one_clip_at_a_time(tmp_path, non_local, clip):
    store, net = uneven_store(tmp_path / "t.h5"), network(non_local)
    found = embed_tracklets(net, store, 0, EvaluationConfig(test_clip=clip), RUNTIME, CPU)
    transform = TestTransform(32, 16)
    assert found.tracklet.tolist() == list(range(1, 12))
    for row, tracklet in enumerate(found.tracklet):
        images = [torch.from_numpy(store.read_image(f)).permute(2, 0, 1) for f in store.frames_of(tracklet)]
        total = torch.zeros(net.features)
        for start in range(0, len(images), clip):
            part = transform(torch.stack(images[start : start + clip]))
            with torch.no_grad():
                total += net(part[None])[0][0] * len(part)
        wanted = (total / total.norm()).numpy()
        # Batches of other sizes take other kernels: float32 sums in another order.
        assert found.features[row] == pytest.approx(wanted, abs=2e-5)


def test_embeddings_come_back_from_their_file(tmp_path):
    store = uneven_store(tmp_path / "t.h5")
    found = embed_tracklets(network(False), store, 0, EvaluationConfig(), RUNTIME, CPU)
    found.write(tmp_path / "embeddings.h5", {"store": store.digest})
    again = Embeddings.read(tmp_path / "embeddings.h5")
    for name, values in vars(found).items():
        assert np.array_equal(getattr(again, name), values), name


def test_a_split_without_test_tracklets_is_a_clear_error(tmp_path):
    store = uneven_store(tmp_path / "t.h5")
    store.roles[:] = Role.TRAIN
    with pytest.raises(ValueError, match="has no test tracklets"):
        embed_tracklets(network(False), store, 0, EvaluationConfig(), RUNTIME, CPU)


@pytest.mark.parametrize("regions", ["strips", "crops"])
@pytest.mark.parametrize("layer", ["layer3", "layer4"])
def test_region_features_equal_one_frame_at_a_time(tmp_path, regions, layer):
    store, net = uneven_store(tmp_path / "t.h5"), network(False)
    config = FeaturesConfig(regions=regions, layer=layer, batch=7, precision="fp32")
    extract_region_features(net, store, config, tmp_path / "regions.h5", RUNTIME, CPU)
    with h5py.File(tmp_path / "regions.h5") as file:
        found = file["features"][()]
        assert file.attrs["digest"] == store.digest
    assert found.shape[:2] == (store.num_frames, 3)
    for frame in (0, 5, store.num_frames - 1):
        image = torch.from_numpy(store.read_image(frame)).permute(2, 0, 1)
        with torch.no_grad():
            if regions == "strips":
                map_ = net.frame_maps(TestTransform(32, 16)(image[None]), layer)[0].mean(2)  # (D, h)
                wanted = torch.einsum("kh,dh->kd", strip_weights(map_.shape[1]).float(), map_)
            else:
                rows = region_rows(32)
                thirds = [TestTransform(32 // 3, 16)(image[None, :, rows[k] : rows[k + 1]]) for k in range(3)]
                wanted = torch.cat([net.frame_maps(third, layer).mean((2, 3)) for third in thirds])
        # float16 in the file: three digits.
        assert found[frame] == pytest.approx(wanted.numpy(), rel=2e-3, abs=2e-3)
