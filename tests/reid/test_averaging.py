"""Averaged weights against plain sums over steps, and their batch-norm statistics against whole batches."""

import numpy as np
import pytest
import torch
from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import RuntimeConfig
from stcnet_lib.data.clips.loader import ClipDataset, EpochBatches
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.averaging import WeightAverage, estimate_statistics
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.training import train_reid

RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0)
CPU = Compute(torch.device("cpu"))


@pytest.mark.parametrize(("share", "counted"), [(0.4, range(7, 11)), (0.01, [10]), (1.0, range(1, 11))])
def test_the_mean_is_of_the_last_steps(share, counted):
    network = nn.Linear(1, 1)
    average = WeightAverage(network, share, total=10)
    for done in range(1, 11):
        with torch.no_grad():
            network.weight.fill_(done**2)
        average.after_step(done)
    assert average.network.weight.item() == pytest.approx(np.mean([done**2 for done in counted]), rel=1e-6)
    assert network.weight.item() == 100, "the training itself goes on from its own weights"


def test_without_a_share_the_network_is_its_own_mean():
    network = nn.Linear(1, 1)
    average = WeightAverage(network, 0.0, total=10)
    average.after_step(10)
    assert average.network is network
    assert not average.averages
    assert average.state_dict() == {}


def test_a_state_in_the_middle_goes_on_to_the_same_mean():
    weights = np.random.default_rng(0).normal(size=12)
    whole, first = (WeightAverage(nn.Linear(1, 1), 0.5, total=12) for _ in range(2))
    second = None
    for done, weight in enumerate(weights, start=1):
        if done == 9:  # two are in the mean
            second = WeightAverage(nn.Linear(1, 1), 0.5, total=12)
            second.load_state_dict(first.state_dict())
        for average in (whole, second or first):
            with torch.no_grad():
                average._trained.weight.fill_(weight)
            average.after_step(done)
    assert torch.equal(whole.network.weight, second.network.weight)


def test_statistics_are_means_over_the_clips_of_one_more_epoch(store_path, guider_config):
    """The first batch norm sees the stem's convolution, whose output is computed here batch by batch."""
    config = guider_config.model_copy(update={"batch": 2, "epochs": 3})
    with TrackletStore(store_path) as store:
        dataset = ClipDataset([store], 0, config, seed=5)
        network = ReIDNetwork(config, dataset.num_classes)
        estimate_statistics(network, dataset, config, 0, CPU)
        steps = dataset.steps_per_epoch
        keys = list(EpochBatches(len(dataset), 2, 5, 3 * steps, 4 * steps))
        assert {epoch for batch in keys for epoch, _ in batch} == {3}, "the epoch after the last one"
        outputs = [
            network.backbone.conv1(torch.stack([dataset[key][0] for key in batch]).flatten(0, 1))
            for batch in keys
        ]
    means = torch.stack([output.mean((0, 2, 3)) for output in outputs]).mean(0)
    variances = torch.stack([output.var((0, 2, 3)) for output in outputs]).mean(0)
    torch.testing.assert_close(network.backbone.bn1.running_mean, means, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(network.backbone.bn1.running_var, variances, rtol=1e-4, atol=1e-5)
    assert network.backbone.bn1.momentum == 0.1, "the setting itself is put back"


def test_the_trained_network_is_the_mean_of_all_its_states(store_path, guider_config, tmp_path, monkeypatch):
    """With a share of 1, the weights after every step are summed up by hand."""
    sums: list[torch.Tensor] = []
    counted = WeightAverage.after_step

    def noted(self, done):
        sums.append(self._trained.classifier.weight.detach().clone().double())
        counted(self, done)

    monkeypatch.setattr(WeightAverage, "after_step", noted)
    results = {}
    for share in (1.0, 0.0):
        sums.clear()
        config = guider_config.model_copy(update={"average": share, "epochs": 3})
        with TrackletStore(store_path) as store:
            results[share], _, _ = train_reid(config, [store], 0, 1, tmp_path, "0" * 16, RUNTIME, CPU)
        wanted = torch.stack(sums).mean(0) if share else sums[-1]
        torch.testing.assert_close(results[share].classifier.weight.double(), wanted, rtol=1e-4, atol=1e-6)
        assert not results[share].training
    assert not torch.equal(results[1.0].classifier.weight, results[0.0].classifier.weight)
