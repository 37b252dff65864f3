"""STCnet with 3-D convolutions and a non-local block, over windows of frames; not in the paper."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stcnet_lib.config.game import GuidedNetworkConfig
from stcnet_lib.config.networks import PrecisionConfig, SizeConfig

Rate = Annotated[int, Field(ge=1, le=64)]


class Stcnet3dLayers(SizeConfig):
    """What the network is made of."""

    kind: Literal["stcnet3d"] = "stcnet3d"

    channels: int = Field(32, ge=8, le=512, multiple_of=4, description="at 1/4 of the resolution")
    dilations: tuple[Rate, ...] = Field(
        (1, 2, 4, 2, 1), min_length=1, description="spatial rates of the residual blocks, one each"
    )
    time_dilations: tuple[Rate, ...] = Field(
        (1, 2, 4, 2, 1), min_length=1, description="temporal rates of the same blocks, in frames"
    )
    non_local: bool = Field(True, description="an embedded-Gaussian non-local block after half of the blocks")

    choice: Literal["soft", "sharp"] = Field(
        "soft",
        description="when it completes: soft: weighted means, as it learned; sharp: almost one source a "
        "place, that with the largest weight",
    )

    @model_validator(mode="after")
    def _a_rate_of_each_kind_a_block(self) -> Stcnet3dLayers:
        spatial, temporal = len(self.dilations), len(self.time_dilations)
        if spatial != temporal:
            raise ValueError(f"time_dilations: got {temporal} rates, wanted {spatial}, as many as dilations")
        return self


class Stcnet3dNetworkConfig(PrecisionConfig, Stcnet3dLayers):
    """All that `model.json` holds to build the network again."""


class Stcnet3dConfig(GuidedNetworkConfig, Stcnet3dLayers):
    """The network and its training: a flat section of which each part has a view."""

    window: int = Field(16, ge=2, le=101, description="frames in a row, every one of them a target")
    batch: int = Field(4, ge=1, le=4096, description="windows, over all GPUs together")
    global_discriminator: bool = False
    local_discriminator: bool = False
    guider_loss: bool = Field(
        False, description="on `walkers_validation` it took more than all skill that L1 alone learns"
    )

    @property
    def network(self) -> Stcnet3dNetworkConfig:
        return self.part(Stcnet3dNetworkConfig)
