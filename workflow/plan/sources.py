"""Source files that only some jobs load, by name: the code of kinds of networks, methods and layouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcnet_lib.config import Config
from stcnet_lib.config.kinds import NETWORKS, NetworkKind
from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.config.reid import saved_parts
from workflow.plan.needs import Needs
from workflow.plan.paths import is_guider

if TYPE_CHECKING:
    from snakemake.io import Wildcards


@dataclass(frozen=True)
class Sources:
    """What a rule tracks beside its script and the imports of that, `modules` of `library.code`."""

    settings: Config
    needs: Needs

    def layout(self) -> list[str]:
        """The layout of the data set."""
        return [LAYOUTS[self.settings.dataset.layout].file]

    def reading(self) -> list[str]:
        """What reads the source, if anything is read."""
        return [] if self.settings.is_generated else self.layout()

    def guider(self) -> list[str]:
        """The parts that the guider is built of, be it trained here or not."""
        trained = self.settings.trained_guider
        parts = saved_parts(trained) if trained else self.settings.guider.parts
        return [part.file for part in parts]

    def masks(self) -> list[str]:
        """The parts of the guider whose maps mask networks see, if they do."""
        return self.guider() if self.settings.occlusion.pixels.guided else []

    def reid(self, wildcards: Wildcards) -> list[str]:
        """The parts that the network of a variant is built of."""
        return self.guider() if is_guider(wildcards) else self.needs.reid(wildcards.network).files

    def learning(self, wildcards: Wildcards) -> list[str]:
        """What trains a completion network, and the parts of the guider that looks on."""
        return [*self.guider(), *self._kind(wildcards.stcnet).learning_files]

    def filling(self, wildcards: Wildcards) -> list[str]:
        """The methods that a completion may fill by, its network, and what judges them."""
        row, needs = self.settings.completions[wildcards.completion], self.needs
        judged = needs.judge_for(wildcards.completion)
        if row.of_pixels:
            copied = METHODS["copy"].pixel_files if judged else []
            return sorted({*METHODS[row.method].pixel_files, *copied, *(self.guider() if judged else [])})
        methods = {row.method}
        if judged:
            methods.add("copy")  # what does not pass is copied
        if row.fallback != "none":
            methods.add(row.fallback)
        files = [file for method in methods for file in METHODS[method].files]
        if needs.stcnet_for(wildcards.completion):
            files += self._kind(row.stcnet).filling_files
        if judged:
            files += self.guider()
        return sorted(set(files))

    def _kind(self, stcnet: str) -> NetworkKind:
        return NETWORKS[self.settings.stcnet_named(stcnet).kind]
