"""STCnet (paper §3): what its generators are made of, and how they learn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from stcnet_lib.config.game import GuidedNetworkConfig
from stcnet_lib.config.networks import PrecisionConfig, SizeConfig


class StcnetLayers(SizeConfig):
    """What the generators are made of (paper §3.2-3.3)."""

    kind: Literal["stcnet"] = Field("stcnet", exclude=True)  # not in JSON: results were made before kinds

    encoder: Literal["full", "space_to_depth"] = Field(
        "full",
        description="full: five convolutions down to 1/4 as printed; space_to_depth: pixels are "
        "unshuffled first and all convolutions run at 1/4; about as fast on a CPU at 8 to 12 channels",
    )
    channels: int = Field(
        32, ge=4, le=256, description="of the first layer, 4 times as many at 1/4 resolution"
    )
    dilations: tuple[Annotated[int, Field(ge=1, le=128)], ...] = Field(
        (2, 4, 8, 16), description="silent; the ancestors' rates"
    )
    output: Literal["clip", "tanh"] = Field("clip", description="silent; clip to [-1, 1] as DeepFill")
    temporal: Literal["attention", "concat", "autoencoder", "none"] = Field(
        "attention",
        description="concat: the paper's TAE control, no attention; autoencoder: its AE control, three times "
        "the encoder's filters on the frame alone, no references; none: the spatial generator alone",
    )
    attention_scale: float = Field(
        1.0, gt=0, le=1000, description="of the softmax; 1 as printed is almost mean pooling"
    )
    position_code: float = Field(
        0.0, ge=0, le=10, description="weight of sine/cosine positions in the attention's features"
    )
    reference_features: bool = Field(
        False, description="hand the references' same-position features to the decoder as well"
    )
    synthesis: Literal["decoder", "blend"] = Field(
        "decoder",
        description="decoder: as printed; blend: the decoder also weighs the references' pixels",
    )
    upsampling: Literal["deconvolution", "resize"] = Field(
        "deconvolution",
        description="deconvolution as printed, or of space_to_depth a pixel shuffle, both of which weave "
        "patterns of the size of a step; resize: bilinear, then a convolution",
    )
    blend_choice: Literal["soft", "sharp"] = Field(
        "soft",
        description="synthesis blend, when it completes: soft: weighted means of its sources, ghosts where "
        "the references disagree; sharp: one source a place, that with the largest weight",
    )
    flow: float = Field(
        10.0,
        ge=0,
        le=32,
        description="synthesis blend: pixels by which those of the references are moved at the most to fit, "
        "at the network's size",
    )

    @model_validator(mode="after")
    def _pixels_of_references(self) -> StcnetLayers:
        if self.synthesis == "blend" and self.temporal == "autoencoder":
            raise ValueError("synthesis: got 'blend', wanted 'decoder': an autoencoder sees no references")
        return self


class StcnetNetworkConfig(PrecisionConfig, StcnetLayers):
    """All that `model.json` holds to build the generators again."""


class StcnetConfig(GuidedNetworkConfig, StcnetLayers):
    """The completion network and its training (paper §3): a flat section of which each part has a view."""

    @property
    def network(self) -> StcnetNetworkConfig:
        return self.part(StcnetNetworkConfig)

    @field_validator("window")
    @classmethod
    def _chooses_references(cls, value: int) -> int:
        if value:
            raise ValueError(f"got {value}, wanted 0: a network of kind 'stcnet' chooses two references")
        return value
