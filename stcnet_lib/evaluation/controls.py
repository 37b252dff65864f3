"""What the default STCnet brings beyond its controls: copies, medians, discarding, other networks, …

Each variant with data that it made is paired with the variants that differ in completions alone: same
re-ID network, same masks, and trained likewise, on the same data or each on the data it is tested on. Copies
are controls only if they were taken from the frames that STCnet was given; other networks may choose theirs.

Frozen rows are of one network, trained once, on other test data: they differ by these data alone, and what a
training happens to be good at is the same for all. So each is compared with raw, copied and clean test data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stcnet_lib.config.methods import METHODS
from stcnet_lib.evaluation.cells import Cell, Result
from stcnet_lib.evaluation.comparison import KEYS, VARIANT, runs_by_split
from stcnet_lib.evaluation.statistics import gap_closed, paired_bootstrap
from stcnet_lib.evaluation.variants import data_sets

Variant = tuple[str, str, str]
_RAW, _CLEAN = "raw", "clean"


class Made(NamedTuple):
    """How a completion was made: of a completion network the name, of other methods None."""

    method: str
    stcnet: str | None
    masks: str
    references: tuple[str, int] | None = None  # rule and margin of the frames it was made from, if it has any

    @property
    def restores(self) -> bool:
        """Whether it is the default STCnet's."""
        return (self.method, self.stcnet) == ("stcnet", "default")

    def is_control_of(self, restored: Made) -> bool:
        """Whether it differs from the default STCnet's completion in the filling alone."""
        given = METHODS[self.method].chooses_references  # frames, as STCnet is
        alike = not given or self.references == restored.references
        return restored.restores and not self.restores and self.masks == restored.masks and alike


def completions_made(restoration: Sequence[Mapping[str, Any]]) -> dict[str, Made]:
    """Name -> how it was made, from what `restoration.json` says of each.

    Where the median filled in the place of STCnet, the data are the median's.
    """
    return {
        said["completion"]: Made(
            said.get("method_used") or said["method"],
            said["stcnet"],
            said["masks"],
            (said["references"], said["reference_margin"]) if "references" in said else None,
        )
        for said in restoration
    }


def controls_left_out(results: Mapping[Cell, Result], made: Mapping[str, Made]) -> list[str]:
    """One line for each copy that would be a control, were it taken from the frames that STCnet was given."""
    names = dict.fromkeys(cell.test for cell in results if cell.test in made)
    return [
        f"{control} is no control of {restored}: got references {made[control].references}, wanted "
        f"{made[restored].references} (rule, margin); see completions in config.yaml"
        for restored in names
        for control in names
        if not made[control].is_control_of(made[restored])
        and made[control]._replace(references=made[restored].references).is_control_of(made[restored])
    ]


def pairs(results: Mapping[Cell, Result], made: Mapping[str, Made]) -> Iterator[tuple[Variant, Variant]]:
    """(restored, control) in the order of `results`."""
    variants = [variant for variant in dict.fromkeys(cell.variant for cell in results) if variant[2] in made]
    for restored in variants:
        own = made[restored[2]]
        for control in variants:
            if made[control[2]].is_control_of(own) and _likewise(restored, control):
                yield restored, control


def _likewise(a: Variant, b: Variant) -> bool:
    """Whether two variants have one network, and both the same training data or each its own test data."""
    return a[0] == b[0] and (a[1] == b[1] or (_trained_again(a) and _trained_again(b)))


def _trained_again(variant: Variant) -> bool:
    """Whether the test data are among the training data, which may be several: `stcnet+copy`."""
    return variant[2] in data_sets(variant[1])


def against_controls(
    results: Mapping[Cell, Result], made: Mapping[str, Made], resamples: int
) -> list[dict[str, Any]]:
    """One row a pair: `restored` and `control` as {network, train, test}, differences with 95 % intervals.

    A difference is restored - control, paired by split, seed and query, of means over the runs that both
    have; `runs` holds it for each of these, so that the noise of training shows.
    """
    rows = []
    for restored, control in pairs(results, made):
        if differences := _differences(restored, control, results, resamples):
            named = {"restored": restored, "control": control}
            rows.append({name: dict(zip(VARIANT, named[name], strict=True)) for name in named} | differences)
    return rows


def frozen_rows(
    results: Mapping[Cell, Result], made: Mapping[str, Made], resamples: int
) -> list[dict[str, Any]]:
    """One row a variant whose network is tested on other data too: {network, train, test}, mAP and rank1.

    `against` holds differences as in `against_controls`: `raw`, to the same network tested on raw data, and
    `copy`, tested on copies of the same masks (of raw and clean data: of predicted ones), whose name is in
    `copied`. Each is None where there is no such row, or it is the row itself. `gap_closed` is the share of
    what occlusion costs this very network that its test data bring back, with intervals; None where the
    network was not tested on raw and on clean data, or the row is one of these.
    """
    variants = dict.fromkeys(cell.variant for cell in results)
    rows = []
    for variant in variants:
        siblings = [test for network, train, test in variants if (network, train) == variant[:2]]
        if len(siblings) < 2:
            continue
        copied = copy_of(variant[2], siblings, made)
        against = {
            name: _differences(variant, (*variant[:2], test), results, resamples)
            if test in siblings and test != variant[2]
            else None
            for name, test in ((_RAW, _RAW), ("copy", copied))
        }
        own = [results[cell] for cell in results if cell.variant == variant]
        values = {key: float(np.mean([value_of(found, m) for found in own])) for m, key in KEYS.items()}
        rows.append(
            dict(zip(VARIANT, variant, strict=True))
            | values
            | {"copied": copied, "against": against, "gap_closed": _gap_closed(variant, results, resamples)}
        )
    return rows


def _gap_closed(
    variant: Variant, results: Mapping[Cell, Result], resamples: int
) -> dict[str, dict[str, float | None]] | None:
    """Metric -> interval of the share, over the runs that were tested on raw and on clean data as well."""
    if variant[2] in (_RAW, _CLEAN):
        return None
    systems = {test: [] for test in (_RAW, variant[2], _CLEAN)}
    for cell in results:
        twins = {test: cell.with_data(variant[1], test) for test in systems}
        if cell.variant == variant and all(twin in results for twin in twins.values()):
            for test, twin in twins.items():
                systems[test].append(twin)
    if not systems[_RAW]:
        return None
    raw, own, clean = (runs_by_split(cells, results) for cells in systems.values())
    return {KEYS[m]: found.as_dict() for m, found in gap_closed(raw, own, clean, resamples).items()}


def copy_of(test: str, siblings: Sequence[str], made: Mapping[str, Made]) -> str | None:
    """The first of the test data `siblings` that were copied with the masks of `test`, if any was."""
    masks = made[test].masks if test in made else "predicted"
    copies = (name for name in siblings if name in made and made[name][:3:2] == ("copy", masks))
    return next(copies, None)


def _differences(
    variant: Variant, other: Variant, results: Mapping[Cell, Result], resamples: int
) -> dict[str, Any] | None:
    """Metric -> interval of variant - other over the runs that both have, and each run's; None: no runs."""
    cells = [cell for cell in results if cell.variant == variant]
    both = {cell: twin for cell in cells if (twin := cell.with_data(*other[1:])) in results}
    if not both:
        return None
    own_runs, other_runs = (runs_by_split(list(those), results) for those in (both, both.values()))
    found = paired_bootstrap(other_runs, own_runs, resamples)
    singly = {
        metric: [
            value_of(results[own], metric) - value_of(results[twin], metric) for own, twin in both.items()
        ]
        for metric in KEYS
    }
    return {
        key: found[metric]["difference"].as_dict() | {"runs": singly[metric]} for metric, key in KEYS.items()
    }


def value_of(result: Result, metric: str) -> float:
    """A metric of one run, by its name in `statistics.METRICS`."""
    return result.metrics["metrics"][metric]
