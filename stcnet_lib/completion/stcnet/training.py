"""Training of STCnet: generators against discriminators, guided by a frozen re-ID network (paper §3.4-3.6).

One step, on frames x whose region M was hidden on purpose:

    x1 = spatial generator, x2 = temporal generator
    discriminators:  BCE(D(x), 1) + BCE(D(x2), 0), global and local                 (Eq. 7, 8)
    generators:      |x - x1| + |x - x2| + λ1 (adversarial) + λ2 (guider's ID loss)  (Eq. 4, 9, 10)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from stcnet_lib.common.compute import Compute, unwrapped
from stcnet_lib.common.masks import region_mask
from stcnet_lib.common.training.history import History
from stcnet_lib.common.training.loop import Course, run_steps
from stcnet_lib.common.training.schedule import set_rate, stcnet_rate
from stcnet_lib.common.training.state import TrainingState
from stcnet_lib.completion.stcnet.discriminators import GlobalDiscriminator, LocalDiscriminator
from stcnet_lib.completion.stcnet.generators import Completion, STCnet
from stcnet_lib.completion.stcnet.losses import (
    discriminator_loss,
    freeze,
    generator_adversarial_loss,
    guider_loss,
    reconstruction_loss,
    total_loss,
)
from stcnet_lib.completion.stcnet.pictures import draw_samples
from stcnet_lib.completion.stcnet.samples import CompletionSamples, Sample, sample_loader
from stcnet_lib.config import RuntimeConfig, StcnetConfig
from stcnet_lib.data.clips.transforms import to_unit
from stcnet_lib.reid.network import ReIDNetwork

PICTURES = 20  # how often sample pictures are drawn while it trains


@dataclass(frozen=True)
class Batch:
    """A batch of samples on the device; images in [-1, 1], masks 1 where a pixel is dropped."""

    frame: Tensor  # (B, 3, H, W)
    references: tuple[Tensor, ...]  # (B, 3, H, W) each
    mask: Tensor  # (B, 1, H, W) hidden from the generators: to be filled, or occluded anyway
    reference_masks: tuple[Tensor, ...]  # (B, 1, H, W) each
    known: Tensor  # (B, 1, H, W) 1 where the frame shows the person, so that it is a target
    masked: Tensor  # (B, K) bool: the regions hidden on purpose, which the local discriminator looks at
    label: Tensor  # (B,)

    def shown(self, x2: Tensor) -> Tensor:
        """What discriminators and guider look at: the completion, but occluders that are there anyway.

        Nobody knows what belongs behind those, so an opinion about it would only teach noise.
        """
        return torch.where(self.known.bool(), x2, self.frame)

    @classmethod
    def of(cls, sample: Sample, compute: Compute) -> Batch:
        """Move a collated sample to the device."""
        moved = {key: value.to(compute.device, non_blocking=True) for key, value in sample.items()}
        height, width = moved["frame"].shape[-2:]

        own, *others = sample["heights"].T.tolist()  # B originals each

        def image(pixels: Tensor) -> Tensor:
            return to_unit(pixels).contiguous(memory_format=torch.channels_last)

        def mask(flags: Tensor, originals: list[int] = own) -> Tensor:
            return region_mask(flags, height, width, originals)

        flagged = moved["references_flagged"].unbind(1)  # R times (B, K)

        return cls(
            frame=image(moved["frame"]),
            references=tuple(image(pixels) for pixels in moved["references"].unbind(1)),
            mask=mask(moved["masked"] | moved["flagged"]),
            reference_masks=tuple(map(mask, flagged, others)),
            known=1 - mask(moved["flagged"]),
            masked=moved["masked"],
            label=moved["label"],
        )


class Discriminators(nn.Module):
    """The global and the local discriminator, whichever the settings ask for."""

    def __init__(self, config: StcnetConfig) -> None:
        super().__init__()
        self.whole = GlobalDiscriminator(config) if config.global_discriminator else None
        self.region = LocalDiscriminator(config) if config.local_discriminator else None

    def forward(self, images: Tensor, masked: Tensor) -> dict[str, Tensor]:
        """Logits (N,) of being real, by name, of images (B, 3, H, W) with masked regions (B, K)."""
        logits = {}
        if self.whole is not None:
            logits["global"] = self.whole(images)
        if self.region is not None:
            logits["local"] = self.region(images, masked)
        return logits


@dataclass(frozen=True)
class Players:
    """The networks of the game and their optimisers; `placed` ones may be distributed."""

    placed_generators: nn.Module
    placed_discriminators: nn.Module | None
    guider: ReIDNetwork | None
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer | None

    @property
    def generators(self) -> STCnet:
        return unwrapped(self.placed_generators)

    @property
    def discriminators(self) -> Discriminators | None:
        return None if self.placed_discriminators is None else unwrapped(self.placed_discriminators)

    def parts(self) -> dict[str, object]:
        """What a training state holds."""
        parts = {"generators": self.generators, "generator_optimizer": self.generator_optimizer}
        if self.discriminators is not None:
            parts["discriminators"] = self.discriminators
            parts["discriminator_optimizer"] = self.discriminator_optimizer
        return parts


class Measured(Protocol):
    """What looks at the generators while they train, without a random draw (`skill.Validation`)."""

    def due(self, done: int, total: int) -> bool:
        """Whether it is time to, after `done` of `total` steps."""
        ...

    def columns(self, generators: STCnet) -> dict[str, float]:
        """Its values by column of `history.csv`."""
        ...


def train_stcnet(
    config: StcnetConfig,
    samples: CompletionSamples,
    guider: ReIDNetwork,
    seed: int,
    folder: Path,
    resume_key: str,
    runtime: RuntimeConfig,
    compute: Compute,
    validation: Measured | None = None,
) -> tuple[STCnet, History, TrainingState]:
    """Train on samples of the train split; returns STCnet, in evaluation mode, its history, and the
    state, which the caller removes once the weights are written.

    `folder` also receives `samples.png`, redrawn while the training goes on.

    Raises:
        Stopped: after SIGTERM or SIGINT, with the state saved.
        Diverged: if the loss is no longer a number.
    """
    if config.guider_loss and guider.num_classes != samples.num_classes:
        raise ValueError(
            f"stcnet.guider_loss: got true, wanted false: the guider knows {guider.num_classes} people, "
            f"and the train split has {samples.num_classes} others"
        )
    players = build_players(config, guider, seed, compute)
    state = TrainingState(folder, resume_key, players.parts(), compute, runtime.save_steps)
    history = History(state, config.iterations)
    first = state.resume()
    pictured = Batch.of(torch.utils.data.default_collate([samples[i] for i in range(8)]), compute)
    loader = sample_loader(samples, first, runtime.workers, compute)

    def step(number: int, sample: Sample) -> tuple[dict[str, Tensor], float]:
        rate = stcnet_rate(config, number)
        return train_step(config, players, Batch.of(sample, compute), rate, compute), rate

    def measure(done: int) -> dict[str, float] | None:
        if validation is None or not validation.due(done, config.iterations):
            return None
        return validation.columns(players.generators)

    def draw(done: int) -> None:
        if compute.is_main and done % max(1, config.iterations // PICTURES) == 0:
            _draw(players.generators, pictured, folder / "samples.png", done, config, compute)

    run_steps(
        Course("STCnet", "stcnet", ("l1", "l1_temporal"), config.iterations),
        first,
        loader,
        step,
        state,
        history,
        compute,
        runtime.progress_seconds,
        measure=measure,
        after=draw,
    )
    players.generators.eval()
    if compute.is_main:
        _draw(players.generators, pictured, folder / "samples.png", config.iterations, config, compute)
    return players.generators, history, state


def build_players(config: StcnetConfig, guider: ReIDNetwork, seed: int, compute: Compute) -> Players:
    """Generators, discriminators and the frozen guider, on their device, with their optimisers."""
    torch.manual_seed(seed)  # initial weights; the only draw from the global generator
    generators = compute.place(STCnet(config))
    discriminators = None
    if config.global_discriminator or config.local_discriminator:
        discriminators = compute.place(Discriminators(config))
    guider = freeze(compute.place(guider)) if config.guider_loss else None
    fused = compute.device.type == "cuda"

    def adam(network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(network.parameters(), lr=config.lr, betas=config.betas, fused=fused)

    return Players(
        compute.distribute(generators),
        None if discriminators is None else compute.distribute(discriminators),
        guider,
        adam(generators),
        None if discriminators is None else adam(discriminators),
    )


def train_step(
    config: StcnetConfig, players: Players, batch: Batch, rate: float, compute: Compute
) -> dict[str, Tensor]:
    """One step of the discriminators, then one of the generators; returns all losses."""
    with compute.autocast(config.precision):
        completion = players.placed_generators(
            batch.frame, *batch.references, batch.mask, *batch.reference_masks
        )
    values = {}
    if players.discriminators is not None:
        values["discriminator"] = _discriminator_step(config, players, batch, completion, rate, compute)
    with compute.autocast(config.precision):
        losses = generator_losses(config, players, batch, completion)
    set_rate(players.generator_optimizer, rate)
    players.generator_optimizer.zero_grad(set_to_none=True)
    total_loss(
        config,
        losses["l1_spatial"] + losses["l1_temporal"],
        losses.get("adversarial", 0.0),
        losses.get("guider", 0.0),
    ).backward()
    players.generator_optimizer.step()
    if completion.entropy is not None:
        values["entropy"] = completion.entropy.mean()
    return values | losses


def generator_losses(
    config: StcnetConfig, players: Players, batch: Batch, completion: Completion
) -> dict[str, Tensor]:
    """The unweighted terms of the generators' objective (Eq. 10)."""
    # Where the frame itself is occluded nobody knows the truth: no error is counted there.
    losses = {
        "l1_spatial": reconstruction_loss(batch.frame, completion.x1, batch.known),
        "l1_temporal": reconstruction_loss(batch.frame, completion.x2, batch.known),
    }
    if players.discriminators is not None:
        # Called unwrapped and frozen: gradients pass through, the discriminators get none.
        players.discriminators.requires_grad_(False)
        logits = players.discriminators(batch.shown(completion.x2), batch.masked)
        losses["adversarial"] = sum(
            generator_adversarial_loss(value, config.adversarial) for value in logits.values()
        )
        players.discriminators.requires_grad_(True)
    if players.guider is not None:
        losses["guider"] = guider_loss(players.guider, batch.shown(completion.x2), batch.label)
    return losses


def _discriminator_step(
    config: StcnetConfig,
    players: Players,
    batch: Batch,
    completion: Completion,
    rate: float,
    compute: Compute,
) -> Tensor:
    fake = batch.shown(completion.x2.detach())
    with compute.autocast(config.precision):
        # Both halves in one call: a distributed network wants one forward pass for one backward pass.
        logits = players.placed_discriminators(torch.cat([batch.frame, fake]), torch.cat([batch.masked] * 2))
    loss = sum(discriminator_loss(*value.float().chunk(2)) for value in logits.values())
    set_rate(players.discriminator_optimizer, rate)
    players.discriminator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    players.discriminator_optimizer.step()
    return loss


@torch.no_grad()
def _draw(
    generators: STCnet, batch: Batch, path: Path, step: int, config: StcnetConfig, compute: Compute
) -> None:
    with compute.autocast(config.precision):
        completion = generators(batch.frame, *batch.references, batch.mask, *batch.reference_masks)
    previous, following = batch.references
    columns = {
        "previous": previous,
        "input": batch.frame * (1 - batch.mask),
        "next": following,
        "spatial": completion.x1,
        "temporal": completion.x2,
        "original": batch.frame,
    }
    draw_samples({name: image.float().cpu() for name, image in columns.items()}, path, f"after {step} steps")
