"""What the page says, read from the files of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stcnet_lib.common.files import file_digest, read_json
from stcnet_lib.common.forms import Form, read_record
from stcnet_lib.completion.record import read_replaced
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.cells import METRICS_FILE
from stcnet_lib.report.figures.cmc import read_cmc
from stcnet_lib.report.figures.strip_frames import Strip, StripPool
from stcnet_lib.report.summary.found import Found
from stcnet_lib.report.summary.times import stage_times
from stcnet_lib.report.tables.tables import read_comparison

_MODEL = Form("stcnet-model", 1)
_STRIPS, _FRAMES = 3, 7
_RANKS = 20  # of the CMC, as in the paper


@dataclass(frozen=True)
class Completed:
    """The files of the completion that strips are shown of."""

    store: Path  # its tracklets.h5
    regions: Path
    restoration: Path
    truth: Path | None
    split: int
    seed: int  # of the draw


@dataclass(frozen=True)
class Inputs:
    """Files of one run; what a configuration does not make is empty."""

    comparison: Path
    store: Path
    metrics: Sequence[Path]
    cmc: Sequence[Path]  # of the same variants
    completed: Completed | None = None
    qualities: Path | None = None  # completion.json
    networks: Mapping[str, Path] = field(default_factory=dict)  # what it is -> model.json
    logs: Path | None = None


def read_found(inputs: Inputs) -> Found:
    """Read everything.

    Raises:
        ValueError: a file of another form, or stores that do not hold the same frames.
    """
    with ExitStack() as stack:
        store = stack.enter_context(TrackletStore(inputs.store))
        attributes, digests = dict(store.attributes), {"data": store.digest}
        strips, pool, name = [], "", None
        if inputs.completed is not None:
            strips, pool, digest = _read_strips(store, inputs.completed)
            name = read_json(inputs.completed.restoration)["completion"]
            digests[f"data restored by {name}"] = digest
    digests["comparison.json"] = file_digest(inputs.comparison)
    return Found(
        comparison=read_comparison(inputs.comparison),
        store=attributes,
        curves=_curves(inputs.metrics, inputs.cmc),
        strips=strips,
        completion=name,
        pool=pool,
        qualities=read_json(inputs.qualities)["rows"] if inputs.qualities else (),
        networks={name: _described(path) for name, path in inputs.networks.items()},
        stores=digests,
        times=stage_times(inputs.logs) if inputs.logs else (),
    )


def _read_strips(store: TrackletStore, made: Completed) -> tuple[list[Strip], str, str]:
    """Strips, in words what they were drawn from, and the digest of the completed store."""
    with ExitStack() as stack:
        after = stack.enter_context(TrackletStore(made.store))
        clean = stack.enter_context(TrackletStore(made.truth)) if made.truth else None
        table = read_replaced(made.regions, store)
        found = StripPool(table, store, after, clean, made.seed, made.split)
        return *found.strips("random", _STRIPS, _FRAMES), after.digest


def _curves(metrics: Sequence[Path], cmc: Sequence[Path]) -> dict[tuple[str, str, str], np.ndarray]:
    """Network, training data, test data -> mean CMC of its runs (ranks,)."""
    runs: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for said, path in zip(metrics, cmc, strict=True):
        cell = read_record(said, METRICS_FILE)["cell"]
        names = cell["network"], cell["train"], cell["test"]
        runs.setdefault(names, []).append(read_cmc(path)["cmc"].to_numpy())
    shortest = min((len(curve) for curves in runs.values() for curve in curves), default=0)
    return {
        names: np.mean([curve[: min(shortest, _RANKS)] for curve in curves], axis=0)
        for names, curves in runs.items()
    }


def _described(path: Path) -> dict[str, Any]:
    return read_record(path, _MODEL)
