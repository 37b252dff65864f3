"""Occlusion scores, the completion network and its training, and completions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stcnet_lib.config.data import PlantConfig
from stcnet_lib.config.methods import METHODS
from stcnet_lib.config.section import Fraction, Name, Precision, Section

AdversarialForm = Literal["non_saturating", "saturating"]
References = Literal["frame", "region"]
Beta = Annotated[float, Field(ge=0, lt=1)]


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


class OcclusionConfig(Section):
    """Occlusion scores and the threshold under which a region counts as occluded (paper Eq. 11-12)."""

    scores: Literal["cosine", "planted"] = Field(
        "cosine",
        description="cosine: with the reference of the tracklet, as in the paper; planted: the chance of "
        "being visible, by a detector trained on train tracklets with planted occluders; in a file also "
        "auto: cosine for the walkers, planted for others (`Config._scores_of_the_data`)",
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

    @property
    def needs_probe(self) -> bool:
        """Whether occluders are planted in the train split."""
        return "planted" in (self.scores, self.threshold)


class StcnetConfig(Section):
    """The completion network and its training (paper §3)."""

    height: int = Field(128, ge=32, le=512, multiple_of=4)
    width: int = Field(64, ge=16, le=512, multiple_of=4)
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
    temporal: Literal["attention", "concat", "none"] = Field(
        "attention",
        description="concat: the paper's TAE control; none: the spatial generator alone",
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
    references: References = Field(
        "frame",
        description="frame: nearest frames without any flagged region, as printed; region: nearest "
        "frames in which that region is visible",
    )
    reference_margin: int = Field(
        0,
        ge=0,
        le=100,
        description="frames: no reference this close to one with the region flagged, if others are left",
    )
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
    batch: int = Field(16, ge=1, le=4096, description="frames, over all GPUs together; silent")
    iterations: int = Field(60_000, ge=1, le=10_000_000, description="silent")
    lr: float = Field(1e-4, gt=0, le=1)
    betas: tuple[Beta, Beta] = Field((0.5, 0.999), description="of Adam, below 1; silent; DCGAN's habit")
    schedule: Literal["constant", "cosine"] = "constant"
    precision: Precision = "auto"


class CompletionConfig(Section):
    """One way to make a data set out of the raw one; a row of the variant table."""

    method: Literal[*METHODS] = Field(
        description="copy: the same third of the nearest frame where it is visible; median: of each pixel "
        "over the nearest 31 frames where it is visible; mean: mean colour; discard: leave frames with a "
        "flagged region out"
    )
    stcnet: Name = Field(
        "default",
        description="`default` (the section stcnet) or a name of stcnets: the network of methods stcnet and "
        "spatial, and that of which copy, median and mean are controls",
    )
    masks: Literal["predicted", "oracle"] = Field(
        "predicted", description="flagged by the occlusion scores, or by the walkers' ground truth"
    )
    references: Literal["network", "frame", "region"] = Field(
        "network",
        description="frames to copy from: as the completion network `stcnet` has them, so that a control "
        "differs from it in the filling alone; or frame or region, for copy, median and mean",
    )
    no_reference: Literal["spatial", "leave"] = Field(
        "spatial",
        description="a region no reference exists for: spatial generator, or left as it is",
    )
    reference_margin: int = Field(
        0,
        ge=0,
        le=100,
        description="frames: no reference this close to one with the region flagged, if others are left",
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

    @model_validator(mode="after")
    def _references_of_its_own(self) -> CompletionConfig:
        if self.references != "network" and not METHODS[self.method].chooses_references:
            raise ValueError(
                f"references: got '{self.references}', wanted 'network': only copy, median and mean choose "
                "their own"
            )
        return self

    @model_validator(mode="after")
    def _fallback_of_a_network(self) -> CompletionConfig:
        if self.fallback != "none" and self.method != "stcnet":
            raise ValueError(
                f"fallback: got '{self.fallback}', wanted 'none': only the method stcnet has a skill to judge"
            )
        return self
