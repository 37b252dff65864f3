"""What only a CUDA device can show; skipped, with the reason, where there is none."""

import json
from importlib import import_module

import numpy as np
import pytest
import torch

from stcnet_lib.common.compute import Compute, compute_for
from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.completion.learning.training import train_network
from stcnet_lib.completion.learning.windows import samples_for
from stcnet_lib.completion.stcnet.training import learner
from stcnet_lib.config import EvaluationConfig, ReIDConfig, RuntimeConfig
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.embedding import embed_tracklets
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.training import train_reid

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
RUNTIME = RuntimeConfig(device="cuda", workers=0, save_steps=1000, progress_seconds=1000)


def weights_of(network):
    return {name: value.cpu() for name, value in network.state_dict().items()}


def test_the_same_seed_gives_the_same_bits(store_path, tmp_path, reid_config):
    runs = []
    for _ in range(2):
        with compute_for(RUNTIME) as compute, TrackletStore(store_path) as store:
            network, *_ = train_reid(reid_config, [store], 0, 1, tmp_path, "key", RUNTIME, compute)
            runs.append(weights_of(network))
    assert all(runs[0][name].equal(runs[1][name]) for name in runs[0])


KINDS = {
    "non-local": {},
    "recurrent": {"head": {"kind": "recurrent", "channels": 16}},
    "joint_attention": {"head": "joint_attention"},
    "diversity": {"head": {"kind": "diversity", "places": 3}},
    "gem": {"head": "gem"},
    "aligned_conv3d": {"non_local": False, "blocks": "aligned_conv3d"},
    "several": {"non_local": False, "blocks": {"kind": "several", "of": ["conv3d", "non_local"]}},
    "i3d": {"backbone": {"kind": "i3d", "of": "resnet18"}},
    "convnext": {"backbone": {"kind": "convnext_tiny", "depths": [1, 1, 2, 1]}},
    "triplet": {"triplet": {"tracklets": 2}},
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_network_trains_and_embeds(store_path, tmp_path, reid_config, kind, precision):
    values = json.loads(reid_config.canonical_json()) | KINDS[kind] | {"precision": precision}
    config = ReIDConfig.model_validate(values)
    with compute_for(RUNTIME) as compute, TrackletStore(store_path) as store:
        network, _, state = train_reid(config, [store], 0, 1, tmp_path, "key", RUNTIME, compute)
        found = embed_tracklets(network, store, 0, EvaluationConfig(), RUNTIME, compute)
    assert np.isfinite([row["loss"] for row in state.history]).all()
    assert np.linalg.norm(found.features, axis=1) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_stcnet_trains(store_path, tmp_path, stcnet_config, guider_config, precision):
    config = stcnet_config.model_copy(update={"precision": precision, "synthesis": "blend"})
    with compute_for(RUNTIME) as compute, TrackletStore(store_path) as store:
        samples = CompletionSamples(
            store, np.zeros((store.num_frames, 3), bool), 0, config.samples, config.size, 0
        )
        guider = ReIDNetwork(guider_config, samples.num_classes)
        stcnet = learner(config, guider, samples.num_classes, 0, compute)
        _, state = train_network(config, stcnet, samples, tmp_path, "key", RUNTIME, compute)
    losses = [row["l1_temporal"] for row in state.history]
    assert len(losses) == config.iterations
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["stcnet3d", "context_encoder", "glcic"])
def test_networks_of_other_kinds_train(store_path, tmp_path, guider_config, kind, precision):
    row = NETWORKS[kind]
    config = row.settings(height=32, width=16, channels=8, batch=2, iterations=24, precision=precision)
    if kind == "stcnet3d":
        config = config.model_copy(update={"window": 5})
    with compute_for(RUNTIME) as compute, TrackletStore(store_path) as store:
        flags = np.zeros((store.num_frames, 3), bool)
        samples = samples_for(store, flags, 0, config.samples, config.size, 0)
        guider = ReIDNetwork(guider_config, samples.num_classes)
        student = import_module(row.learning).learner(config, guider, samples.num_classes, 0, compute)
        _, state = train_network(config, student, samples, tmp_path, "key", RUNTIME, compute)
    losses = [row["l1"] for row in state.history]
    assert len(losses) == config.iterations
    assert np.isfinite(losses).all()


def test_embeddings_agree_with_the_cpu(store_path, reid_config):
    torch.manual_seed(0)
    network = ReIDNetwork(reid_config, 2)
    with TrackletStore(store_path) as store, compute_for(RUNTIME) as compute:
        found = embed_tracklets(network, store, 0, EvaluationConfig(), RUNTIME, compute)
        cpu = Compute(torch.device("cpu"))
        wanted = embed_tracklets(network, store, 0, EvaluationConfig(), RUNTIME, cpu)
    # TF32 convolutions keep three digits.
    assert found.features == pytest.approx(wanted.features, abs=5e-3)
