"""What data bring to re-ID networks at large: means over the networks of a table.

Whether a completion helps *other* networks is a question of networks. One training of one network says
little of it: another seed moves a trained row by points. So the difference that data make is taken of every
network by itself, paired, and each training counts as a run (`statistics`): the interval of the mean holds
people, the noise of training, and how differently networks take to the data. It is of networks such as
these, not of all that exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stcnet_lib.evaluation.cells import Cell, Result
from stcnet_lib.evaluation.comparison import KEYS, RAW, runs_by_split
from stcnet_lib.evaluation.controls import Made, copy_of, value_of
from stcnet_lib.evaluation.statistics import paired_bootstrap

LEAST = 3  # networks that a mean is worth taking of

Data = tuple[str, str]  # train and test


def across_networks(
    results: Mapping[Cell, Result], made: Mapping[str, Made], resamples: int
) -> list[dict[str, Any]]:
    """One row for training and test data that at least `LEAST` networks have.

    `train`, `test`, and `against`: to `raw`, networks trained and tested on raw data, and to `copy`, copies
    of the same masks, named by `copied`, in the place of `test`; each None without such rows. There, by
    metric (mAP, rank1): `value`, `low`, `high` of the mean over networks, `networks` with the difference of
    each, and `better`, of how many it is above 0.
    """
    rows = []
    for train, test in dict.fromkeys(cell.variant[1:] for cell in results):
        if (train, test) == (RAW, RAW):
            continue
        tests = [cell.test for cell in results]
        copied = copy_of(test, tests, made)
        of_copies = None if copied in (None, test) else (copied if train == test else train, copied)
        against = {"raw": (RAW, RAW), "copy": of_copies}
        found = {
            name: _difference((train, test), other, results, resamples) if other else None
            for name, other in against.items()
        }
        if any(found.values()):
            rows.append({"train": train, "test": test, "copied": copied, "against": found})
    return rows


def _difference(
    data: Data, other: Data, results: Mapping[Cell, Result], resamples: int
) -> dict[str, dict[str, Any]] | None:
    """Metric -> interval of the mean of `data` - `other`, and each network's; None of too few networks."""
    both = {
        cell: twin
        for cell in results
        if cell.variant[1:] == data and (twin := cell.with_data(*other)) in results
    }
    names = list(dict.fromkeys(cell.network for cell in both))
    if len(names) < LEAST:
        return None
    own, others = (runs_by_split(list(cells), results) for cells in (both, both.values()))
    found = paired_bootstrap(others, own, resamples)
    measured = {}
    for metric, key in KEYS.items():
        singly = {
            name: float(
                np.mean(
                    [
                        value_of(results[cell], metric) - value_of(results[twin], metric)
                        for cell, twin in both.items()
                        if cell.network == name
                    ]
                )
            )
            for name in names
        }
        better = sum(value > 0 for value in singly.values())
        measured[key] = found[metric]["difference"].as_dict() | {"networks": singly, "better": better}
    return measured
