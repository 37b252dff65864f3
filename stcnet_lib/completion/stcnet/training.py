"""STCnet learns: generators against discriminators, guided by a frozen re-ID network (paper §3.4-3.6).

One step, on frames x whose region M was hidden on purpose:

    x1 = spatial generator, x2 = temporal generator
    discriminators:  BCE(D(x), 1) + BCE(D(x2), 0), global and local                 (Eq. 7, 8)
    generators:      |x - x1| + |x - x2| + λ1 (adversarial) + λ2 (guider's ID loss)  (Eq. 4, 9, 10)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stcnet_lib.common.compute import Compute, unwrapped
from stcnet_lib.common.training.schedule import set_rate
from stcnet_lib.completion.learning.batch import Batch
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
from stcnet_lib.config import GameConfig, SizeConfig, StcnetConfig
from stcnet_lib.reid.network import ReIDNetwork


class Discriminators(nn.Module):
    """The global and the local discriminator, whichever the settings ask for."""

    def __init__(self, config: GameConfig, size: SizeConfig) -> None:
        super().__init__()
        self.whole = GlobalDiscriminator(config, size) if config.global_discriminator else None
        self.region = LocalDiscriminator(config, size) if config.local_discriminator else None

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


class Learner:
    """STCnet, its opponents and its guide (`learning.training.Learner`)."""

    name, shown = "STCnet", ("l1", "l1_temporal")

    def __init__(self, game: GameConfig, players: Players, compute: Compute) -> None:
        self._game, self._players, self._compute = game, players, compute

    @property
    def network(self) -> STCnet:
        return self._players.generators

    def parts(self) -> dict[str, object]:
        return self._players.parts()

    def step(self, batch: Batch, rate: float) -> dict[str, Tensor]:
        return train_step(self._game, self._players, batch, rate, self._compute)


def learner(
    config: StcnetConfig, guider: ReIDNetwork, num_classes: int, seed: int, compute: Compute
) -> Learner:
    """STCnet at the beginning of its training.

    Args:
        num_classes: people of the train split.

    Raises:
        ValueError: if the guider knows others and the generators are to learn from what it says.
    """
    if config.guider_loss and guider.num_classes != num_classes:
        raise ValueError(
            f"stcnet.guider_loss: got true, wanted false: the guider knows {guider.num_classes} people, "
            f"and the train split has {num_classes} others"
        )
    return Learner(config.game, build_players(config, guider, seed, compute), compute)


def build_players(config: StcnetConfig, guider: ReIDNetwork, seed: int, compute: Compute) -> Players:
    """Generators, discriminators and the frozen guider, on their device, with their optimisers."""
    torch.manual_seed(seed)  # initial weights; the only draw from the global generator
    generators = compute.place(STCnet(config.network))
    discriminators = None
    if config.global_discriminator or config.local_discriminator:
        discriminators = compute.place(Discriminators(config.game, config.size))
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
    config: GameConfig, players: Players, batch: Batch, rate: float, compute: Compute
) -> dict[str, Tensor]:
    """One step of the discriminators, then one of the generators; returns all losses."""
    precision = players.generators.config.precision
    with compute.autocast(precision):
        completion = players.placed_generators(
            batch.frame, *batch.references, batch.mask, *batch.reference_masks
        )
    values = {}
    if players.discriminators is not None:
        values["discriminator"] = _discriminator_step(players, batch, completion, rate, compute)
    with compute.autocast(precision):
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
    config: GameConfig, players: Players, batch: Batch, completion: Completion
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
    players: Players, batch: Batch, completion: Completion, rate: float, compute: Compute
) -> Tensor:
    fake = batch.shown(completion.x2.detach())
    with compute.autocast(players.generators.config.precision):
        # Both halves in one call: a distributed network wants one forward pass for one backward pass.
        logits = players.placed_discriminators(torch.cat([batch.frame, fake]), torch.cat([batch.masked] * 2))
    loss = sum(discriminator_loss(*value.float().chunk(2)) for value in logits.values())
    set_rate(players.discriminator_optimizer, rate)
    players.discriminator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    players.discriminator_optimizer.step()
    return loss
