"""Training of a re-ID network on clips: the guider and every later one (paper §3.5, §4.2, §5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from stcnet_lib.common.compute import Compute, unwrapped
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.loop import Course, run_steps
from stcnet_lib.common.training.schedule import reid_rate, set_rate
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.config import ReIDConfig, RuntimeConfig
from stcnet_lib.data.clips.loader import ClipDataset, clip_loader
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.averaging import WeightAverage, estimate_statistics
from stcnet_lib.reid.network import ReIDNetwork, Seen
from stcnet_lib.reid.triplet import batch_hard_triplet


def train_reid(
    config: ReIDConfig,
    stores: Sequence[TrackletStore],
    split: int,
    seed: int,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[ReIDNetwork, History, TrainingState]:
    """Train on the train tracklets of a split.

    Returns the network (with `average` the mean of its last ones), in evaluation mode, its history, and the
    state, which the caller removes once the weights are written.

    Args:
        stores: the data set, or several completions of it, of which each clip draws one.
        folder: where the state to resume from is kept.
        resume_key: digest of everything the training depends on.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if the loss is no longer a number.
    """
    dataset = ClipDataset(stores, split, config, seed)
    network, placed, optimizer = _build(config, dataset.num_classes, seed, compute)
    total = dataset.steps_per_epoch * config.epochs
    average = WeightAverage(network, config.average, total)
    parts = {"network": network, "optimizer": optimizer, "average": average}
    state = TrainingState(folder, resume_key, parts, compute, runtime.save_steps)
    history = History(state, total)
    first = state.resume()
    loader = clip_loader(dataset, config.batch, first, runtime.workers, compute)
    placed.train()

    def train_step(step: int, batch: tuple[Tensor, Tensor]) -> tuple[dict[str, Tensor], float]:
        clips, labels = (
            part.to(compute.device, non_blocking=True) for part in batch
        )  # (B, T, 3, H, W), (B,)
        rate = reid_rate(config, step, dataset.steps_per_epoch)
        set_rate(optimizer, rate)
        with compute.autocast(config.precision):
            seen = placed(clips)
            cross_entropy, added = _losses(config, seen, labels)
            loss = sum(added.values(), cross_entropy)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.after_step(step + 1)
        accuracy = (seen.logits.argmax(1) == labels).float().mean()
        return {"loss": loss, "accuracy": accuracy, **added}, rate

    course = Course(folder.name, "guider or networks", ("loss", "loss"), total)
    run_steps(course, first, loader, train_step, state, history, compute, runtime.progress_seconds)
    if average.averages:
        # Not part of the state: whoever is killed here goes on at the last saved step and comes by again.
        estimate_statistics(average.network, dataset, config, runtime.workers, compute)
    return average.network.eval(), history, state


def _losses(config: ReIDConfig, seen: Seen, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy (paper §5.2), and by name what the head and the settings add to it, weighted."""
    smoothing = config.label_smoothing
    cross_entropy = functional.cross_entropy(seen.logits.float(), labels, label_smoothing=smoothing)
    added = dict(seen.penalties)
    if (triplet := config.triplet) is not None:
        added["triplet"] = triplet.weight * batch_hard_triplet(seen.features, labels, triplet.margin)
    return cross_entropy, added


def _build(config: ReIDConfig, num_classes: int, seed: int, compute: Compute):
    torch.manual_seed(seed)  # initial weights; the only draw from the global generator
    network = ReIDNetwork(config, num_classes)
    network.backbone.load_pretrained(config.pretrained)
    network = compute.place(network)
    placed = compute.distribute(network)
    optimizer = torch.optim.Adam(
        network.parameters(),
        lr=config.lr,
        weight_decay=config.weight_decay,
        fused=compute.device.type == "cuda",
    )
    return unwrapped(placed), placed, optimizer
