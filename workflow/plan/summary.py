"""What the page of a run is made from: strips of one completion, and the networks that it names."""

from __future__ import annotations

from dataclasses import dataclass

from stcnet_lib.config import Config
from workflow.plan.needs import Needs
from workflow.plan.paths import Paths
from workflow.plan.targets import Targets


@dataclass(frozen=True)
class Summary:
    """Files and options of `write_summary`: pictures and networks are of the first split and seed."""

    settings: Config
    paths: Paths
    needs: Needs
    targets: Targets

    def completion(self) -> str | None:
        """The first that a network fills, else the first of all; never one with the truth's masks."""
        found = [name for name in self.needs.visible_completions() if not self.needs.truth_for(name)]
        filled = [name for name in found if self._by_network(name)]
        return next(iter(filled or found), None)

    def strips(self) -> list[str]:
        """What strips are read from, if there is something to show."""
        files = ("tracklets.h5", "regions.parquet", "restoration.json")
        shown = [f"{self._folder()}/{name}" for name in files]
        return [*shown, *self.paths.truth()] if self.completion() else []

    def networks(self) -> list[str]:
        """`model.json` of the guider, and of the network that fills."""
        return [f"{self._run()}/guider/model.json", *self._filler()]

    def options(self) -> list[str]:
        """Those files as options, and which run they are of."""
        guider, *filler = self.networks()
        options = ["--split", str(self.settings.splits[0]), "--seed", str(self.settings.seeds[0])]
        options += ["--guider", guider]
        for names, files in (
            (("--filler",), filler),
            (("--completed", "--regions", "--restoration", "--truth"), self.strips()),
            (("--quality",), self.targets.completion_table()),
        ):
            options += [word for pair in zip(names, files, strict=False) for word in pair]
        return options

    def _run(self) -> str:
        return f"{self.paths.root}/split~{self.settings.splits[0]}/seed~{self.settings.seeds[0]}"

    def _folder(self) -> str:
        return f"{self._run()}/completion~{self.completion()}"

    def _by_network(self, name: str) -> bool:
        return self.needs.stcnet_for(name) or self.needs.gather_for(name)

    def _filler(self) -> list[str]:
        name = self.completion()
        if name and self.needs.gather_for(name):
            return [f"{self._run()}/gather/model.json"]
        if name and self.needs.stcnet_for(name):
            return [f"{self._run()}/stcnet~{self.settings.completions[name].stcnet}/model.json"]
        return []
