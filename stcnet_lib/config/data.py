"""Where tracklets come from, and where they go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.config.section import Fraction, Name, Section, expanded

QueryRule = Literal["spare", "every_camera"]
Degrees = Annotated[float, Field(ge=0, le=120)]
Coarseness = Annotated[float, Field(ge=1, le=8)]
MOST_BYSTANDERS, MOST_CUT = 8, 0.4


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
    turns: Fraction = Field(0.0, description="share of tracklets in which the body turns")
    turn_degrees: tuple[Degrees, Degrees] = Field((30, 90), description="by how much, least and most")
    looks: Fraction = Field(0.0, description="share of tracklets in which the head looks aside for a while")
    look_degrees: tuple[Degrees, Degrees] = Field(
        (20, 50), description="by how much it is turned against the body then, least and most"
    )
    approach: Fraction = Field(
        0.0,
        description="share of tracklets whose walker comes nearer or goes away: far frames are blurred",
    )
    approach_factor: tuple[Coarseness, Coarseness] = Field(
        (1.5, 3), description="how many times coarser than the crop the farthest frame is, least and most"
    )
    box_drift: float = Field(
        0.0, ge=0, le=0.3, description="most by which a box drifts off, share of its height and width"
    )
    box_jumps: Fraction = Field(
        0.0, description="share of tracklets whose box jumps to another place and size for a few frames"
    )
    jump_size: float = Field(
        0.12,
        ge=0,
        le=0.3,
        description="most by which it jumps, and changes its size, share of height and width",
    )
    cut_off: Fraction = Field(
        0.0, description="share of tracklets whose box misses the head or the feet for some frames"
    )
    cut_share: tuple[Fraction, Fraction] = Field(
        (0.1, 0.25), description="of the person's height that is cut off then, least and most"
    )
    bystanders: tuple[int, int] = Field(
        (0, 0), description="people behind the walker, standing or passing, least and most"
    )
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _ranges(self) -> WalkersConfig:
        pairs = ("events", "event_frames", "turn_degrees", "look_degrees", "approach_factor", "cut_share")
        for name in (*pairs, "bystanders"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: the least ({low}) is above the most ({high})")
        for name in ("events", "bystanders"):
            if getattr(self, name)[0] < 0:
                raise ValueError(f"{name}: got {getattr(self, name)[0]}, wanted 0 or more")
        if self.bystanders[1] > MOST_BYSTANDERS:
            raise ValueError(f"bystanders: got {self.bystanders[1]}, wanted {MOST_BYSTANDERS} or fewer")
        if self.cut_share[1] > MOST_CUT:
            raise ValueError(f"cut_share: got {self.cut_share[1]}, wanted {MOST_CUT} or less")
        return self


class PlantConfig(Section):
    """Occluders pasted over anybody's tracklets, so that the truth is known (`stcnet_lib/data/planting`)."""

    tracklets: Fraction = Field(0.0, description="share of tracklets that get occluders; 0: none are planted")
    events: tuple[int, int] = Field((1, 2), description="occluders for every `window` frames, least and most")
    window: int = Field(48, ge=4, le=256, description="frames; longer tracklets are planted window by window")
    event_frames: tuple[Fraction, Fraction] = Field(
        (0.1, 0.3), description="share of a window's frames that one occluder lasts"
    )
    most_hidden: Fraction = Field(0.4, description="cap on the share of frames in which a third is hidden")
    people: Fraction = Field(
        0.5, description="share of occluders that are people cut out of other tracklets; the rest are sprites"
    )
    things: Fraction = Field(
        0.0,
        exclude_if=lambda share: share == 0,  # results were made before there were any
        description="of what is no person: share of shapes and textures drawn at random instead of the "
        "walkers' sprites",
    )
    together: Fraction = Field(
        0.3, description="share of occluders that go along with the person for a while; the rest pass"
    )
    held_out: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="share of people that become the test part where the source has train tracklets only",
    )
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _ranges(self) -> PlantConfig:
        for name in ("events", "event_frames"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"{name}: got {low} to {high}, wanted 0 or more, the least first")
        return self


class VideoConfig(Section):
    """Tracks of one's own videos (`stcnet_lib/data/source/layouts/video.py`)."""

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
        0.0,
        ge=-1,
        le=1000,
        description="boxes up to this confidence are left out; -1 in a file is unknown and stays, and -1 "
        "here keeps all",
    )
    least_visibility: Fraction = Field(0.0, description="9 columns: boxes below are left out")
    classes: tuple[int, ...] = Field(
        (),
        description="8 to 10 columns, see stcnet_lib/data/source/video/mot.py: classes that count; none: all",
    )
    frames: Literal["auto", "number", "place"] = Field(
        "auto",
        description="of a folder of images: whether frame n of the boxes is the image with number n or the "
        "n-th one; auto: whichever fits, and an error where nothing decides. A video has places",
    )
    first_frame: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="number of the first picture in box files that count places; none: 1, and a box in "
        "frame 0 is an error",
    )


class DatasetConfig(Section):
    """Where the tracklets come from."""

    name: Name = Field(description="names the folder under results/")
    layout: Literal[*LAYOUTS] = Field(description="how the source is laid out on disk")
    root: str | None = Field(None, description="folder of the source; none for walkers")
    on_bad_frame: Literal["stop", "exclude"] = Field(
        "stop", description="an undecodable, empty or missing frame: stop, or leave out and list"
    )
    licence: str | None = Field(None, description="overrides the licence the layout states")
    citation: str | None = Field(None, description="overrides the citation the layout states")
    queries: QueryRule = Field(
        "spare",
        description="test tracklets that the source does not part into query and gallery (folder `test`, "
        "MARS without info/, manifest): see stcnet_lib/data/source/layouts/queries.py",
    )
    split_seed: int = Field(0, ge=0, description="prid2011 without a JSON file: draws its ten half splits")
    split_frames: int = Field(
        27, ge=1, le=1000, description="prid2011 likewise: least frames of a person before each camera"
    )
    walkers: WalkersConfig = WalkersConfig()
    video: VideoConfig = VideoConfig()
    plant: PlantConfig = PlantConfig()

    @field_validator("root")
    @classmethod
    def _as_a_shell_reads_it(cls, value: str | None) -> str | None:
        return value and expanded(value)

    @model_validator(mode="after")
    def _root(self) -> DatasetConfig:
        if self.layout != "walkers":
            if self.root is None:
                raise ValueError(f"root: got nothing, wanted the folder of the {self.layout} data")
            if not Path(self.root).is_dir():
                raise ValueError(f"root: got '{self.root}', wanted an existing folder")
        elif self.is_planted:
            raise ValueError(
                f"plant.tracklets: got {self.plant.tracklets}, wanted 0: walkers have occluders of their own "
                "(dataset.walkers)"
            )
        return self

    def source_json(self) -> str:
        """Canonical JSON of what the source's store depends on: not on what is planted over it later."""
        return self.model_dump_json(exclude={"plant"})

    @property
    def label(self) -> str:
        """What tables call the data: nobody shall take numbers of planted occluders for others."""
        share = f"{100 * self.plant.tracklets:g} % of tracklets"
        return f"{self.name}, planted occluders ({share})" if self.is_planted else self.name

    @property
    def is_planted(self) -> bool:
        """Whether occluders are pasted over the source's frames."""
        return self.plant.tracklets > 0


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
