"""How sure a difference is: a paired bootstrap over identities.

The queries of one person share clothes, gait and the same matches, so their results rise and fall together.
A bootstrap that draws queries takes them for independent and reports intervals that are falsely narrow (on
the walkers ±2.7 points of mAP instead of ±4.4). So whole identities are drawn, with all their queries; and
both systems are read at the same draw, since a difference on the same people is far surer than two separate
means.

Every system may have been trained several times, and on several splits. The same people are drawn for all
of these runs, and a query's results are averaged over the seeds first: the interval is that of the mean over
these seeds. What it leaves out is the noise of training: another seed moves the results as well, so the
spread over runs has to stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

METRICS = ("mAP", "rank-1")

# The per-query tables (`ProtocolResult.queries`) of one system: split -> one for each seed.
Runs = Mapping[int, Sequence[pd.DataFrame]]

_CHUNK_COUNTS = 1 << 22  # how often each identity was drawn, in memory at a time: 32 MiB


@dataclass(frozen=True)
class Interval:
    """A value and the percentile interval of its resamples; None where that is undefined."""

    value: float | None
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, float | None]:
        """For a JSON file."""
        return asdict(self)


def draw_identities(identities: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each identity is drawn: blocks (R', I) of `resamples` rows, each row adding up to I.

    Drawing I identities with replacement is a multinomial draw; the rows do not depend on the blocks.
    """
    generator = np.random.default_rng(seed)
    block = max(1, _CHUNK_COUNTS // identities)
    chances = np.full(identities, 1 / identities)
    for start in range(0, resamples, block):
        yield generator.multinomial(identities, chances, size=min(block, resamples - start))


def bootstrap_metrics(systems: Mapping[str, Runs], resamples: int, seed: int) -> np.ndarray:
    """Every system's metrics at the same draws of identities, the mean over its splits.

    People are drawn from all splits together, each with the queries of every split that tests them. A split
    none of whose people were drawn counts for nothing in that draw.

    Args:
        systems: name -> its runs, all with the same splits and, in each, the same queries.

    Returns:
        (S, R, M), the metrics in the order of `METRICS`.
    """
    parts = [_values_of_split(systems, split) for split in _splits(systems)]
    people = np.unique(np.concatenate([pid for pid, _ in parts]))
    tables = []  # of each split: queries of every person (I,), and their sums of values (I, S·M)
    for pid, values in parts:
        index = np.searchsorted(people, pid)
        sums = [np.bincount(index, column, len(people)) for column in values.reshape(len(pid), -1).T]
        tables.append((np.bincount(index, minlength=len(people)), np.stack(sums, axis=1)))
    drawn = [_mean_over_splits(n, tables) for n in draw_identities(len(people), resamples, seed)]
    return np.concatenate(drawn).reshape(resamples, len(systems), len(METRICS)).swapaxes(0, 1)


def _splits(systems: Mapping[str, Runs]) -> list[int]:
    found = {name: sorted(runs) for name, runs in systems.items()}
    first, *others = found.values()
    if any(other != first for other in others):
        raise ValueError(f"bootstrap: got the splits {found}, wanted the same ones of every system")
    return first


def _values_of_split(systems: Mapping[str, Runs], split: int) -> tuple[np.ndarray, np.ndarray]:
    """The pid of every query (Q,) and what its metrics are the means of (Q, S, M), averaged over seeds."""
    tables = {(name, i): table for name, runs in systems.items() for i, table in enumerate(runs[split])}
    aligned = align({f"{name}, split {split}, run {i}": table for (name, i), table in tables.items()})
    values = dict(zip(tables, map(_per_query, aligned.values()), strict=True))
    of_systems = [
        np.mean([values[name, i] for i in range(len(runs[split]))], axis=0) for name, runs in systems.items()
    ]
    return next(iter(aligned.values()))["pid"].to_numpy(), np.stack(of_systems, axis=1)


def _mean_over_splits(drawn: np.ndarray, tables: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Metrics (R', S·M) of draws (R', I); `tables` holds `(I,)` queries and `(I, S·M)` sums of each split."""
    queries = np.stack([drawn @ sizes for sizes, _ in tables])[..., None]  # (P, R', 1)
    sums = np.stack([drawn @ sums for _, sums in tables])  # (P, R', S·M)
    some = queries > 0
    return (sums / np.where(some, queries, 1)).sum(axis=0) / some.sum(axis=0)


def align(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables in the same order of queries.

    Raises:
        ValueError: if they were not made from the same queries.
    """
    aligned = {name: t.sort_values("tracklet", ignore_index=True) for name, t in tables.items()}
    first_name, first = next(iter(aligned.items()))
    for name, table in aligned.items():
        if not first[["tracklet", "pid"]].equals(table[["tracklet", "pid"]]):
            raise ValueError(
                f"paired bootstrap: got different scored queries in '{first_name}' ({len(first)}) and "
                f"'{name}' ({len(table)}), wanted the same: one split, one evaluation.protocol"
            )
    return aligned


def _per_query(table: pd.DataFrame) -> np.ndarray:
    """What each metric is the mean of, in the order of `METRICS`: (Q, M)."""
    return np.stack([table["ap"].to_numpy(np.float64), table["first_match"].to_numpy() == 1], axis=1)


def _means(runs: Runs) -> np.ndarray:
    """The metrics (M,): the mean over splits of the mean over seeds."""
    of_splits = [[_per_query(table).mean(axis=0) for table in tables] for tables in runs.values()]
    return np.mean([np.mean(seeds, axis=0) for seeds in of_splits], axis=0)


def paired_bootstrap(
    a: Runs, b: Runs, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> dict[str, dict[str, Interval]]:
    """Metric -> `a`, `b` and `difference` (b - a), each with its percentile interval."""
    drawn = bootstrap_metrics({"a": a, "b": b}, resamples, seed)  # (2, R, M)
    drawn = np.concatenate([drawn, drawn[1:] - drawn[:1]])
    value_a, value_b = _means(a), _means(b)
    values = (value_a, value_b, value_b - value_a)
    low, high = np.quantile(drawn, _tails(level), axis=1)  # (3, M) each
    return {
        metric: {
            name: Interval(float(values[i][m]), float(low[i, m]), float(high[i, m]))
            for i, name in enumerate(("a", "b", "difference"))
        }
        for m, metric in enumerate(METRICS)
    }


def gap_closed(
    occluded: Runs,
    restored: Runs,
    clean: Runs,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Metric -> (restored - occluded) / (clean - occluded), the share of the damage that is undone.

    Of several runs it is the ratio of the means, not the mean of ratios, which one small gap would rule.
    The share means something only where occlusion costs something. Without a gap the value is None. Where
    more resamples than one tail holds have none, the ratio is unbounded and so is the interval: None.
    """
    systems = {"occluded": occluded, "restored": restored, "clean": clean}
    drawn = bootstrap_metrics(systems, resamples, seed)
    values = np.stack([_means(runs) for runs in systems.values()])
    return {metric: _ratio_interval(values[..., m], drawn[..., m], level) for m, metric in enumerate(METRICS)}


def _ratio_interval(value: np.ndarray, drawn: np.ndarray, level: float) -> Interval:
    """`value` (3,) and `drawn` (3, R): occluded, restored, clean."""
    gap, drawn_gap = value[2] - value[0], drawn[2] - drawn[0]
    if gap <= 0:
        return Interval(None, None, None)
    closed = float((value[1] - value[0]) / gap)
    open_gap = drawn_gap > 0
    if np.mean(~open_gap) > (1 - level) / 2:
        return Interval(closed, None, None)
    ratios = (drawn[1] - drawn[0])[open_gap] / drawn_gap[open_gap]
    low, high = np.quantile(ratios, _tails(level))
    return Interval(closed, float(low), float(high))


def _tails(level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise ValueError(f"level: got {level}, wanted a share between 0 and 1 such as 0.95")
    return (1 - level) / 2, (1 + level) / 2
