"""How a run fills by a method: as its own completion of that method does, if it has one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stcnet_lib.common.files import read_json
from stcnet_lib.completion.completing import CompletionFiles
from stcnet_lib.config import CompletionConfig, ReferencesConfig, parse_section
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.files import read_description
from stcnet_lib.trained.run import TrainedRun

# Of runs that have neither such a completion nor a network that says: as in config.yaml.
_REFERENCES = ReferencesConfig(references="region", reference_margin=1)


@dataclass(frozen=True)
class Chosen:
    """Settings of a completion, the files it uses, and which frames it fills from."""

    config: CompletionConfig
    files: CompletionFiles
    references: ReferencesConfig


def choose_completion(run: TrainedRun, method: str, align: bool | None = None) -> Chosen:
    """The completion of a run that fills by a method; of several that which is called like the method.

    Args:
        method: a row of `METHODS`.
        align: whether frames to restore from are moved onto the person; None: as the run has it. A run that
            has no such completion aligns, since boxes of a tracker drift.

    Raises:
        RunError: a file is missing.
    """
    folder = _folder(run, method)
    config = _aligned(_config(run, folder, method), align)
    return Chosen(config, _files(run, folder, config), _references(run, folder, config))


def _folder(run: TrainedRun, method: str) -> Path | None:
    """The folder of a completion by this method whose masks are not those of the truth, if there is one."""
    found = [folder for folder in run.completions() if _fits(read_json(folder / "restoration.json"), method)]
    named = [folder for folder in found if folder.name == f"completion~{method}"]
    return next(iter([*named, *found]), None)


def _fits(made: dict[str, Any], method: str) -> bool:
    return made["method"] == method and made["masks"] in ("predicted", "pixels")


def _config(run: TrainedRun, folder: Path | None, method: str) -> CompletionConfig:
    if folder is None:
        masks = "pixels" if METHODS[method].gathers else "predicted"
        return CompletionConfig(method=method, masks=masks, align=True, seam="blend")
    name = folder.relative_to(run.folder).as_posix()
    with TrackletStore(run.file(f"{name}/tracklets.h5", "a completion of the run")) as store:
        config = parse_section(CompletionConfig, store.config)
    # Its store says what filled in the end: the median, where the network asked for had no skill.
    if config.method != method:
        config = config.model_copy(update={"method": method, "fallback": config.method})
    return config


def _aligned(config: CompletionConfig, align: bool | None) -> CompletionConfig:
    return config if align is None else config.model_copy(update={"align": align})


def _files(run: TrainedRun, folder: Path | None, config: CompletionConfig) -> CompletionFiles:
    """The saved networks that fill and judge."""
    method = METHODS[config.method]
    stcnet = gather = None
    if method.needs_network:
        stcnet = run.file(f"stcnet~{config.stcnet}/model.json", "the network that fills")
    if method.gathers:
        gather = run.file("gather/model.json", "the network that gathers pixels")
    return CompletionFiles(stcnet, gather, **_judge(run, folder, config))


def _judge(run: TrainedRun, folder: Path | None, config: CompletionConfig) -> dict[str, Path]:
    """The judge of the completion, if it asks for one and planted occluders taught it."""
    if folder is None or not config.least_confidence or not run.thresholds()[1].judged_by_probe:
        return {}
    name = folder.relative_to(run.folder).as_posix()
    return {"judge": run.file(f"{name}/judge.json", "the judge of this completion"), "guider": run.guider}


def _references(run: TrainedRun, folder: Path | None, config: CompletionConfig) -> ReferencesConfig:
    """As the completion had them; else as the network, whose controls copies are."""
    if folder is not None:
        values = read_json(folder / "restoration.json")
    else:
        model = run.folder / f"stcnet~{config.stcnet}" / "model.json"
        if not model.is_file():
            return _REFERENCES
        values = read_description(model, *NETWORKS)["details"]["settings"]
    # Keys at their defaults may be left out of JSON (`config/completion.py`).
    return ReferencesConfig(**{key: values[key] for key in ReferencesConfig.model_fields if key in values})
