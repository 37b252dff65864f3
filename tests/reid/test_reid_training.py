"""The training of re-ID networks against a twin that writes loss and update out."""

import pytest
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import RuntimeConfig
from stcnet_lib.data.clips.loader import ClipDataset, clip_loader
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.training import train_reid

CPU = Compute(torch.device("cpu"))
RUNTIME = RuntimeConfig(device="cpu", workers=0, save_steps=1000, progress_seconds=1000)


@pytest.mark.parametrize(
    ("smoothing", "decay", "schedule"), [(0.0, 0.0, "constant"), (0.3, 0.0, "step"), (0.0, 0.5, "constant")]
)
def test_a_training_is_its_twin(store_path, tmp_path, reid_config, smoothing, decay, schedule):
    steps = {"lr_step": 1, "lr_gamma": 0.1, "warmup": 0, "average": 0, "epochs": 4}
    config = reid_config.model_copy(
        update={"label_smoothing": smoothing, "weight_decay": decay, "schedule": schedule, **steps}
    )
    with TrackletStore(store_path) as store:
        network, _, state = train_reid(config, [store], 0, 5, tmp_path, "key", RUNTIME, CPU)
        dataset = ClipDataset([store], 0, config, 5)
        batches = list(clip_loader(dataset, config.batch, 0, 0, CPU))
    torch.manual_seed(5)
    twin = ReIDNetwork(config, dataset.num_classes).train()
    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in twin.named_parameters()}
    losses = []
    for step, (clips, labels) in enumerate(batches, start=1):
        epoch = (step - 1) // dataset.steps_per_epoch
        rate = config.lr * (0.1**epoch if schedule == "step" else 1)
        chances = twin(clips)[1].log_softmax(1)
        right = chances[torch.arange(len(labels)), labels]
        loss = -((1 - smoothing) * right + smoothing * chances.mean(1)).mean()
        losses.append(loss.item())
        twin.zero_grad()
        loss.backward()
        with torch.no_grad():  # Adam (Kingma and Ba, 2015), with decay as a part of the gradient
            for name, p in twin.named_parameters():
                gradient = p.grad + decay * p
                first, second = moments[name]
                first.mul_(0.9).add_(0.1 * gradient)
                second.mul_(0.999).add_(0.001 * gradient**2)
                size = (second / (1 - 0.999**step)).sqrt() + 1e-8
                p -= rate * (first / (1 - 0.9**step)) / size
    recorded = [row["loss"] for row in state.history]
    assert recorded == pytest.approx(losses, rel=2e-3)
    # Adam divides by the gradient's size: where that is rounding error alone, a step may go either way.
    apart = [
        (got - wanted).abs().flatten()
        for got, wanted in zip(network.parameters(), twin.parameters(), strict=True)
    ]
    assert torch.cat(apart).mean() < 1e-4  # four steps are up to 4e-3 long
