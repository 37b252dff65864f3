"""A completion network against discriminators, guided by a frozen re-ID network (paper §3.4-3.6).

One step, on frames x whose pixels M were hidden on purpose and which a network completes to x2, perhaps by
way of other stages:

    discriminators:  BCE(D(x), 1) + BCE(D(x2), 0), global and local                   (Eq. 7, 8)
    network:         Σ |x - stage| + λ1 (adversarial) + λ2 (guider's ID loss)          (Eq. 4, 9, 10)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stcnet_lib.common.compute import Compute, unwrapped
from stcnet_lib.common.training.schedule import set_rate
from stcnet_lib.completion.game.discriminators import Discriminators
from stcnet_lib.completion.game.losses import (
    discriminator_loss,
    freeze,
    generator_adversarial_loss,
    guider_loss,
    total_loss,
)
from stcnet_lib.completion.learning.batch import Batch, CompletionNetwork
from stcnet_lib.config import GameConfig, GuidedNetworkConfig
from stcnet_lib.reid.network import ReIDNetwork


class Completed(NamedTuple):
    """What a network made of a batch."""

    picture: Tensor  # (B, 3, H, W), of which discriminators and guider say what they think
    l1: dict[str, Tensor]  # its errors, by name: the terms of Eq. 9
    logs: dict[str, Tensor]  # scalars for the history that are no part of the loss


Completes = Callable[[nn.Module, Batch], Completed]  # a network, perhaps distributed, and what it is given


@dataclass(frozen=True)
class Players:
    """The networks of the game and their optimisers; `placed` ones may be distributed."""

    placed_generators: nn.Module
    placed_discriminators: nn.Module | None
    guider: ReIDNetwork | None
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer | None

    @property
    def generators(self) -> CompletionNetwork:
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


class GameLearner:
    """A network, its opponents and its guide (`learning.training.Learner`)."""

    def __init__(
        self,
        name: str,
        shown: tuple[str, str],
        complete: Completes,
        game: GameConfig,
        players: Players,
        compute: Compute,
    ) -> None:
        """
        Args:
            name, shown: of the network and of its loss in lines of progress.
            complete: what the network makes of a batch.
        """
        self.name, self.shown = name, shown
        self._complete, self._game, self._players, self._compute = complete, game, players, compute

    @property
    def network(self) -> CompletionNetwork:
        return self._players.generators

    def parts(self) -> dict[str, object]:
        return self._players.parts()

    def step(self, batch: Batch, rate: float) -> dict[str, Tensor]:
        return train_step(self._game, self._players, self._complete, batch, rate, self._compute)


def beginning(
    config: GuidedNetworkConfig,
    guider: ReIDNetwork,
    num_classes: int,
    seed: int,
    make: Callable[[], CompletionNetwork],
    complete: Completes,
    compute: Compute,
    name: str | None = None,
    shown: tuple[str, str] = ("l1", "l1"),
) -> GameLearner:
    """A network at the beginning of its training.

    Args:
        num_classes: people of the train split.
        make: gives the network, untrained and on its device.
        complete, name, shown: as of `GameLearner`; without a name, its kind.

    Raises:
        ValueError: if the guider knows others and the network is to learn from what it says.
    """
    check_guider(config, guider, num_classes)
    torch.manual_seed(seed)  # initial weights; the only draw from the global generator
    players = gathered(config, make(), guider, compute)
    return GameLearner(name or config.kind, shown, complete, config.game, players, compute)


def check_guider(config: GuidedNetworkConfig, guider: ReIDNetwork, num_classes: int) -> None:
    """
    Args:
        num_classes: people of the train split.

    Raises:
        ValueError: if the guider knows others and the network is to learn from what it says.
    """
    if config.guider_loss and guider.num_classes != num_classes:
        raise ValueError(
            f"{config.kind}.guider_loss: got true, wanted false: the guider knows {guider.num_classes} "
            f"people, and the train split has {num_classes} others"
        )


def gathered(
    config: GuidedNetworkConfig, generators: CompletionNetwork, guider: ReIDNetwork, compute: Compute
) -> Players:
    """Discriminators and the frozen guider come to a network that is on its device, with the optimisers."""
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
    config: GameConfig,
    players: Players,
    complete: Completes,
    batch: Batch,
    rate: float,
    compute: Compute,
) -> dict[str, Tensor]:
    """One step of the discriminators, then one of the network; returns all losses."""
    precision = players.generators.config.precision
    with compute.autocast(precision):
        completed = complete(players.placed_generators, batch)
    values = {}
    if players.discriminators is not None:
        values["discriminator"] = _discriminator_step(players, batch, completed.picture, rate, compute)
    with compute.autocast(precision):
        opinions = _opinions(config, players, batch, completed.picture)
    set_rate(players.generator_optimizer, rate)
    players.generator_optimizer.zero_grad(set_to_none=True)
    total_loss(
        config,
        sum(completed.l1.values()),
        opinions.get("adversarial", 0.0),
        opinions.get("guider", 0.0),
    ).backward()
    players.generator_optimizer.step()
    return values | completed.logs | completed.l1 | opinions


def _opinions(config: GameConfig, players: Players, batch: Batch, picture: Tensor) -> dict[str, Tensor]:
    """What discriminators and guider say of the completion: unweighted terms of Eq. 10."""
    losses = {}
    if players.discriminators is not None:
        # Called unwrapped and frozen: gradients pass through, the discriminators get none.
        players.discriminators.requires_grad_(False)
        logits = players.discriminators(batch.shown(picture), batch.masked)
        losses["adversarial"] = sum(
            generator_adversarial_loss(value, config.adversarial) for value in logits.values()
        )
        players.discriminators.requires_grad_(True)
    if players.guider is not None:
        losses["guider"] = guider_loss(players.guider, batch.shown(picture), batch.label)
    return losses


def _discriminator_step(
    players: Players, batch: Batch, picture: Tensor, rate: float, compute: Compute
) -> Tensor:
    fake = batch.shown(picture.detach())
    with compute.autocast(players.generators.config.precision):
        # Both halves in one call: a distributed network wants one forward pass for one backward pass.
        logits = players.placed_discriminators(torch.cat([batch.frame, fake]), torch.cat([batch.masked] * 2))
    loss = sum(discriminator_loss(*value.float().chunk(2)) for value in logits.values())
    set_rate(players.discriminator_optimizer, rate)
    players.discriminator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    players.discriminator_optimizer.step()
    return loss
