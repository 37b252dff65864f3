"""Ways to make a data set out of the raw one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from stcnet_lib.config.methods import METHODS
from stcnet_lib.config.section import Fraction, Name, Section

References = Literal["frame", "region"]
MASKS_OF_TRUTH = ("oracle", "oracle_pixels")
MASKS_OF_PIXELS = ("pixels", "oracle_pixels")


class ReferencesConfig(Section):
    """Which frames of a tracklet may show what is hidden in another one."""

    references: References = Field(
        "frame",
        description="frame: nearest frames without any flagged region, as printed; region: nearest "
        "frames in which that region is visible",
    )
    reference_margin: int = Field(
        0,
        ge=0,
        le=100,
        description="frames: no reference this close to one with the region flagged, if others are left; in "
        "training and in all completions of that network, its controls among them",
    )
    window: int = Field(
        0,
        ge=0,
        le=101,
        exclude_if=lambda window: window == 0,
        description="frames in a row that the network sees at once, around the one that it completes; 1: "
        "that frame alone; 0: references are chosen. Kinds of networks say which of these they can have",
    )


class CompletionConfig(Section):
    """One way to make a data set out of the raw one; a row of the variant table."""

    method: Literal[*METHODS] = Field(
        description="copy: the same third of the nearest frame where it is visible; median: of each pixel "
        "over the nearest 31 frames where it is visible; mean: mean colour; telea: inpainted from the "
        "frame itself; flow: between the references, along optical flow; discard: leave frames with a "
        "flagged region out; gather: (masks of pixels) by the network of the section gather"
    )
    stcnet: Name = Field(
        "default",
        description="`default` (the section stcnet) or a name of stcnets: the network of methods stcnet and "
        "spatial, and that of which copy, median and mean are controls",
    )
    masks: Literal["predicted", "oracle", "pixels", "oracle_pixels"] = Field(
        "predicted",
        description="predicted: thirds flagged by the occlusion scores; oracle: by the ground truth; pixels: "
        "of these the hidden pixels alone, by mask networks (`occlusion.masks: pixels`); oracle_pixels: by "
        "the ground truth",
    )
    references: Literal["network", "frame", "region"] = Field(
        "network",
        description="frames to copy from: as the completion network `stcnet` has them, so that a control "
        "differs from it in the filling alone; or, for copy, median, mean and flow, frame or region",
    )
    no_reference: Literal["spatial", "leave"] = Field(
        "spatial",
        description="a region no reference exists for: spatial generator, or left as it is",
    )
    all_occluded: Literal["restore", "leave"] = Field(
        "restore", description="a frame with all three regions flagged"
    )
    align: bool = Field(
        False,
        description="methods stcnet, copy and median: frames to restore from are moved so that the person in "
        "them lies where the person of the frame is, since boxes drift; in a file also auto: true but for "
        "the walkers (`Config._alignment_of_the_data`)",
    )
    seam: Literal["none", "blend"] = Field(
        "none",
        description="none: bands are pasted as they are, as printed; blend: what differs at their borders "
        "from the visible rows beyond is taken off inside the band, fading",
    )
    least_confidence: Fraction = Field(
        0.0,
        description="that a replaced region is better than it was, by planted train data; below it the "
        "region is copied from the nearest frame that shows it, or left. 0, or without planting "
        "(occlusion.scores, occlusion.threshold): all that is flagged is replaced",
    )
    fallback: Literal["none", "median"] = Field(
        "none",
        description="method stcnet: median fills in the network's place where the network's skill over it "
        "is not above 0; without `validation` of that network no skill is known and the network stays",
    )

    @property
    def from_truth(self) -> bool:
        """Whether the masks are those of the ground truth."""
        return self.masks in MASKS_OF_TRUTH

    @property
    def of_pixels(self) -> bool:
        """Whether hidden pixels are replaced, and not thirds."""
        return self.masks in MASKS_OF_PIXELS

    @model_validator(mode="after")
    def _pixels_that_can_be_filled(self) -> CompletionConfig:
        if self.of_pixels and METHODS[self.method].pixels is None:
            able = ", ".join(name for name, method in METHODS.items() if method.pixels)
            raise ValueError(
                f"masks: got '{self.masks}', wanted predicted or oracle: only {able} fill pixels"
            )
        if not self.of_pixels and METHODS[self.method].gathers:
            raise ValueError(
                f"masks: got '{self.masks}', wanted pixels or oracle_pixels: {self.method} fills no thirds"
            )
        return self

    @model_validator(mode="after")
    def _references_of_its_own(self) -> CompletionConfig:
        if self.references != "network" and not METHODS[self.method].chooses_references:
            able = ", ".join(name for name, method in METHODS.items() if method.chooses_references)
            raise ValueError(
                f"references: got '{self.references}', wanted 'network': only {able} choose their own"
            )
        return self

    @model_validator(mode="after")
    def _fallback_of_a_network(self) -> CompletionConfig:
        if self.fallback != "none" and self.method != "stcnet":
            raise ValueError(
                f"fallback: got '{self.fallback}', wanted 'none': only the method stcnet has a skill to judge"
            )
        return self
