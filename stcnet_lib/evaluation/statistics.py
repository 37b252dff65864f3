"""How sure a difference is: a paired bootstrap over identities and runs.

The queries of one person share clothes, gait and the same matches, so their results rise and fall together.
A bootstrap that draws queries takes them for independent and reports intervals that are falsely narrow (on
the walkers ±2.7 points of mAP instead of ±4.4). So whole identities are drawn, with all their queries; and
all systems are read at the same draw, since a difference on the same people is far surer than two separate
means.

Every system may have been trained several times, and on several splits. Another seed moves the results as
well, so runs are drawn beside people: seeds, or, of several splits, splits, whose means hold the noise of
their own trainings. A draw of people is read off the mean over the n runs; a draw of runs adds to it

    sum_r w_r Y_r,   w_r = (g_r - mean(g)) / sqrt(n (n - 1)) · sqrt((n - 1) / χ²),

where Y_r is the metric of run r on all people, the g are n standard normal numbers and χ² is drawn with n - 1
degrees of freedom. Drawing n runs with replacement is the same with w_r = (times drawn - 1) / n. Of three
runs that is too narrow in three ways, of which this is free: its variance is (n - 1) / n of that of a mean
(s² / n, which the first factor has); a normal tail belongs to a known s (the second makes it Student's t with
n - 1 degrees of freedom: 2.2 times as wide for three runs); and three runs have only ten different draws.
One run says nothing of the noise of training, and the interval is that of people alone.

The draws of runs are common to all systems, by place: run r of one is paired with run r of the other. So what
a training does to both alike cancels in their difference, all of it where both rows are of one network on
different test data (frozen rows). What it does to some people more than to others counts in both parts:
intervals of several runs are a little wide rather than narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

METRICS = ("mAP", "rank-1")

# The per-query tables (`ProtocolResult.queries`) of one system: split -> one for each seed.
Runs = Mapping[int, Sequence[pd.DataFrame]]

_RUN_STREAM = 1  # of random numbers: draws of runs are independent of those of identities
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


def draw_runs(runs: int, resamples: int, seed: int) -> np.ndarray:
    """How much more than its share each run counts: (R, n), rows that add up to 0 (see above).

    Sums of these with the values of n runs are distributed as s / sqrt(n) times Student's t. One run has
    nothing to vary: 0.
    """
    if runs == 1:
        return np.zeros((resamples, 1))
    generator = np.random.default_rng([_RUN_STREAM, seed])
    normal = generator.standard_normal((resamples, runs))
    chi_square = generator.chisquare(runs - 1, (resamples, 1))
    return (normal - normal.mean(axis=1, keepdims=True)) / np.sqrt(runs * chi_square)


def bootstrap_metrics(systems: Mapping[str, Runs], resamples: int, seed: int) -> np.ndarray:
    """Every system's metrics at the same draws of identities and runs, the mean over its splits.

    People are drawn from all splits together, each with the queries of every split that tests them. A split
    none of whose people were drawn counts for nothing in that draw.

    Args:
        systems: name -> its runs, all with the same splits and, in each, the same queries and as many seeds.

    Returns:
        (S, R, M), the metrics in the order of `METRICS`. A draw of runs may leave the range of a metric.
    """
    parts = [_values_of_split(systems, split) for split in _splits(systems)]
    people = np.unique(np.concatenate([pid for pid, _ in parts]))
    tables = []  # of each split: queries of every person (I,), and their sums of values (I, S·M)
    for pid, values in parts:
        index = np.searchsorted(people, pid)
        sums = [np.bincount(index, column, len(people)) for column in values.reshape(len(pid), -1).T]
        tables.append((np.bincount(index, minlength=len(people)), np.stack(sums, axis=1)))
    drawn = [_mean_over_splits(n, tables) for n in draw_identities(len(people), resamples, seed)]
    of_people = np.concatenate(drawn).reshape(resamples, len(systems), len(METRICS)).swapaxes(0, 1)
    of_runs = np.stack([_of_runs(runs) for runs in systems.values()])  # (S, n, M)
    return of_people + np.einsum("rn,snm->srm", draw_runs(of_runs.shape[1], resamples, seed), of_runs)


def _of_runs(runs: Runs) -> np.ndarray:
    """The metrics of every run (n, M): of every split, its mean over seeds; of one split, of every seed."""
    of_splits = [[_per_query(table).mean(axis=0) for table in tables] for tables in runs.values()]
    if len(of_splits) == 1:
        return np.array(of_splits[0])
    return np.array([np.mean(seeds, axis=0) for _, seeds in sorted(zip(runs, of_splits, strict=True))])


def _splits(systems: Mapping[str, Runs]) -> list[int]:
    found = {name: sorted(runs) for name, runs in systems.items()}
    first, *others = found.values()
    if any(other != first for other in others):
        raise ValueError(f"bootstrap: got the splits {found}, wanted the same ones of every system")
    for split in first:
        seeds = {name: len(runs[split]) for name, runs in systems.items()}
        if len(set(seeds.values())) > 1:
            raise ValueError(f"bootstrap: got {seeds} runs of split {split}, wanted as many of every system")
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
    return _of_runs(runs).mean(axis=0)


def paired_bootstrap(
    a: Runs, b: Runs, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> dict[str, dict[str, Interval]]:
    """Metric -> `a`, `b` and `difference` (b - a), each with its percentile interval."""
    drawn = bootstrap_metrics({"a": a, "b": b}, resamples, seed)  # (2, R, M)
    # Rows are shares, so their bounds are; differences are taken of what was drawn.
    drawn = np.concatenate([np.clip(drawn, 0, 1), drawn[1:] - drawn[:1]])
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
