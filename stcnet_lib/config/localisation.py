"""Occlusion scores, and the planted train tracklets from which detectors and thresholds learn."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stcnet_lib.config.data import PlantConfig
from stcnet_lib.config.section import Precision, Section


class ProbeConfig(Section):
    """Train tracklets with planted occluders, from which detectors and thresholds learn; not in the paper."""

    frames: int = Field(
        9000, ge=100, le=1_000_000, description="about as many; tracklets repeat, with other occluders"
    )
    plant: PlantConfig = PlantConfig(tracklets=0.9, window=32)


class DetectorConfig(Section):
    """A small network that tells hidden thirds from visible ones (`stcnet_lib/localisation/detector.py`)."""

    channels: int = Field(48, ge=8, le=512)
    steps: int = Field(1200, ge=1, le=1_000_000, description="of each fold")
    batch: int = Field(8, ge=1, le=1024, description="clips")
    clip: int = Field(12, ge=1, le=128, description="consecutive frames of one clip")
    lr: float = Field(0.002, gt=0, le=1)
    folds: int = Field(
        2,
        ge=2,
        le=10,
        description="networks, each trained without its share of the people: nobody is scored by a network "
        "that was trained on them",
    )
    precision: Precision = "fp32"


class MasksConfig(Section):
    """Small networks that find hidden pixels (`stcnet_lib/localisation/masks`); not in the paper.

    Not in folds, as detectors are: what networks said of train people, hidden by what really hides them, was
    as right of those they had learned from as of others (walkers, average precision .846 and .849).
    """

    channels: int = Field(16, ge=4, le=256, description="of its finest maps; 2 and 3 times as many beyond")
    guided: bool = Field(
        False,
        exclude_if=lambda guided: not guided,
        description="the networks also see what `clues.py` finds in the guider's maps: people whose boxes "
        "drift are not told by colours alone",
    )
    rounds: int = Field(
        2,
        ge=1,
        le=10,
        description="networks, each of which starts as the one before it and sees what that found: frames "
        "are compared with what is visible in others, and what was found in train frames counts as hidden",
    )
    steps: int = Field(600, ge=1, le=1_000_000, description="of each round")
    batch: int = Field(9, ge=1, le=1024, description="clips")
    clip: int = Field(8, ge=1, le=128, description="consecutive frames of one clip")
    lr: float = Field(0.002, gt=0, le=1)
    grow: int = Field(
        1,
        ge=0,
        le=16,
        description="pixels, of a frame of 128 rows, by which masks reach beyond what is found",
    )
    precision: Precision = "fp32"


class OcclusionConfig(Section):
    """Occlusion scores and the threshold under which a region counts as occluded (paper Eq. 11-12)."""

    scores: Literal["cosine", "planted", "pixels"] = Field(
        "cosine",
        description="cosine: with the reference of the tracklet, as in the paper; planted: the chance of "
        "being visible, by a detector trained on train tracklets with planted occluders; pixels: likewise, "
        "as mask networks say it; in a file also auto: cosine for the walkers, planted for others "
        "(`Config._scores_of_the_data`)",
    )
    masks: Literal["thirds", "pixels"] = Field(
        "thirds",
        description="pixels: mask networks also say which pixels of a flagged third are hidden, for "
        "completions with `masks: pixels`: the scores know when, the networks where; as with scores: pixels. "
        "thirds: as in the paper",
    )
    reference: Literal["mean", "median", "trimmed_mean", "learned"] = Field(
        "mean",
        description="what a region is compared with: the paper's mean, or a robust one; learned: a trimmed "
        "mean that first drops what looks like occluders of the train split",
    )
    trim: float = Field(
        0.4, ge=0, lt=1, description="trimmed_mean, learned: share of lowest scores dropped, then recomputed"
    )
    power: float = Field(
        1.0,
        gt=0,
        le=1,
        description="(scores: cosine) the features are raised to it before they are compared, so that a few "
        "strong ones do not decide; 1: as they are",
    )
    smoothing: float = Field(
        0.0,
        ge=0,
        le=1,
        description="(scores: cosine) weight of the scores of the frame before and after, beside 1 for the "
        "frame's own: an occluder stays for several frames",
    )
    threshold: Literal["fixed", "otsu", "otsu_root", "otsu_log", "mixture", "planted"] = Field(
        "fixed",
        description="fixed: tau; the others find one on the scores of the train split: Otsu's method on the "
        "scores s, on (1 - s)^(1/4), or on log(1 - s), a mixture of two Gaussians on log(1 - s); or "
        "planted: the rate of false flags is fixed, on train tracklets with planted occluders",
    )
    false_flags: float = Field(
        0.01, gt=0, le=0.5, description="(threshold: planted) share of visible thirds that may be flagged"
    )
    most_flagged: float = Field(
        1.0,
        gt=0,
        le=1,
        description="largest share of a tracklet's frames in which a third may be flagged (lowest first): "
        "a score only compares frames of a tracklet, so most of them have to show the person",
    )
    per_region: bool = Field(
        False, description="a threshold for each third instead of one: legs move more than torsos"
    )
    tau: float = Field(0.89, ge=-1, le=1, description="the paper's, made for its own features")
    probe: ProbeConfig = ProbeConfig()
    detector: DetectorConfig = DetectorConfig()
    pixels: MasksConfig = Field(
        MasksConfig(),
        exclude_if=lambda masks: masks == MasksConfig(),
        description="(masks or scores: pixels)",
    )

    @property
    def needs_probe(self) -> bool:
        """Whether occluders are planted in the train split."""
        return self.by_networks or self.finds_pixels or self.threshold == "planted"

    @property
    def finds_pixels(self) -> bool:
        """Whether mask networks say which pixels are hidden."""
        return "pixels" in (self.masks, self.scores)

    @property
    def judged_by_probe(self) -> bool:
        """Whether it is known what the scores say of planted occluders."""
        return self.by_networks or self.threshold == "planted"

    @property
    def by_networks(self) -> bool:
        """Whether networks that were trained on planted occluders tell what is hidden, and not a cosine."""
        return self.scores in ("planted", "pixels")
