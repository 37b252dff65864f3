"""Networks that complete a frame by itself: the literature's inpainting before time was looked at."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stcnet_lib.config.game import GuidedNetworkConfig
from stcnet_lib.config.networks import PrecisionConfig, SizeConfig

_BOTTLENECK = 16  # a context encoder's maps are that much smaller than its frames in the middle


class ContextEncoderLayers(SizeConfig):
    """What a context encoder is made of (Pathak et al., CVPR 2016)."""

    kind: Literal["context_encoder"] = "context_encoder"

    channels: int = Field(64, ge=4, le=256, description="of the first layer; doubling in each of the others")

    @model_validator(mode="after")
    def _whole_maps(self) -> ContextEncoderLayers:
        for name, size in (("height", self.height), ("width", self.width)):
            if size % _BOTTLENECK:
                raise ValueError(f"{name}: got {size}, wanted a multiple of {_BOTTLENECK}")
        return self


class ContextEncoderNetworkConfig(PrecisionConfig, ContextEncoderLayers):
    """All that `model.json` holds to build the network again."""


class ContextEncoderConfig(GuidedNetworkConfig, ContextEncoderLayers):
    """A context encoder and its training."""

    window: int = Field(1, ge=1, le=1, description="it sees one frame")
    local_discriminator: bool = Field(False, description="the paper has a single discriminator")
    guider_loss: bool = Field(False, description="nor a guider")

    @property
    def network(self) -> ContextEncoderNetworkConfig:
        return self.part(ContextEncoderNetworkConfig)


class GlcicLayers(SizeConfig):
    """What the completion network of GLCIC is made of (Iizuka et al., SIGGRAPH 2017, Table 1)."""

    kind: Literal["glcic"] = "glcic"

    channels: int = Field(
        64, ge=4, le=256, description="of the first layer, 4 times as many at 1/4 resolution"
    )
    dilations: tuple[Annotated[int, Field(ge=1, le=128)], ...] = (2, 4, 8, 16)


class GlcicNetworkConfig(PrecisionConfig, GlcicLayers):
    """All that `model.json` holds to build the network again."""


class GlcicConfig(GuidedNetworkConfig, GlcicLayers):
    """GLCIC and its training."""

    window: int = Field(1, ge=1, le=1, description="it sees one frame")
    guider_loss: bool = Field(False, description="the paper has discriminators alone")

    @property
    def network(self) -> GlcicNetworkConfig:
        return self.part(GlcicNetworkConfig)
