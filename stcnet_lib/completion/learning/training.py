"""The training of a completion network of any kind: simulated occlusions, pictures, skill on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.loop import Course, run_steps
from stcnet_lib.common.training.schedule import completion_rate
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.completion.learning.batch import Batch, CompletionNetwork, Sample
from stcnet_lib.completion.learning.loader import sample_loader
from stcnet_lib.completion.learning.pictures import draw_samples
from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.completion.learning.skill import Validation
from stcnet_lib.config import CompletionNetworkConfig, RuntimeConfig

PICTURES = 20  # how often sample pictures are drawn while it trains
_PICTURED = 8  # samples


class Learner(Protocol):
    """A network, what else its training needs, and one step of it."""

    name: str  # of the network, in lines of progress
    shown: tuple[str, str]  # the loss in lines of progress: its name there, and in a step's losses

    @property
    def network(self) -> CompletionNetwork:
        """What is measured, drawn and saved."""
        ...

    def parts(self) -> dict[str, object]:
        """What a training state holds: all that a step changes."""
        ...

    def step(self, batch: Batch, rate: float) -> dict[str, Tensor]:
        """Learn from a batch at a rate; returns losses, of which the sum must be finite."""
        ...


@dataclass(frozen=True)
class _Pictures:
    """`samples.png`: the first samples, redrawn while the training goes on."""

    learner: Learner
    batch: Batch
    path: Path
    total: int  # steps
    compute: Compute

    def after(self, done: int) -> None:
        if done % max(1, self.total // PICTURES) == 0:
            self.draw(done)

    @torch.no_grad()
    def draw(self, done: int) -> None:
        if not self.compute.is_main:
            return
        batch, network = self.batch, self.learner.network
        with self.compute.autocast(network.config.precision):
            stages = network.stages(batch)
        frames, alone = batch.window.frames, batch.window.frames.shape[1] == 1
        columns = {
            **({} if alone else {"previous": frames[:, 0]}),
            "input": batch.frame * (1 - batch.mask),
            **({} if alone else {"next": frames[:, -1]}),
            **stages,
            "original": batch.frame,
        }
        pictures = {name: image.float().cpu() for name, image in columns.items()}
        draw_samples(pictures, self.path, f"{self.learner.name} on train samples, after {done} steps")


def train_network(
    config: CompletionNetworkConfig,
    learner: Learner,
    samples: CompletionSamples,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
    validation: Validation | None = None,
) -> tuple[History, TrainingState]:
    """Train the learner's network on samples of the train split; it is left in evaluation mode.

    `folder` also receives `samples.png`.

    Returns:
        The history, and the state, which the caller removes once the weights are written.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if the loss is no longer a number.
    """
    optimiser, total = config.optimiser, config.iterations
    state = TrainingState(folder, resume_key, learner.parts(), compute, runtime.save_steps)
    history = History(state, total)
    first = state.resume()
    pictured = torch.utils.data.default_collate([samples[i] for i in range(_PICTURED)])
    pictures = _Pictures(learner, Batch.of(pictured, compute), folder / "samples.png", total, compute)

    def step(number: int, sample: Sample) -> tuple[dict[str, Tensor], float]:
        rate = completion_rate(optimiser, number)
        return learner.step(Batch.of(sample, compute), rate), rate

    def measure(done: int) -> dict[str, float] | None:
        if validation is None or not validation.due(done, total):
            return None
        return validation.columns(learner.network)

    run_steps(
        Course(learner.name, "stcnet", learner.shown, total),
        first,
        sample_loader(samples, optimiser, first, runtime.workers, compute),
        step,
        state,
        history,
        compute,
        runtime.progress_seconds,
        measure=measure,
        after=pictures.after,
    )
    learner.network.eval()
    pictures.draw(total)
    return history, state
