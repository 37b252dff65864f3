"""The game that completion networks learn by (paper §3.4-3.6): discriminators, the guider, their weights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stcnet_lib.config.networks import (
    CompletionNetworkConfig,
    OptimiserConfig,
    PrecisionConfig,
    SamplesConfig,
    SizeConfig,
)
from stcnet_lib.config.section import Section

AdversarialForm = Literal["non_saturating", "saturating"]


class GameConfig(Section):
    """Discriminators, guider and their weights in the generators' objective (paper §3.4-3.5)."""

    global_discriminator: bool = True
    local_discriminator: bool = True
    local_view: Literal["crop", "masked"] = Field(
        "crop", description="crop of the region (Fig. 1), or M·x on the whole frame (Eq. 8)"
    )
    discriminator_channels: int = Field(64, ge=4, le=512, description="doubling up to 8 times")
    adversarial: AdversarialForm = Field(
        "non_saturating",
        description="what generators minimise: -log D(x2), or log(1 - D(x2)) as Eq. 7-8 may be read, whose "
        "gradient vanishes while the discriminators win",
    )
    guider_loss: bool = True
    lambda_adversarial: float = Field(0.001, ge=0, le=10, description="λ1")
    lambda_guider: float = Field(0.1, ge=0, le=10, description="λ2")


# The bases, last first, are the order of the keys in JSON, which decides what is trained again.
class GuidedNetworkConfig(
    CompletionNetworkConfig, PrecisionConfig, OptimiserConfig, GameConfig, SamplesConfig, SizeConfig
):
    """A completion network that may learn from discriminators and a guider."""

    @property
    def game(self) -> GameConfig:
        return self.part(GameConfig)

    @property
    def needs_classes(self) -> bool:
        return self.guider_loss
