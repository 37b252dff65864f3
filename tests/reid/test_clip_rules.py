"""What a tracklet's clips are and how their features combine, by kind of part; one tracklet at a time."""

import numpy as np
import pytest
import torch
from stores import write_store

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import EvaluationConfig, ReIDConfig, RuntimeConfig
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.data.store.tracklets import Role, StoreWriter, TrackletStore
from stcnet_lib.reid.combining import by_length, equally
from stcnet_lib.reid.embedding import embed_tracklets
from stcnet_lib.reid.heads.gem import GeneralisedMeanHead
from stcnet_lib.reid.heads.max import MaxHead
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0, progress_seconds=1000)
LENGTHS = [
    1,
    2,
    3,
    4,
    5,
    9,
    16,
    21,
]  # shorter and longer than a clip of 3, and than the 6 frames that it spans
LENGTH, STRIDE = 3, 2


def network_with(**values):
    torch.manual_seed(0)
    config = ReIDConfig.model_validate(
        {
            "backbone": "resnet18",
            "stem_channels": 8,
            "pretrained": "none",
            "non_local": False,
            "height": 32,
            "width": 16,
            "clip_length": LENGTH,
            "clip_stride": STRIDE,
            "precision": "fp32",
            **values,
        }
    )
    network = ReIDNetwork(config, 3)
    for block in network.inserted.values():  # away from the identity that they start as
        torch.nn.init.ones_(block.norm.weight)
    return network.eval()


@pytest.fixture
def store(tmp_path):
    """One query a length."""
    source = TrackletStore(write_store(tmp_path / "whole.h5", people=4, frames=max(LENGTHS)))
    path = tmp_path / "uneven.h5"
    with StoreWriter(path, dataset="d", layout="folder", licence="", citation="", config="{}") as writer:
        for n, (row, length) in enumerate(zip(source.tracklets.itertuples(), LENGTHS, strict=True)):
            frames = list(source.frames_of(n))[:length]
            named = [(t, f"{n}/{t}", source.read_bytes(f)) for t, f in enumerate(frames)]
            writer.add_tracklet(row.pid, row.camera, row.name, named)
        writer.set_roles(0, np.full(len(LENGTHS), Role.QUERY))
    return TrackletStore(path)


def images_of(store, tracklet):
    frames = [torch.from_numpy(store.read_image(f)).permute(2, 0, 1) for f in store.frames_of(tracklet)]
    return TestTransform(32, 16)(torch.stack(frames))


def strided(length):
    """By hand: parts of six frames, of each part frames that are as far apart as three allow."""
    for start in range(0, length, LENGTH * STRIDE):
        part = list(range(start, min(start + LENGTH * STRIDE, length)))
        step = 2 if len(part) > LENGTH else 1
        for first in range(step):
            own = part[first::step]
            filled = {1: [0, 0, 0], 2: [0, 1, 1], 3: [0, 1, 2]}[len(own)]
            yield [own[i] for i in filled], len(own)


def expected(network, images, clips, combine):
    with torch.no_grad():
        features = torch.stack([network(images[list(clip)][None]).features[0] for clip, _ in clips])
    feature = combine(features, torch.tensor([length for _, length in clips]))
    return (feature / feature.norm()).numpy()


AS_TRAINED = {
    "recurrent": ({"head": "recurrent"}, equally),
    "joint_attention": ({"head": "joint_attention"}, equally),
    "temporal_conv": ({"blocks": "temporal_conv"}, by_length),
    "conv3d": ({"blocks": "conv3d"}, by_length),
    "aligned_conv3d": ({"blocks": "aligned_conv3d"}, by_length),
    "i3d": ({"backbone": {"kind": "i3d", "of": "resnet18"}}, by_length),
}


@pytest.mark.parametrize("name", AS_TRAINED)
def test_parts_that_learned_steps_see_clips_as_in_training(store, name):
    values, combine = AS_TRAINED[name]
    network = network_with(**values)
    assert network.config.tested_as_trained
    found = embed_tracklets(network, store, 0, EvaluationConfig(test_clip=32), RUNTIME, CPU)
    for row, length in enumerate(LENGTHS):
        clips = list(strided(length))
        wanted = expected(network, images_of(store, row), clips, combine)
        # Batches of other sizes take other kernels: float32 sums in another order.
        assert found.features[row] == pytest.approx(wanted, abs=5e-5), length


@pytest.mark.parametrize("head", ["attention", "quality", "diversity"])
def test_other_heads_see_consecutive_frames_and_clips_weigh_by_length(store, head):
    network = network_with(head=head)
    found = embed_tracklets(network, store, 0, EvaluationConfig(test_clip=4), RUNTIME, CPU)
    for row, length in enumerate(LENGTHS):
        parts = [range(start, min(start + 4, length)) for start in range(0, length, 4)]
        clips = [(part, len(part)) for part in parts]
        assert found.features[row] == pytest.approx(
            expected(network, images_of(store, row), clips, by_length), abs=5e-5
        )


@pytest.mark.parametrize("head", ["average", "max", "gem"])
def test_pooling_of_clips_is_pooling_of_the_whole_tracklet(store, head):
    """Whatever the clips are: their features combine to the one of a clip as long as the tracklet."""
    network = network_with(head=head)
    found = embed_tracklets(network, store, 0, EvaluationConfig(test_clip=4), RUNTIME, CPU)
    for row, length in enumerate(LENGTHS):
        whole = expected(network, images_of(store, row), [(range(length), length)], by_length)
        assert found.features[row] == pytest.approx(whole, abs=5e-5)


def test_some_frames_of_a_tracklet_are_chosen_before_the_clips(store):
    network = network_with(head="recurrent")
    config = EvaluationConfig(test_clip=32, test_frames=3)
    found = embed_tracklets(network, store, 0, config, RUNTIME, CPU)
    images = images_of(store, 6)  # of 16 frames the middles of three parts
    wanted = expected(network, images, [([2, 8, 13], 3)], equally)
    assert found.features[6] == pytest.approx(wanted, abs=5e-5)


def test_combinations_equal_plain_loops():
    features, lengths = torch.rand(3, 4, dtype=torch.float64), torch.tensor([4, 4, 1])
    gem = GeneralisedMeanHead(4, 3.0).double()
    for d in range(4):
        column = features[:, d].tolist()
        assert equally(features, lengths)[d].item() == pytest.approx(sum(column) / 3)
        assert MaxHead(4).combine(features, lengths)[d].item() == max(column)
        weighted = sum(n * v for n, v in zip([4, 4, 1], column, strict=True)) / 9
        assert by_length(features, lengths)[d].item() == pytest.approx(weighted)
        power = (sum(n * v**3 for n, v in zip([4, 4, 1], column, strict=True)) / 9) ** (1 / 3)
        assert gem.combine(features, lengths)[d].item() == pytest.approx(power)
