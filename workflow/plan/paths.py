"""Where every file lies: patterns with wildcards, and paths that follow from the configuration."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snakemake.io import expand

from stcnet_lib.config import Config

if TYPE_CHECKING:
    from snakemake.io import Wildcards

PROBE = "results/{dataset}/split~{split}/probe"  # train tracklets with planted occluders
RUN = "results/{dataset}/split~{split}/seed~{seed}"  # one split, one seed
NETWORK = f"{RUN}/train~{{train}}/reid~{{network}}"
TEST = f"{NETWORK}/test~{{test}}"
LOGS = "results/{dataset}/logs"
FIGURES = "results/{dataset}/figures/split~{split}/seed~{seed}"


def is_guider(wildcards: Wildcards) -> bool:
    """Whether the network of a variant is the guider itself and not another one with its settings."""
    return (wildcards.network, wildcards.train) == ("guider", "raw")


@dataclass(frozen=True)
class Paths:
    """Paths of a configuration; what does not take a job's wildcards may hold wildcards itself."""

    settings: Config

    @property
    def root(self) -> str:
        """The folder of everything that is made of the data set."""
        return f"results/{self.settings.dataset.name}"

    def run(self, wildcards: Wildcards) -> str:
        """The folder of one split and seed."""
        return RUN.format(dataset=wildcards.dataset, split=wildcards.split, seed=wildcards.seed)

    def store(self, name: str, wildcards: Wildcards) -> str:
        """The file of a data set by its name in `variants:`: raw, clean, or a completion."""
        folder = self.root if name in ("raw", "clean") else self.completion(name, wildcards)
        return f"{folder}/{'truth' if name == 'clean' else 'tracklets'}.h5"

    def completion(self, name: str, wildcards: Wildcards) -> str:
        """The folder of a completion."""
        return f"{self.run(wildcards)}/completion~{name}"

    def network(self, wildcards: Wildcards) -> str:
        """The folder of a variant's network: the guider itself stands apart, trained on raw data."""
        if is_guider(wildcards):
            return f"{self.run(wildcards)}/guider"
        return f"{self.run(wildcards)}/train~{wildcards.train}/reid~{wildcards.network}"

    def stcnet(self, wildcards: Wildcards) -> str:
        """The folder of the network that a completion names."""
        return f"{self.run(wildcards)}/stcnet~{self.settings.completions[wildcards.completion].stcnet}"

    def stcnet_files(self, wildcards: Wildcards) -> list[str]:
        """Description and weights of that network."""
        folder = self.stcnet(wildcards)
        return [f"{folder}/model.json", f"{folder}/model.safetensors"]

    def gather_files(self, wildcards: Wildcards) -> list[str]:
        """Description and weights of the network that gathers pixels."""
        folder = f"{self.run(wildcards)}/gather"
        return [f"{folder}/model.json", f"{folder}/model.safetensors"]

    def prepared(self) -> str:
        """The store of the source as it is: occluders are planted over it, or it is what all stages read."""
        return f"results/{{dataset}}/{'source' if self.settings.dataset.is_planted else 'tracklets'}.h5"

    def prepared_truth(self) -> dict[str, str]:
        """What `prepare_dataset` writes beside it: generated data have a truth from the start."""
        return {"truth": "results/{dataset}/truth.h5"} if self.settings.is_generated else {}

    def truth(self) -> list[str]:
        """The store of clean twins and masks: of the walkers, and where occluders were planted."""
        return [f"{self.root}/truth.h5"] if self.settings.has_truth else []

    def score_source(self) -> str:
        """The file that scores are made of: features of regions, or what networks say."""
        files = {"cosine": "regions", "planted": "hidden", "pixels": "masks/hidden"}
        return f"{RUN}/{files[self.settings.occlusion.scores]}.h5"

    def scored_probe(self) -> str:
        """What the scores say of planted occluders."""
        return f"{RUN}/{'masks/' if self.settings.occlusion.scores == 'pixels' else ''}probe.parquet"

    def threshold_probe(self) -> list[str]:
        """The scores of planted occluders that the threshold is found on, if it is."""
        return [self.scored_probe()] if self.settings.occlusion.threshold == "planted" else []

    def found_masks(self) -> list[str]:
        """The masks of pixels, if any are found."""
        return [f"{RUN}/masks.h5"] if self.settings.occlusion.finds_pixels else []

    def masks_scores(self) -> list[str]:
        """The flags of thirds outside of which masks are not believed, where the scores are others."""
        return [] if self.settings.occlusion.scores == "pixels" else [f"{RUN}/occlusion.parquet"]

    def masks_guider(self) -> list[str]:
        """Description and weights of the guider, where mask networks see its maps."""
        occlusion = self.settings.occlusion
        guided = occlusion.finds_pixels and occlusion.pixels.guided
        return [f"{RUN}/guider/model.json", f"{RUN}/guider/model.safetensors"] if guided else []

    def trained_guider_weights(self) -> str:
        """The weights beside the description of a `trained_guider`."""
        return os.path.splitext(self.settings.trained_guider)[0] + ".safetensors"

    def each_run(self, pattern: str) -> list[str]:
        """A path of every split and seed."""
        return expand(
            pattern,
            dataset=self.settings.dataset.name,
            split=self.settings.splits,
            seed=self.settings.seeds,
            allow_missing=True,
        )

    def each_variant(self, file: str) -> list[str]:
        """A file of every variant, split and seed, in the order of the configuration."""
        return [
            path
            for row in self.settings.variants
            for path in self.each_run(f"{RUN}/train~{row.train}/reid~{row.network}/test~{row.test}/{file}")
        ]

    def wildcard_patterns(self) -> dict[str, str]:
        """Wildcard -> the regular expression of what may stand there: names of the configuration."""
        settings = self.settings
        return {
            "dataset": re.escape(settings.dataset.name),
            "split": r"\d+",
            "seed": r"\d+",
            "stcnet": _one_of(["default", *settings.stcnets]),
            "completion": _one_of(settings.completions) or "none",
            "network": _one_of(["guider", *settings.networks]),
            "train": r"[^/~]+",
            "test": r"[^/~]+",
        }


def _one_of(names: list[str] | dict[str, object]) -> str:
    return "|".join(map(re.escape, names))
