"""What a finished run holds: `results/<name>/split~S/seed~R`, and what its networks and thresholds are of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stcnet_lib.common.files import read_json
from stcnet_lib.common.hdf5 import open_hdf5
from stcnet_lib.config import FeaturesConfig, OcclusionConfig, parse_section, validate
from stcnet_lib.localisation.region_files import REGION_FEATURES
from stcnet_lib.localisation.threshold_file import read_thresholds


class RunError(ValueError):
    """A folder that is no run, or lacks a file that is needed; the message says what makes it."""


@dataclass(frozen=True)
class TrainedRun:
    """The folder of one split and seed."""

    folder: Path

    def file(self, name: str, what: str) -> Path:
        """The path of a file in the folder.

        Args:
            name: relative to the folder.
            what: the file in words, for the message.

        Raises:
            RunError: it is not there.
        """
        return self._existing(self.folder / name, what)

    @property
    def guider(self) -> Path:
        return self.file("guider/model.json", "the guider")

    @property
    def store(self) -> Path:
        """The data that it was trained on."""
        return self._existing(self.folder.parents[1] / "tracklets.h5", "the data that the run learned from")

    @property
    def split(self) -> int:
        """The row of the store's roles."""
        return _number(self.folder.parent, "split")

    def thresholds(self) -> tuple[list[float], OcclusionConfig]:
        """τ of each third, and the settings of the scores that they are of.

        Raises:
            RunError: a file of a version that did not note the settings.
        """
        path = self.file("threshold.json", "the thresholds of occlusion scores")
        found = read_thresholds(path)
        if "settings" not in found:
            raise RunError(
                f"{path}: got thresholds without the settings of their scores, written by an older version, "
                f"wanted these too; made again by: {_made_by(path, again=True)}"
            )
        return found["tau"], validate(OcclusionConfig, found["settings"])

    def features(self) -> FeaturesConfig:
        """How the region features were made that cosine scores compare."""
        with open_hdf5(self.regions) as file:
            REGION_FEATURES.form.check(self.regions, file.attrs)
            return parse_section(FeaturesConfig, file.attrs["config"])

    @property
    def regions(self) -> Path:
        return self.file("regions.h5", "region features of the data that the run learned from")

    def learned_from(self, digest: str) -> bool:
        """Whether the store with this digest is the one that the run learned from."""
        return read_json(self.file("threshold.json", "the thresholds")).get("digest") == digest

    def completions(self) -> list[Path]:
        """Folders of its finished completions, by name."""
        return sorted(path.parent for path in self.folder.glob("completion~*/restoration.json"))

    def _existing(self, path: Path, what: str) -> Path:
        if not path.is_file():
            raise RunError(f"{path}: got no such file, wanted {what}; made by: {_made_by(path)}")
        return path


def open_run(path: Path) -> TrainedRun:
    """The run in a folder.

    Args:
        path: `results/<name>/split~S/seed~R`, or a folder above it that holds one run only.

    Raises:
        RunError: there is none, or there are several.
    """
    if not path.is_dir():
        raise RunError(f"{path}: got no such folder, wanted a run, such as results/walkers/split~0/seed~0")
    if (path / "guider").is_dir():
        return TrainedRun(path.resolve())
    found = sorted(folder for depth in ("seed~*", "split~*/seed~*") for folder in path.glob(depth))
    if len(found) == 1:
        return TrainedRun(found[0].resolve())
    names = ", ".join(str(one.relative_to(path)) for one in found)
    got = f"{len(found)} runs ({names})" if found else "no run"
    raise RunError(f"{path}: got {got}, wanted the folder of one, such as results/walkers/split~0/seed~0")


def _made_by(path: Path, again: bool = False) -> str:
    """The command that makes a file of a run, in the folder of the workflow."""
    parts = path.parts
    if "results" in parts:
        last = len(parts) - 1 - parts[::-1].index("results")
        target = Path(*parts[last:])
    else:
        target = Path("results/…") / path.name
    return f"snakemake --cores all {'--force ' if again else ''}{target}"


def _number(folder: Path, name: str) -> int:
    """N of a folder `<name>~N`."""
    head, _, number = folder.name.partition("~")
    if head != name or not number.isdecimal():
        raise RunError(f"{folder}: got this name, wanted {name}~ and a number: the run is not in its place")
    return int(number)
