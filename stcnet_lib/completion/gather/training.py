"""The training: L1 in simulated holes, of the mixture that the network's weights make of moved candidates."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.loop import Course, run_steps
from stcnet_lib.common.training.schedule import completion_rate, set_rate
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.completion.gather.composition import asked, composed
from stcnet_lib.completion.gather.network import GatherNetwork
from stcnet_lib.completion.gather.samples import GatherBatch, GatherSamples
from stcnet_lib.completion.gather.skill import GatherValidation, filled
from stcnet_lib.completion.learning.pictures import draw_samples
from stcnet_lib.config import GatherConfig, RuntimeConfig

_LARGEST_GRADIENT = 1.0  # norm: one batch of odd holes must not undo what was learned, trainings diverged
_WEIGHT_DECAY = 1e-3
_WARMUP = 0.1  # share of the steps
_PICTURED = 8  # samples


def train_gather(
    config: GatherConfig,
    samples: GatherSamples,
    validation: GatherValidation | None,
    seed: int,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
) -> tuple[GatherNetwork, History, TrainingState]:
    """Train the network; it is left in evaluation mode. `folder` also receives `samples.png`.

    Returns:
        The network, the history, and the state, which the caller removes once the weights are written.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if the loss is no longer a number.
    """
    torch.manual_seed(seed)  # initial weights; the only draw from the global generator
    network = compute.place(GatherNetwork(config.network))
    optimizer = torch.optim.AdamW(
        network.parameters(), config.lr, betas=config.betas, weight_decay=_WEIGHT_DECAY
    )
    parts = {"network": network, "optimizer": optimizer}
    state = TrainingState(folder, resume_key, parts, compute, runtime.save_steps)
    history = History(state, config.iterations)
    first, total = state.resume(), config.iterations

    def step(number: int, batch: GatherBatch) -> tuple[dict[str, Tensor], float]:
        rate = completion_rate(config.optimiser, number) * min(1.0, (number + 1) / (_WARMUP * total))
        set_rate(optimizer, rate)
        with compute.autocast(config.precision):
            loss = hole_loss(network, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
        optimizer.step()
        return {"l1": loss}, rate

    pictured = samples.batch(0, compute.device) if validation is None else validation.batches[0]

    def draw(done: int) -> None:
        people = "train people" if validation is None else "people who are held out"
        columns = _columns(network, pictured, compute)
        draw_samples(columns, folder / "samples.png", f"holes of {people}, after {done} steps")

    def measure(done: int) -> dict[str, float] | None:
        if validation is None or not validation.due(done, total):
            return None
        draw(done)
        return validation.columns(network)

    batches = (samples.batch(number, compute.device) for number in range(first, total))
    course = Course("gather", "gather", ("l1", "l1"), total)
    run_steps(
        course, first, batches, step, state, history, compute, runtime.progress_seconds, measure=measure
    )
    draw(total)
    return network.eval(), history, state


def hole_loss(network: GatherNetwork, batch: GatherBatch) -> Tensor:
    """Mean |truth - mixture| over the pixels and channels that count, all samples of the batch together."""
    found = batch.sources
    mixture = composed(asked(network, found), found.pictures, found.unseen, "soft")
    errors = (mixture - found.frame).abs() * batch.counts
    return errors.sum() / (3 * batch.counts.sum()).clamp(min=1)


def _columns(network: GatherNetwork, batch: GatherBatch, compute: Compute) -> dict[str, Tensor]:
    """The first holes and what fills them, by heading: (B, 3, H, W) in [-1, 1] each, on the CPU."""
    frame, counts = batch.sources.frame, batch.counts
    fillings = {"median": batch.sources.pictures[:, -1]}
    fillings |= {choice: filled(network, batch, choice, compute) for choice in ("soft", "sharp")}
    columns = {
        "hole": frame.masked_fill(counts, 0),
        **{name: torch.where(counts, filling, frame) for name, filling in fillings.items()},
        "original": frame,
    }
    return {name: images[:_PICTURED].float().cpu() for name, images in columns.items()}
