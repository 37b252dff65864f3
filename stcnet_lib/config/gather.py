"""A network that gathers hidden pixels from the frames that show them; not in the paper."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stcnet_lib.config.networks import Beta, OptimiserConfig, PrecisionConfig
from stcnet_lib.config.section import Section


class GatherLayers(Section):
    """What the network is made of, and what it looks at."""

    height: int = Field(
        64,
        ge=16,
        le=512,
        multiple_of=8,
        description="pixels of the copies in which it finds sources; what it takes has the frame's own size",
    )
    width: int = Field(32, ge=8, le=512, multiple_of=8, description="likewise")
    channels: int = Field(
        12, ge=4, le=256, description="of the finest maps; 2 and 3 times as many in coarser ones"
    )
    candidates: int = Field(
        10,
        ge=1,
        le=31,
        description="frames to choose from, the likest beside the hole; the median of all comes on top",
    )
    flow: float = Field(
        2.0, ge=0, le=32, description="pixels of the copies by which a frame is moved at the most to fit"
    )
    choice: Literal["soft", "sharp"] = Field(
        "sharp",
        description="sharp: one source a place, that with the largest weight around it; soft: the weighted "
        "mean, a ghost where sources disagree",
    )


class GatherNetworkConfig(PrecisionConfig, GatherLayers):
    """All that `model.json` holds to build the network again."""


class GatherSamplesConfig(Section):
    """Simulated holes to learn from, and who is kept for measuring."""

    frames: int = Field(
        9000, ge=16, le=1_000_000, description="of train tracklets in memory, about; of more, some at random"
    )
    clip: int = Field(64, ge=2, le=1000, description="consecutive frames of a tracklet at the most")
    validation: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="share of the train people that are held out: skill is measured on them",
    )


class GatherConfig(PrecisionConfig, OptimiserConfig, GatherSamplesConfig, GatherLayers):
    """The network and its training: a flat section of which each part has a view."""

    batch: int = Field(8, ge=1, le=4096, description="holes of one step")
    iterations: int = Field(240, ge=1, le=10_000_000, description="steps")
    lr: float = Field(1e-3, gt=0, le=1)
    betas: tuple[Beta, Beta] = Field((0.9, 0.999), description="of Adam, below 1")
    schedule: Literal["constant", "cosine"] = "cosine"

    @property
    def network(self) -> GatherNetworkConfig:
        return self.part(GatherNetworkConfig)

    @property
    def optimiser(self) -> OptimiserConfig:
        return self.part(OptimiserConfig)
