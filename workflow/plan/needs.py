"""What a run and its jobs need: completions that variants name, networks, truth, judges, complete data."""

from __future__ import annotations

from dataclasses import dataclass

from snakemake.io import ancient

from stcnet_lib.config import Config, ReIDConfig
from stcnet_lib.config.methods import METHODS


def weight_file(network: ReIDConfig) -> list[str]:
    """The file that a training starts from, if it starts from one."""
    return [] if network.pretrained in ("none", "imagenet") else [network.pretrained]


@dataclass(frozen=True)
class Needs:
    """What a configuration needs. A `completion` is the name of a row of `completions:`."""

    settings: Config

    def completions(self) -> list[str]:
        """Completions that some variant needs; all of them where no variant is asked for."""
        used = {name for row in self.settings.variants for name in (*row.trained_on, row.test)}
        return [name for name in self.settings.completions if name in used or not self.settings.variants]

    def visible_completions(self) -> list[str]:
        """Those that can be laid beside the original, frame by frame: all but those that drop frames."""
        rows = self.settings.completions
        return [name for name in self.completions() if not METHODS[rows[name].method].drops_frames]

    def pictured_completions(self) -> list[str]:
        """Those of which strips are drawn: STCnet's and the copies, with masks that all data have."""
        rows = {name: self.settings.completions[name] for name in self.visible_completions()}
        return [
            name
            for name, row in rows.items()
            if row.method in ("stcnet", "copy") and not row.from_truth and row.stcnet == "default"
        ]

    def networks(self) -> list[tuple[str, str]]:
        """(training data, network) of every network that some variant needs, the guider itself left out."""
        pairs = [(row.train, row.network) for row in self.settings.variants]
        return [pair for pair in dict.fromkeys(pairs) if pair != ("raw", "guider")]

    def stcnets(self) -> list[str]:
        """Completion networks that some variant needs."""
        rows = [self.settings.completions[name] for name in self.completions() if self.stcnet_for(name)]
        return list(dict.fromkeys(row.stcnet for row in rows))

    def reid(self, network: str) -> ReIDConfig:
        """The settings of a re-ID network."""
        return self.settings.guider if network == "guider" else self.settings.networks[network]

    def stcnet_for(self, completion: str) -> bool:
        """Whether a network fills."""
        return METHODS[self.settings.completions[completion].method].needs_network

    def gather_for(self, completion: str) -> bool:
        """Whether the network that gathers pixels fills."""
        return METHODS[self.settings.completions[completion].method].gathers

    def truth_for(self, completion: str) -> bool:
        """Whether the masks are those of the truth."""
        return self.settings.completions[completion].from_truth

    def masks_for(self, completion: str) -> bool:
        """Whether predicted masks of pixels are needed."""
        return self.settings.completions[completion].masks == "pixels"

    def scores_for(self, completion: str) -> bool:
        """Whether the regions are flagged by the scores: masks of pixels are believed in these alone."""
        return not self.truth_for(completion)

    def judge_for(self, completion: str) -> bool:
        """Judges learn from planted occluders: where none are planted, all that is flagged is replaced."""
        row = self.settings.completions[completion]
        return row.least_confidence > 0 and self.settings.occlusion.judged_by_probe

    def exports_completion(self) -> bool:
        """Whether an export shows more than the data as they were."""
        return self.settings.export.contents != "raw"

    def checked_data(self) -> list[str]:
        """The file that says the data are complete, for rules that train: generated data always are.

        Ancient: after another protocol the check runs again, and a training has no reason to.
        """
        if self.settings.is_generated:
            return []
        return ancient([f"results/{self.settings.dataset.name}/checked.json"])
