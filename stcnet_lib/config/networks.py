"""What completion networks of all kinds have: a size, samples to learn from, an optimiser, a precision.

A kind combines these with settings of its own into one section, flat as a user writes it, and gives every
function the part that it needs (`CompletionNetworkConfig.samples`, …).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stcnet_lib.config.completion import ReferencesConfig
from stcnet_lib.config.section import Fraction, Precision, Section

Beta = Annotated[float, Field(ge=0, lt=1)]


class SizeConfig(Section):
    """The size at which a network sees frames, in pixels."""

    height: int = Field(128, ge=32, le=512, multiple_of=4)
    width: int = Field(64, ge=16, le=512, multiple_of=4)


class SamplesConfig(ReferencesConfig):
    """Simulated occlusions to learn from, and who is kept for measuring."""

    occlusion_run: int = Field(
        1,
        ge=1,
        le=1000,
        description="frames: longest simulated occlusion; references of a sample lie outside it. 1: adjacent",
    )
    two_regions: Fraction = Field(
        0.0,
        description="chance of masking two thirds; the paper masks a region, while restoration meets frames "
        "with two flagged",
    )
    validation: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="share of the train people that are held out, with at least 4 tracklets: skill is "
        "measured on them. 0: nobody, and skill stays unknown",
    )


class OptimiserConfig(Section):
    """Steps of a training and their rate."""

    batch: int = Field(16, ge=1, le=4096, description="frames, over all GPUs together; silent")
    iterations: int = Field(60_000, ge=1, le=10_000_000, description="silent")
    lr: float = Field(1e-4, gt=0, le=1)
    betas: tuple[Beta, Beta] = Field((0.5, 0.999), description="of Adam, below 1; silent; DCGAN's habit")
    schedule: Literal["constant", "cosine"] = "constant"


class PrecisionConfig(Section):
    """What a network computes in, when it learns and when it fills."""

    precision: Precision = "auto"


class CompletionNetworkConfig(PrecisionConfig, OptimiserConfig, SamplesConfig, SizeConfig):
    """What the workflow knows of a completion network; each kind adds `kind` and settings of its own."""

    @property
    def network(self) -> Section:
        """What the network is built from, again when it is loaded: here all of it."""
        return self

    @property
    def size(self) -> SizeConfig:
        return self.part(SizeConfig)

    @property
    def samples(self) -> SamplesConfig:
        return self.part(SamplesConfig)

    @property
    def optimiser(self) -> OptimiserConfig:
        return self.part(OptimiserConfig)

    @property
    def needs_classes(self) -> bool:
        """Whether it learns from what the guider says of people, who must be those of the train split."""
        return False
