"""Penalties of heads: they reach the loss, its gradient and the history. The resumed one: tests/common."""

import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import RuntimeConfig
from stcnet_lib.config.parts import Diversity
from stcnet_lib.data.clips.loader import ClipDataset, clip_loader
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.training import train_reid

CPU = Compute(torch.device("cpu"))
RUNTIME = RuntimeConfig(device="cpu", workers=0, save_steps=1000, progress_seconds=1000)


def trained(store_path, tmp_path, config):
    with TrackletStore(store_path) as store:
        _, history, state = train_reid(config, [store], 0, 5, tmp_path, "key", RUNTIME, CPU)
        dataset = ClipDataset([store], 0, config, 5)
        (clips, labels), *_ = clip_loader(dataset, config.batch, 0, 0, CPU)
    return history, state.history, clips, labels


def test_the_loss_is_the_cross_entropy_and_the_penalty(store_path, tmp_path, guider_config):
    """The first step by hand: seed 5, weight 0.5."""
    head = Diversity(places=3, channels=4, weight=0.5)
    config = guider_config.model_copy(update={"head": head, "epochs": 2})
    history, rows, clips, labels = trained(store_path, tmp_path, config)
    torch.manual_seed(5)
    network = ReIDNetwork(config, 2).train()
    seen = network(clips)
    assert list(seen.penalties) == ["diversity"]
    wanted = F.cross_entropy(seen.logits, labels) + seen.penalties["diversity"]
    assert rows[0]["loss"] == pytest.approx(wanted.item(), rel=1e-5)
    assert rows[0]["diversity"] == pytest.approx(seen.penalties["diversity"].item(), rel=1e-5)
    assert 0 < rows[0]["diversity"] <= 0.5 * 3 * 2
    assert "final_diversity" in history.finish(tmp_path / "history.csv")


def test_a_heavier_penalty_moves_places_further_apart(store_path, tmp_path, guider_config):
    last = {}
    for weight in (0.001, 10.0):
        head = Diversity(places=2, channels=4, weight=weight)  # maps of these pictures have two positions
        config = guider_config.model_copy(update={"head": head, "epochs": 30, "lr": 5e-3})
        _, rows, *_ = trained(store_path, tmp_path / str(weight), config)
        last[weight] = rows[-1]["diversity"] / weight
    assert last[10.0] < last[0.001] / 2


def test_networks_without_penalties_have_the_history_that_they_had(store_path, tmp_path, guider_config):
    _, rows, *_ = trained(store_path, tmp_path, guider_config.model_copy(update={"epochs": 2}))
    assert set(rows[0]) == {"step", "loss", "accuracy", "lr", "seconds"}
