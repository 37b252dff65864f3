"""What only some jobs have on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcnet_lib.config import Config
from workflow.plan.needs import Needs
from workflow.plan.paths import Paths

if TYPE_CHECKING:
    from snakemake.io import Wildcards


@dataclass(frozen=True)
class Options:
    """Options of the commands in `workflow/scripts`, by what a configuration needs."""

    settings: Config
    paths: Paths
    needs: Needs

    def check(self) -> list[str]:
        """Of `check_dataset`: what a run asks of its data."""
        settings, trains = self.settings, self.needs.networks()
        options = [] if settings.trained_guider and not trains else ["--trains"]
        if settings.variants:
            options += ["--protocol", settings.evaluation.protocol]
        guided = any(settings.stcnet_named(name).needs_classes for name in self.needs.stcnets())
        if settings.trained_guider and guided:
            options += ["--guider", settings.trained_guider]
        return options

    def truth(self) -> list[str]:
        """Where the truth is known: its file."""
        return ["--truth", *self.paths.truth()] if self.settings.has_truth else []

    def hidden(self) -> list[str]:
        """Where the truth is known: its file, and the share of a third from which on it counts as hidden."""
        share = str(self.settings.evaluation.hidden_share)
        return [*self.truth(), "--hidden-share", share] if self.settings.has_truth else []

    def hidden_source(self) -> str:
        """How `measure_shares` is told what is hidden."""
        return "--truth" if self.settings.has_truth else "--scores"

    def prepared_truth(self) -> list[str]:
        """Of `prepare_dataset`: the truth that it writes."""
        return self.truth() if self.settings.is_generated else []

    def score_source(self) -> str:
        """How `score_occlusion` is told what scores are made of."""
        return "--hidden" if self.settings.occlusion.by_networks else "--regions"

    def stcnet(self, wildcards: Wildcards) -> list[str]:
        """The network of a completion, if one fills."""
        if not self.needs.stcnet_for(wildcards.completion):
            return []
        return ["--stcnet", f"{self.paths.stcnet(wildcards)}/model.json"]

    def gather(self, wildcards: Wildcards) -> list[str]:
        """The network that gathers pixels, if it fills."""
        if not self.needs.gather_for(wildcards.completion):
            return []
        return ["--gather", self.paths.gather_files(wildcards)[0]]

    def masks(self, wildcards: Wildcards) -> list[str]:
        """How a completion is told what is hidden."""
        scores = ["--scores", f"{self.paths.run(wildcards)}/occlusion.parquet"]
        if self.needs.truth_for(wildcards.completion):
            return self.hidden()
        if self.needs.masks_for(wildcards.completion):
            return ["--masks", f"{self.paths.run(wildcards)}/masks.h5", *scores]
        return scores

    def judge(self, wildcards: Wildcards) -> list[str]:
        """The judge of a completion, if it has one, and the guider whose features it looks at."""
        if not self.needs.judge_for(wildcards.completion):
            return []
        folder, run = self.paths.completion(wildcards.completion, wildcards), self.paths.run(wildcards)
        return ["--judge", f"{folder}/judge.json", "--guider", f"{run}/guider/model.json"]

    def judged(self, wildcards: Wildcards) -> str:
        """Of `judge_completion`: what fills planted tracklets, and their masks."""
        options = [*self.stcnet(wildcards), *self.gather(wildcards)]
        if self.needs.masks_for(wildcards.completion):
            options += ["--masks", f"{self.paths.run(wildcards)}/masks/probe.h5"]
        return " ".join(options)

    def restore(self, wildcards: Wildcards) -> str:
        """Of `restore_dataset`."""
        parts = (self.stcnet, self.gather, self.masks, self.judge)
        return " ".join(option for part in parts for option in part(wildcards))

    def export(self, wildcards: Wildcards) -> str:
        """Of `export_dataset`."""
        if not self.needs.exports_completion():
            return ""
        folder = self.paths.completion(wildcards.completion, wildcards)
        options = ["--completed", f"{folder}/tracklets.h5", "--regions", f"{folder}/regions.parquet"]
        if not self.needs.truth_for(wildcards.completion):
            options += ["--scores", f"{self.paths.run(wildcards)}/occlusion.parquet"]
        return " ".join([*options, *self.stcnet(wildcards)])

    def people(self, wildcards: Wildcards) -> list[str]:
        """Of `draw_strips`: test people, who trained nothing; data without a test have only others."""
        return ["--split", wildcards.split] if self.settings.variants else []

    def measured(self, wildcards: Wildcards) -> list[str]:
        """Of `measure_planted`: the folders of completions."""
        return [self.paths.completion(name, wildcards) for name in self.needs.visible_completions()]
