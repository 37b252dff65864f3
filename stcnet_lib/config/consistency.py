"""What no section can tell by itself: values that do not fit each other, found before a job starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.config.parts import Backbone
from stcnet_lib.config.reid import ReIDConfig, saved_parts

if TYPE_CHECKING:
    from stcnet_lib.config.experiment import Config, VariantConfig


def inconsistencies(config: Config) -> list[str]:
    """One line a problem, `key: got …, wanted …`."""
    checks = (
        _guider_of_clips,
        _absent_splits,
        _repeated_rows,
        _unequal_shares,
        _unknown_pixels,
        _unknown_judges,
        _other_kinds,
    )
    return [line for check in checks for line in check(config)]


def _guider_of_clips(config: Config) -> Iterator[str]:
    guider = config.guider
    if guider.meeting is None or config.trained_guider is not None:
        return
    if guider.inserted is None:
        problem = f"backbone: got '{guider.backbone.kind}', wanted one of single frames"
    elif guider.non_local:
        problem = "non_local: got true, wanted false"
    else:
        problem = f"blocks: got '{guider.inserted.kind}', wanted null"
    yield (
        f"guider.{problem}: the guider gives features of single frames, which a network with "
        f"{guider.meeting} does not have; put it into networks"
    )


def _absent_splits(config: Config) -> Iterator[str]:
    """Splits of a layout that has one; how many a table holds is known when it is read."""
    layout = config.dataset.layout
    if LAYOUTS[layout].splits == 1 and config.splits != (0,):
        yield f"splits: got {list(config.splits)}, wanted [0]: the layout {layout} has one split"


def _repeated_rows(config: Config) -> Iterator[str]:
    places: dict[VariantConfig, int] = {}
    for i, row in enumerate(config.variants):
        first = places.setdefault(row, i)
        if first < i:
            yield f"variants.{i}: got the row of variants.{first} again, wanted each once"
        if len(set(row.trained_on)) < len(row.trained_on):
            yield f"variants.{i}.train: got '{row.train}', wanted each data set once"


def _unequal_shares(config: Config) -> Iterator[str]:
    """Batches that the GPUs of a training cannot share evenly."""
    gpus = max(config.runtime.gpus, 1)
    sections = {f"networks.{name}": network for name, network in config.networks.items()}
    sections["stcnet"] = config.stcnet
    sections |= {f"stcnets.{name}": config.stcnet_named(name) for name in config.stcnets}
    if config.trained_guider is None:
        sections["guider"] = config.guider
    for name, section in sections.items():
        if section.batch % gpus:
            yield (
                f"{name}.batch: got {section.batch}, wanted a multiple of the {gpus} GPUs of a training "
                "(runtime.gpus)"
            )
        elif isinstance(section, ReIDConfig) and section.triplet is not None:
            people = section.batch // section.triplet.tracklets
            if people % gpus:
                yield (
                    f"{name}.triplet.tracklets: got {section.triplet.tracklets}, wanted one that leaves "
                    f"{gpus} GPUs (runtime.gpus) equal shares of the {people} people of a batch"
                )


def _unknown_pixels(config: Config) -> Iterator[str]:
    """Masks of pixels that nobody predicts."""
    known = config.occlusion.finds_pixels
    for name, row in config.completions.items():
        if row.masks == "pixels" and not known:
            yield (
                f"completions.{name}.masks: got 'pixels', wanted 'predicted', or 'pixels' for "
                "occlusion.masks, which is 'thirds'"
            )
        if METHODS[row.method].gathers and not known:
            yield (
                f"completions.{name}.method: got '{row.method}', wanted another one, or 'pixels' for "
                "occlusion.masks, which is 'thirds': the network learns from predicted masks"
            )


def _unknown_judges(config: Config) -> Iterator[str]:
    """A confidence is about predicted masks. It is learned from planted occluders and idle without."""
    for name, row in config.completions.items():
        if not row.least_confidence:
            continue
        key = f"completions.{name}.least_confidence: got {row.least_confidence:g}, wanted 0"
        if row.from_truth:
            yield f"{key}: masks of the truth are never wrong"
        if METHODS[row.method].drops_frames:
            yield f"{key}: frames that are discarded are not replaced"


def _other_kinds(config: Config) -> Iterator[str]:
    """Methods that only one kind of completion network has."""
    for name, row in config.completions.items():
        wanted, kind = METHODS[row.method].kind, config.stcnet_named(row.stcnet).kind
        if wanted not in (None, kind):
            yield (
                f"completions.{name}.method: got '{row.method}', wanted 'stcnet': the network '{row.stcnet}' "
                f"is of kind '{kind}', and only one of kind '{wanted}' has this method"
            )


def trained_guider_problem(path: str) -> str | None:
    """What keeps a network from being a guider, as far as its description tells.

    A damaged file is left to `use_guider`, which looks at the weights as well.
    """
    wanted = "wanted the model.json of a trained network, or null"
    if not Path(path).is_file():
        return f"got '{path}', {wanted}"
    try:
        description: Any = json.loads(Path(path).with_suffix(".json").read_text(encoding="utf-8"))
        kind, saved = description["kind"], description["config"]
        without_blocks = saved.get("non_local") is False and saved.get("blocks") is None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if kind != "reid":
        return f"got '{path}' of kind '{kind}', {wanted}"
    if not without_blocks:  # without a value it is the paper's final network
        return f"got '{path}' with blocks, wanted one without: the guider looks at single frames"
    if any(isinstance(part, Backbone) and part.of_clips for part in saved_parts(path)):
        return f"got '{path}' with a backbone of clips, wanted one of single frames"
    return None
