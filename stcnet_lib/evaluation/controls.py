"""What restoring brings beyond its controls: copying, discarding, a mean colour, a generator without memory.

Each variant with data that STCnet made is paired with the variants that differ in the method alone: the same
network, the same masks, and trained likewise, on raw data or on the completion that is tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stcnet_lib.evaluation.comparison import KEYS, VARIANT, Cell, Result, runs_by_split
from stcnet_lib.evaluation.statistics import Interval, paired_bootstrap

_RESTORES = "stcnet"
Variant = tuple[str, str, str]


def methods(restoration: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Completion -> its method and masks, from what `restore_dataset` says of `…/completion~NAME`."""
    return {
        path.rpartition("completion~")[2]: (made["method"], made["masks"])
        for path, made in restoration.items()
    }


def pairs(
    results: Mapping[Cell, Result], made: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[Variant, Variant]]:
    """(restored, control) in the order of `results`."""
    variants = [variant for variant in dict.fromkeys(cell.variant for cell in results) if variant[2] in made]
    for restored in variants:
        if made[restored[2]][0] != _RESTORES:
            continue
        for control in variants:
            method, masks = made[control[2]]
            if method != _RESTORES and masks == made[restored[2]][1] and _likewise(restored, control):
                yield restored, control


def _likewise(a: Variant, b: Variant) -> bool:
    """Whether two variants have one network, and both the same training data or each its own test data."""
    return a[0] == b[0] and (a[1] == b[1] or (a[1] == a[2] and b[1] == b[2]))


def against_controls(
    results: Mapping[Cell, Result], made: Mapping[str, tuple[str, str]], resamples: int
) -> list[dict[str, Any]]:
    """One row a pair: `restored` and `control` as {network, train, test}, differences with 95 % intervals.

    A difference is restored - control, paired by split, seed and query, of means over the runs that both
    have; `runs` holds it for each of these, so that the noise of training shows.
    """
    rows = []
    for restored, control in pairs(results, made):
        cells = [cell for cell in results if cell.variant == restored]
        both = [cell for cell in cells if cell.with_data(*control[1:]) in results]
        if not both:
            continue
        row: dict[str, Any] = {
            name: dict(zip(VARIANT, variant, strict=True))
            for name, variant in (("restored", restored), ("control", control))
        }
        found = _differences(both, control, results, resamples)
        singly = [_differences([cell], control, results, 1) for cell in both]
        for metric, key in KEYS.items():
            row[key] = found[metric].as_dict() | {"runs": [single[metric].value for single in singly]}
        rows.append(row)
    return rows


def _differences(
    cells: list[Cell], control: Variant, results: Mapping[Cell, Result], resamples: int
) -> dict[str, Interval]:
    own = runs_by_split(cells, results)
    other = runs_by_split([cell.with_data(*control[1:]) for cell in cells], results)
    return {metric: found["difference"] for metric, found in paired_bootstrap(other, own, resamples).items()}
