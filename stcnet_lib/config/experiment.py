"""What is compared and how, how jobs run, and the whole of `config.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from stcnet_lib.config.completion import MASKS_OF_TRUTH, CompletionConfig, ReferencesConfig
from stcnet_lib.config.consistency import inconsistencies, trained_guider_problem
from stcnet_lib.config.data import DatasetConfig, ExportConfig
from stcnet_lib.config.errors import one_of
from stcnet_lib.config.gather import GatherConfig
from stcnet_lib.config.kinds import changed_network
from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.config.likeness import written_out
from stcnet_lib.config.localisation import OcclusionConfig
from stcnet_lib.config.methods import METHODS
from stcnet_lib.config.networks import CompletionNetworkConfig
from stcnet_lib.config.reid import FeaturesConfig, ReIDConfig
from stcnet_lib.config.rows import multiplied_out
from stcnet_lib.config.section import ConfigError, Name, Section, expanded, validate
from stcnet_lib.config.stcnet import StcnetConfig


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

    ranks: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field(
        (1, 5, 10, 20), min_length=1, description="of the CMC; rank 1 comes in any case"
    )
    protocol: Literal["gallery-only", "query-in-gallery", "official"] = "gallery-only"
    test_frames: Literal["all"] | int = Field(
        "all",
        description="of a tracklet: all (the paper), or as many as the number says, spread evenly over it; "
        "some papers test with 4, which gives other numbers",
    )
    test_clip: int = Field(32, ge=1, le=1024, description="frames that meet in blocks and heads")
    rerank: bool = Field(False, description="k-reciprocal re-ranking; papers' numbers are mostly without")
    rerank_k1: int = Field(20, ge=1, le=1000, description="neighbours that must be mutual")
    rerank_k2: int = Field(6, ge=1, le=1000, description="neighbours whose neighbours are averaged")
    rerank_lambda: float = Field(0.3, ge=0, le=1, description="weight of the distance of features")
    bootstrap: int = Field(2000, ge=100, le=100_000, description="resamples of the identities")
    hidden_share: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="walkers: a third counts as hidden where more of its person pixels are covered",
    )

    @property
    def rerank_keys(self) -> tuple[str, ...]:
        """What concerns re-ranking: its settings change nothing where there is none."""
        return ("rerank", "rerank_k1", "rerank_k2", "rerank_lambda") if self.rerank else ("rerank",)

    @field_validator("ranks")
    @classmethod
    def _each_rank_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"got {list(value)}, wanted each rank once")
        return value

    @field_validator("test_frames", mode="before")
    @classmethod
    def _all_or_a_number(cls, value: Any) -> Any:
        if value == "all" or (isinstance(value, int) and 1 <= value <= 1024):
            return value
        raise ValueError(f"got {value!r}, wanted 'all' or a number of frames from 1 to 1024")


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


_OF_WALKERS = {"scores": "cosine", "false_flags": 0.05}  # what `auto` is, chosen on `walkers_validation`
_OF_OTHERS = {"scores": "planted", "false_flags": 0.02}


class Config(Section):
    """Everything `config.yaml` may hold."""

    dataset: DatasetConfig
    splits: tuple[Annotated[int, Field(ge=0)], ...] = Field((0,), min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = Field((0,), min_length=1)
    guider: ReIDConfig = ReIDConfig(non_local=False)
    trained_guider: str | None = Field(
        None, description="model.json of a trained network: used as it is, and `guider` is not read"
    )
    features: FeaturesConfig = FeaturesConfig()
    occlusion: OcclusionConfig = OcclusionConfig()
    stcnet: StcnetConfig = StcnetConfig()
    stcnets: dict[Name, dict[str, Any]] = Field({}, description="what differs from `stcnet`, by name")
    gather: GatherConfig = GatherConfig()
    completions: dict[Name, CompletionConfig] = Field({"stcnet": CompletionConfig(method="stcnet")})
    networks: dict[Name, ReIDConfig] = Field(
        {"nl": ReIDConfig()}, description="by name; `like` names another one, from which a row differs"
    )
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
        if (splits := LAYOUTS[layout].splits) is None:
            raise ValueError(f"got 'all', wanted a list: how many splits there are stands in the {layout}")
        return tuple(range(splits))

    @field_validator("splits", "seeds")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"got {list(value)}, wanted each number once: it would count twice in the means")
        return value

    @model_validator(mode="before")
    @classmethod
    def _without_truth(cls, values: Any) -> Any:
        """Data without ground truth: rows that need it are left out, see `truth_rows`."""
        if not isinstance(values, dict) or _layout(values) in (None, "walkers") or _is_planted(values):
            return values
        rows, kept = truth_rows(values), dict(values)
        if isinstance(values.get("completions"), dict):
            kept["completions"] = {k: v for k, v in values["completions"].items() if k not in rows}
        if isinstance(values.get("variants"), list):
            kept["variants"] = [row for row in values["variants"] if not rows & _data_of(row)]
        return kept

    @model_validator(mode="before")
    @classmethod
    def _scores_of_the_data(cls, values: Any) -> Any:
        """`scores: auto` is cosine for walkers and planted for others, `false_flags: auto` 0.05 and 0.02.

        A detector learns that thirds without a planted occluder are visible. Of the walkers' train split a
        fifth are not, and what hides them are the very sprites that are planted: it learns to tell pasted
        ones from drawn ones.
        """
        occlusion = values.get("occlusion") if isinstance(values, dict) else None
        if not isinstance(occlusion, dict):
            return values
        chosen = _OF_WALKERS if _layout(values) == "walkers" else _OF_OTHERS
        automatic = {key: value for key, value in chosen.items() if occlusion.get(key) == "auto"}
        return {**values, "occlusion": {**occlusion, **automatic}}

    @model_validator(mode="before")
    @classmethod
    def _alignment_of_the_data(cls, values: Any) -> Any:
        """`align: auto` of a completion is true but for walkers: a tracker's boxes drift."""
        completions = values.get("completions") if isinstance(values, dict) else None
        if not isinstance(completions, dict):
            return values
        aligned = {"align": _layout(values) != "walkers"}
        rows = {
            name: {**row, **aligned} if isinstance(row, dict) and row.get("align") == "auto" else row
            for name, row in completions.items()
        }
        return {**values, "completions": rows}

    @model_validator(mode="before")  # the last of these is the first to run
    @classmethod
    def _rows_multiplied_out(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("variants"), list):
            return values
        return {**values, "variants": multiplied_out(values["variants"])}

    @field_validator("networks", mode="before")
    @classmethod
    def _like_others(cls, value: Any) -> Any:
        return written_out(value) if isinstance(value, dict) else value

    @field_validator("trained_guider")
    @classmethod
    def _model_file(cls, value: str | None) -> str | None:
        value = value and expanded(value)
        if value is not None and (problem := trained_guider_problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("guider", mode="before")
    @classmethod
    def _without_blocks(cls, value: Any) -> Any:
        """A guider of which only some values are given still has no non-local blocks."""
        return {"non_local": False, **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _other_stcnets(self) -> Config:
        problems = []
        for name, changes in self.stcnets.items():
            if name == "default":
                problems.append("stcnets: got 'default', wanted another name: it is the section stcnet")
            try:
                changed_network(self.stcnet, changes)
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

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if problems := inconsistencies(self):
            raise ValueError("\n".join(problems))
        return self

    def stcnet_named(self, name: str) -> CompletionNetworkConfig:
        """A completion network: `default`, or one of `stcnets`, which differs in what it names there."""
        return changed_network(self.stcnet, self.stcnets.get(name, {}))

    def references_of(self, completion: str) -> ReferencesConfig:
        """Which frames a completion restores from: as its network does, or by a rule of its own."""
        row = self.completions[completion]
        network = self.stcnet_named(row.stcnet).samples
        rule = network.references if row.references == "network" else row.references
        window = network.window if METHODS[row.method].needs_network else 0
        return ReferencesConfig(references=rule, reference_margin=network.reference_margin, window=window)

    @property
    def has_truth(self) -> bool:
        """Whether clean twins and occluder masks exist."""
        return self.is_generated or self.dataset.is_planted

    @property
    def is_generated(self) -> bool:
        """Whether the data are made by `stcnet_lib/walkers`, so that they are complete."""
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
            if isinstance(row, dict) and row.get("masks") in MASKS_OF_TRUTH
        }
    return found


def _layout(values: dict[str, Any]) -> Any:
    dataset = values.get("dataset")
    return dataset.get("layout") if isinstance(dataset, dict) else None


def _is_planted(values: dict[str, Any]) -> bool:
    plant = values["dataset"].get("plant")
    share = plant.get("tracklets") if isinstance(plant, dict) else None
    return isinstance(share, int | float) and share > 0


def _data_of(row: Any) -> set[str]:
    """The data sets that a parsed row names."""
    if not isinstance(row, dict):
        return set()
    return {*joined(str(row.get("train"))), str(row.get("test"))}


def load_config(values: dict[str, Any]) -> Config:
    """Check a parsed `config.yaml`.

    Raises:
        ConfigError: with one line for every problem.
    """
    return validate(Config, values)
