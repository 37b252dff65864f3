"""The typed configuration: the only home of defaults and bounds.

Defaults are the paper's values (VRSTC, CVPR 2019); where the paper is silent the reason of the
choice stands beside the field. `config.yaml` holds the embedded default, which differs where a small
data set on two CPU cores demands it.

A workflow rule hands the canonical JSON of the section it needs to its script, so the order of keys,
`0.88` against `0.880` and written-out defaults never rerun anything.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from stcnet_lib.config_errors import one_of, problem_lines

Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+.-]*$")]  # becomes part of a path
Precision = Literal["auto", "bf16", "fp32"]  # auto: bf16 where the device computes it natively
Layout = Literal[
    "walkers", "folder", "manifest", "mars", "ilids_vid", "prid2011", "duke_video", "ls_vid", "video"
]
QueryRule = Literal["spare", "every_camera"]
SPLITS = {"ilids_vid": 10, "prid2011": 10}  # splits of a layout, for `splits: all`; the others have one


class Section(BaseModel):
    """Immutable, and refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        # Python takes True for 1, so `epochs: yes` would train for one epoch.
        if isinstance(value, bool) and cls.model_fields[info.field_name].annotation is not bool:
            raise ValueError(f"got {value}, wanted another kind of value than true or false")
        return value

    def canonical_json(self) -> str:
        """One text for equal settings: what rules track and digests are made of."""
        return self.model_dump_json()


class WalkersConfig(Section):
    """The generated benchmark with ground truth (`stcnet_lib/walkers`)."""

    train_identities: int = Field(60, ge=2, le=100_000)
    test_identities: int = Field(60, ge=2, le=100_000)
    cameras: int = Field(3, ge=2, le=16)
    tracklets_per_camera: int = Field(2, ge=1, le=50, description="of one identity")
    frames: int = Field(16, ge=1, le=1000, description="of one tracklet")
    height: int = Field(128, ge=32, le=1024, description="pixels")
    width: int = Field(64, ge=16, le=1024, description="pixels")
    occluded_tracklets: Fraction = Field(0.75, description="share of tracklets with an occluder")
    events: tuple[int, int] = Field((1, 3), description="occluder events a tracklet, least and most")
    event_frames: tuple[Fraction, Fraction] = Field(
        (0.2, 0.4), description="share of a tracklet's frames that one event lasts"
    )
    most_hidden: Fraction = Field(
        0.4,
        description="cap on the share of frames in which one third is hidden: above about 0.45 the "
        "tracklet's mean shows the occluder and the occlusion score inverts",
    )
    unseen_test_cameras: bool = Field(False, description="test people walk before other cameras")
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _ranges(self) -> WalkersConfig:
        for name in ("events", "event_frames"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: the least ({low}) is above the most ({high})")
        if self.events[0] < 0:
            raise ValueError(f"events: got {self.events[0]}, wanted 0 or more")
        return self


class VideoConfig(Section):
    """Tracks of one's own videos (`stcnet_lib/data/layouts/video.py`)."""

    longest_gap: int = Field(
        10,
        ge=0,
        le=100_000,
        description="frames that may be missing within a tracklet; a longer gap parts it",
    )
    least_frames: int = Field(8, ge=1, le=100_000, description="of a tracklet; shorter ones are left out")
    least_height: int = Field(64, ge=1, le=10_000, description="pixels of a crop; smaller ones are left out")
    least_width: int = Field(32, ge=1, le=10_000, description="likewise")
    least_confidence: float = Field(
        0.0, ge=0, le=1000, description="boxes up to this confidence are left out; -1 is unknown and stays"
    )
    least_visibility: Fraction = Field(0.0, description="9 columns: boxes below are left out")
    classes: tuple[int, ...] = Field((), description="8 or 9 columns: classes that count; none: all")


class DatasetConfig(Section):
    """Where the tracklets come from."""

    name: Name = Field(description="names the folder under results/")
    layout: Layout = Field(description="how the source is laid out on disk")
    root: str | None = Field(None, description="folder of the source; none for walkers")
    on_bad_frame: Literal["stop", "exclude"] = Field(
        "stop", description="an undecodable, empty or missing frame: stop, or leave out and list"
    )
    licence: str | None = Field(None, description="overrides the licence the layout states")
    citation: str | None = Field(None, description="overrides the citation the layout states")
    queries: QueryRule = Field(
        "spare",
        description="test tracklets that the source does not part into query and gallery (folder `test`, "
        "MARS without info/, manifest): see stcnet_lib/data/layouts/queries.py",
    )
    split_seed: int = Field(0, ge=0, description="prid2011 without a JSON file: draws its ten half splits")
    split_frames: int = Field(
        27, ge=1, le=1000, description="prid2011 likewise: least frames of a person before each camera"
    )
    walkers: WalkersConfig = WalkersConfig()
    video: VideoConfig = VideoConfig()

    @model_validator(mode="after")
    def _root(self) -> DatasetConfig:
        if self.layout != "walkers":
            if self.root is None:
                raise ValueError(f"root: got nothing, wanted the folder of the {self.layout} data")
            if not Path(self.root).is_dir():
                raise ValueError(f"root: got '{self.root}', wanted an existing folder")
        return self


class ReIDConfig(Section):
    """A re-ID network and its training (paper §3.5, §4.2, §5.2); the guider is one of them."""

    backbone: Literal["resnet18", "resnet34", "resnet50", "resnet101"] = "resnet50"
    stem_channels: int = Field(64, ge=8, le=256, description="torchvision's ResNets have 64")
    pretrained: str = Field(
        "imagenet", description="'imagenet' (torchvision's download), 'none', or a weight file"
    )
    non_local: bool = Field(True, description="non-local blocks after every other block of layer2 and layer3")
    height: int = Field(256, ge=32, le=1024, description="input pixels")
    width: int = Field(128, ge=16, le=1024, description="input pixels")
    clip_length: int = Field(4, ge=1, le=64, description="frames")
    clip_stride: int = Field(8, ge=1, le=64, description="frames from one to the next of a clip")
    batch: int = Field(32, ge=2, le=4096, description="clips, over all GPUs together")
    epochs: int = Field(150, ge=1, le=10_000, description="one clip of every tracklet each")
    lr: float = Field(3e-4, gt=0, le=1)
    weight_decay: float = Field(5e-4, ge=0, le=1)
    schedule: Literal["step", "cosine"] = Field(
        "step", description="step: times lr_gamma every lr_step epochs; cosine: down to 0"
    )
    lr_step: int = Field(50, ge=1, description="epochs")
    lr_gamma: float = Field(0.1, gt=0, le=1)
    warmup: Fraction = Field(0.0, description="share of the steps with a linearly rising rate")
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    flip: Fraction = Field(0.5, description="chance of a horizontal flip, one decision a clip")
    colour_jitter: Fraction = Field(0.0, description="brightness, contrast, saturation, one draw a clip")
    precision: Precision = "auto"

    @model_validator(mode="after")
    def _weights(self) -> ReIDConfig:
        if self.pretrained not in ("none", "imagenet") and not Path(self.pretrained).is_file():
            raise ValueError(
                f"pretrained: got '{self.pretrained}', wanted 'imagenet', 'none' or an existing file"
            )
        if self.pretrained == "imagenet" and self.stem_channels != 64:
            raise ValueError(
                f"stem_channels: got {self.stem_channels}, wanted 64, the width of ImageNet weights"
            )
        return self


class FeaturesConfig(Section):
    """Region features of every frame (paper §4.1)."""

    regions: Literal["strips", "crops"] = Field(
        "strips",
        description="strips of one feature map (one pass a frame), or the thirds sent through the "
        "network one by one; the paper does not say",
    )
    layer: Literal["layer3", "layer4"] = "layer4"
    batch: int = Field(128, ge=1, le=8192, description="frames")
    precision: Precision = "auto"


class OcclusionConfig(Section):
    """Occlusion scores and the threshold under which a region counts as occluded (paper Eq. 11-12)."""

    reference: Literal["mean", "median", "trimmed_mean", "learned"] = Field(
        "mean",
        description="what a region is compared with: the paper's mean, or a robust one; learned: a trimmed "
        "mean that first drops what looks like occluders of the train split",
    )
    trim: float = Field(
        0.4, ge=0, lt=1, description="trimmed_mean, learned: share of lowest scores dropped, then recomputed"
    )
    smoothing: float = Field(
        0.0,
        ge=0,
        le=1,
        description="weight of the scores of the frame before and after, beside 1 for the frame's own: an "
        "occluder stays for several frames",
    )
    threshold: Literal["fixed", "otsu", "otsu_root", "otsu_log", "mixture"] = Field(
        "fixed",
        description="fixed: tau; the others find one on the scores of the train split: Otsu's method on the "
        "scores s, on (1 - s)^(1/4), or on log(1 - s), or a mixture of two Gaussians on log(1 - s)",
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
    dilations: tuple[int, ...] = Field((2, 4, 8, 16), description="silent; the ancestors' rates")
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
    references: Literal["frame", "region"] = Field(
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
        0.1, description="chance of masking two thirds: restoration meets frames with two flagged"
    )
    global_discriminator: bool = True
    local_discriminator: bool = True
    local_view: Literal["crop", "masked"] = Field(
        "crop", description="crop of the region (Fig. 1), or M·x on the whole frame (Eq. 8)"
    )
    discriminator_channels: int = Field(64, ge=4, le=512, description="doubling up to 8 times")
    guider_loss: bool = True
    lambda_adversarial: float = Field(0.001, ge=0, le=10, description="λ1")
    lambda_guider: float = Field(0.1, ge=0, le=10, description="λ2")
    batch: int = Field(16, ge=1, le=4096, description="frames, over all GPUs together; silent")
    iterations: int = Field(60_000, ge=1, le=10_000_000, description="silent")
    lr: float = Field(1e-4, gt=0, le=1)
    betas: tuple[float, float] = Field((0.5, 0.999), description="silent; DCGAN's habit")
    schedule: Literal["constant", "cosine"] = "constant"
    precision: Precision = "auto"


class CompletionConfig(Section):
    """One way to make a data set out of the raw one; a row of the variant table."""

    method: Literal["stcnet", "spatial", "copy", "mean", "discard"] = Field(
        description="copy: the same third of the nearest frame where it is visible; mean: mean "
        "colour; discard: leave frames with a flagged region out"
    )
    stcnet: Name = Field(
        "default",
        description="methods stcnet, spatial: `default` (the section stcnet) or a name of stcnets",
    )
    masks: Literal["predicted", "oracle"] = Field(
        "predicted", description="flagged by the occlusion scores, or by the walkers' ground truth"
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


class VariantConfig(Section):
    """One row of the result table: which network, trained on what, tested on what."""

    network: Name
    train: Name = Field(description="a data set, or several with + between: each clip is from one of them")
    test: Name

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The data sets to train on."""
        return joined(self.train)


def joined(train: str) -> tuple[str, ...]:
    """The data sets that `train` of a variant joins: stcnet and copy of `stcnet+copy`."""
    return tuple(train.split("+"))


class EvaluationConfig(Section):
    """Retrieval as the literature measures it (paper §5.1)."""

    ranks: tuple[Annotated[int, Field(ge=1)], ...] = (1, 5, 10, 20)
    protocol: Literal["gallery-only", "query-in-gallery", "official"] = "gallery-only"
    test_frames: Literal["all"] | int = Field(
        "all",
        description="of a tracklet: all (the paper), or as many as the number says, spread evenly over it; "
        "some papers test with 4, which gives other numbers",
    )
    test_clip: int = Field(32, ge=1, le=1024, description="frames that meet in a non-local block")
    bootstrap: int = Field(2000, ge=100, le=100_000, description="resamples of the identities")
    hidden_share: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="walkers: a third counts as hidden where more of its person pixels are covered",
    )

    @field_validator("test_frames", mode="before")
    @classmethod
    def _all_or_a_number(cls, value: Any) -> Any:
        if value == "all" or (isinstance(value, int) and 1 <= value <= 1024):
            return value
        raise ValueError(f"got {value!r}, wanted 'all' or a number of frames from 1 to 1024")


class ExportConfig(Section):
    """A completed data set as images in its source's own layout."""

    contents: Literal["restored", "raw", "mixed", "control"] = Field(
        "restored",
        description="mixed: train tracklets twice, as they were and restored, the others restored; "
        "control: raw, but frames that the completion changed encoded again in the same way",
    )
    format: Literal["png", "jpeg"] = Field(
        "png",
        description="of changed frames; layouts whose names end in .jpg always get JPEG, those in .png PNG",
    )
    quality: int = Field(95, ge=50, le=100, description="of JPEG, without colour subsampling")
    links: bool = Field(True, description="unchanged frames are hard links to the source where possible")


class RuntimeConfig(Section):
    """How, not what: none of these values changes a result, so none reruns anything."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    gpus: int = Field(1, ge=0, le=64, description="of one training job; above 1 through torchrun")
    threads: int = Field(4, ge=1, le=256, description="CPU threads of jobs that all others wait for")
    side_threads: int = Field(
        1, ge=1, le=256, description="CPU threads of jobs of which several can run side by side"
    )
    workers: int = Field(2, ge=0, le=128, description="decoding processes of one job")
    save_steps: int = Field(100, ge=1, description="steps from one saved training state to the next")
    progress_seconds: float = Field(10, gt=0, description="between two lines of a log")


class Config(Section):
    """Everything `config.yaml` may hold."""

    dataset: DatasetConfig
    splits: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    guider: ReIDConfig = ReIDConfig(non_local=False)
    trained_guider: str | None = Field(
        None, description="model.json of a trained network: used as it is, and `guider` is not read"
    )
    features: FeaturesConfig = FeaturesConfig()
    occlusion: OcclusionConfig = OcclusionConfig()
    stcnet: StcnetConfig = StcnetConfig()
    stcnets: dict[Name, dict[str, Any]] = {}
    completions: dict[Name, CompletionConfig] = {"stcnet": CompletionConfig(method="stcnet")}
    networks: dict[Name, ReIDConfig] = {"nl": ReIDConfig()}
    variants: tuple[VariantConfig, ...] = ()
    evaluation: EvaluationConfig = EvaluationConfig()
    export: ExportConfig = ExportConfig()
    runtime: RuntimeConfig = RuntimeConfig()

    @field_validator("splits", mode="before")
    @classmethod
    def _all_splits(cls, value: Any, info: ValidationInfo) -> Any:
        """`all` becomes the numbers of the splits, which a workflow must know before there is a store."""
        if not isinstance(value, str):
            return value
        if "dataset" not in info.data:  # its own problems are reported, and hide what the layout is
            return (0,)
        layout = info.data["dataset"].layout
        if value != "all":
            raise ValueError(f"got '{value}', wanted 'all' or a list of numbers, from 0")
        if layout == "manifest":
            raise ValueError("got 'all', wanted a list: how many splits there are stands in the manifest")
        return tuple(range(SPLITS.get(layout, 1)))

    @model_validator(mode="before")
    @classmethod
    def _without_truth(cls, values: Any) -> Any:
        """Other data sets than the walkers: rows that need ground truth are left out, see `truth_rows`."""
        if not isinstance(values, dict) or _layout(values) in (None, "walkers"):
            return values
        rows, kept = truth_rows(values), dict(values)
        if isinstance(values.get("completions"), dict):
            kept["completions"] = {k: v for k, v in values["completions"].items() if k not in rows}
        if isinstance(values.get("variants"), list):
            kept["variants"] = [row for row in values["variants"] if not rows & _data_of(row)]
        return kept

    @field_validator("trained_guider")
    @classmethod
    def _model_file(cls, value: str | None) -> str | None:
        if value is not None and not Path(value).is_file():
            raise ValueError(f"got '{value}', wanted the model.json of a trained network, or null")
        return value

    @model_validator(mode="after")
    def _other_stcnets(self) -> Config:
        problems = []
        for name, changes in self.stcnets.items():
            if name == "default":
                problems.append("stcnets: got 'default', wanted another name: it is the section stcnet")
            try:
                validate(StcnetConfig, self.stcnet.model_dump() | changes)
            except ConfigError as error:
                problems += [f"stcnets.{name}.{line}" for line in str(error).splitlines()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @model_validator(mode="after")
    def _references(self) -> Config:
        data = {"raw", *self.completions} | ({"clean"} if self.has_truth else set())
        problems = []
        for reserved in {"raw", "clean"} & set(self.completions):
            problems.append(f"completions: got '{reserved}', wanted another name: it is reserved")
        for name, completion in self.completions.items():
            if "+" in name:
                problems.append(f"completions: got '{name}', wanted a name without +, which joins names")
            if completion.stcnet not in ("default", *self.stcnets):
                known = one_of(completion.stcnet, {"default", *self.stcnets})
                problems.append(f"completions.{name}.stcnet: got '{completion.stcnet}', wanted {known}")
        if "guider" in self.networks:
            problems.append("networks: got 'guider', wanted another name: it is reserved")
        for i, row in enumerate(self.variants):
            for key, value, known in (
                ("network", row.network, {"guider", *self.networks}),
                *(("train", name, data) for name in row.trained_on),
                ("test", row.test, data),
            ):
                if value not in known:
                    problems.append(f"variants.{i}.{key}: got '{value}', wanted {one_of(value, known)}")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def stcnet_named(self, name: str) -> StcnetConfig:
        """A completion network: `default`, or one of `stcnets`, which differs in what it names there."""
        changes = self.stcnets.get(name, {})
        return validate(StcnetConfig, self.stcnet.model_dump() | changes)

    @property
    def has_truth(self) -> bool:
        """Whether clean twins and occluder masks exist."""
        return self.dataset.layout == "walkers"


def truth_rows(values: dict[str, Any]) -> set[str]:
    """Data sets of a parsed configuration that need ground truth: clean frames, and masks by the oracle.

    config.yaml measures them on the walkers; with other data there is nothing to make them from.
    """
    completions = values.get("completions")
    found = {"clean"}
    if isinstance(completions, dict):
        found |= {
            name
            for name, row in completions.items()
            if isinstance(row, dict) and row.get("masks") == "oracle"
        }
    return found


def _layout(values: dict[str, Any]) -> Any:
    dataset = values.get("dataset")
    return dataset.get("layout") if isinstance(dataset, dict) else None


def _data_of(row: Any) -> set[str]:
    """The data sets that a parsed row names."""
    if not isinstance(row, dict):
        return set()
    return {*joined(str(row.get("train"))), str(row.get("test"))}


class ConfigError(ValueError):
    """The configuration cannot be used; one line a problem: key, what was got, what was wanted."""


SectionType = TypeVar("SectionType", bound=Section)


def load_config(values: dict[str, Any]) -> Config:
    """Check a parsed `config.yaml`.

    Raises:
        ConfigError: with one line for every problem.
    """
    return validate(Config, values)


def parse_section(section: type[SectionType], canonical_json: str) -> SectionType:
    """The inverse of `Section.canonical_json`, with the same errors as `load_config`."""
    return validate(section, json.loads(canonical_json))


def validate(section: type[SectionType], values: dict[str, Any]) -> SectionType:
    """Check `values` against a section.

    Raises:
        ConfigError: with one line for every problem, `key: got …, wanted …`.
    """
    try:
        return section.model_validate(values)
    except ValidationError as error:
        lines = [line for problem in error.errors() for line in problem_lines(section, problem)]
        raise ConfigError("\n".join(lines)) from None
