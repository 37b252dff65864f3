"""What is wanted in the end: tables, figures and completions that the configuration asks for."""

from __future__ import annotations

from dataclasses import dataclass

from stcnet_lib.config import Config
from workflow.plan.needs import Needs
from workflow.plan.paths import FIGURES, RUN, Paths


@dataclass(frozen=True)
class Targets:
    """Files that a configuration wants, of all splits and seeds."""

    settings: Config
    paths: Paths
    needs: Needs

    def tables(self) -> list[str]:
        """All tables."""
        root = self.paths.root
        found = [f"{root}/integrity.json"]
        if self.settings.variants:
            found += [
                f"{root}/{name}"
                for name in ("comparison.csv", "comparison.json", "results.md", "summary.html")
            ]
        if self.settings.dataset.is_planted:
            found.append(f"{root}/planted.json")
        if measured := self.completion_table():
            found += [f"{root}/completion.csv", *measured]
        return found

    def completion_table(self) -> list[str]:
        """The table of all completions, where the truth is known."""
        wanted = self.settings.has_truth and self.needs.visible_completions()
        return [f"{self.paths.root}/completion.json"] if wanted else []

    def localisation(self) -> list[str]:
        """How well occlusions are found, where the truth is known."""
        return self.paths.each_run(f"{RUN}/localisation.json") if self.settings.has_truth else []

    def each_completion(self, file: str) -> list[str]:
        """A file of every completion that some variant needs."""
        return self._of_completions(self.needs.completions(), file)

    def each_visible_completion(self, file: str) -> list[str]:
        """A file of every completion that can be laid beside the original."""
        return self._of_completions(self.needs.visible_completions(), file)

    def measured_completions(self) -> list[str]:
        """What `measure_planted` reads of one run's completions, with the wildcards of a run."""
        files = ("tracklets.h5", "regions.parquet", "restoration.json")
        return [
            f"{RUN}/completion~{name}/{file}" for name in self.needs.visible_completions() for file in files
        ]

    def variant_labels(self) -> list[str]:
        """A name for every file of `Paths.each_variant`, in its order."""
        splits, seeds = self.settings.splits, self.settings.seeds
        several = len(splits) * len(seeds) > 1
        return [
            f"{row.network}: {row.train} → {row.test}" + (f", split {split}, seed {seed}" if several else "")
            for row in self.settings.variants
            for split in splits
            for seed in seeds
        ]

    def figures(self) -> list[str]:
        """All figures: of every stage that some variant needs."""
        names = ["cmc.svg", "comparison.html"] if self.settings.variants else []
        if self.settings.is_generated:
            names.append("walkers.webp")
        of_run = [
            path
            for pattern in self._figures_of_a_run()
            for path in self.paths.each_run(f"{FIGURES}/{pattern}")
        ]
        return [f"{self.paths.root}/figures/{name}" for name in names] + of_run

    def _figures_of_a_run(self) -> list[str]:
        """Figures of one split and seed, by their place in its folder."""
        pictured = self.needs.pictured_completions()
        found = ["scores.svg", "flags.webp"]
        if not self.settings.trained_guider:
            found.append("training_guider.svg")
        found += [f"training_stcnet~{name}.svg" for name in self.needs.stcnets()]
        found += [f"train~{train}/training_{network}.svg" for train, network in self.needs.networks()]
        found += [
            f"completion~{name}/strips_{choice}.webp"
            for name in pictured
            for choice in ("random", "best", "worst")
        ]
        if self.settings.is_generated:
            found += [f"completion~{name}/walkers.webp" for name in pictured]
        return found

    def _of_completions(self, names: list[str], file: str) -> list[str]:
        return [path for name in names for path in self.paths.each_run(f"{RUN}/completion~{name}/{file}")]
