"""How sure a difference is: a paired bootstrap over identities.

The queries of one person share clothes, gait and the same matches, so their results rise and fall together.
A bootstrap that draws queries takes them for independent and reports intervals that are falsely narrow (on
the walkers ±2.7 points of mAP instead of ±4.4). So whole identities are drawn, with all their queries; and
both systems are read at the same draw, since a difference on the same people is far surer than two separate
means. What this leaves out is the noise of training: another seed moves the results as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

METRICS = ("mAP", "rank-1")

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


def bootstrap_metrics(tables: Mapping[str, pd.DataFrame], resamples: int, seed: int) -> np.ndarray:
    """Every system's metrics at the same draws of identities.

    Args:
        tables: system -> its per-query table (`ProtocolResult.queries`), of the same queries.

    Returns:
        (S, R, M), the metrics in the order of `METRICS`.
    """
    aligned = align(tables)
    people, index = np.unique(next(iter(aligned.values()))["pid"].to_numpy(), return_inverse=True)
    sizes = np.bincount(index)  # (I,)
    sums = np.stack(  # (I, S·M)
        [np.bincount(index, weights) for table in aligned.values() for weights in _per_query(table)], axis=1
    )
    drawn = [(n @ sums) / (n @ sizes)[:, None] for n in draw_identities(len(people), resamples, seed)]
    return np.concatenate(drawn).reshape(resamples, len(tables), len(METRICS)).swapaxes(0, 1)


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


def _per_query(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What each metric is the mean of, in the order of `METRICS`."""
    return table["ap"].to_numpy(np.float64), (table["first_match"].to_numpy() == 1).astype(np.float64)


def _means(table: pd.DataFrame) -> np.ndarray:
    return np.array([values.mean() for values in _per_query(table)])


def paired_bootstrap(
    a: pd.DataFrame, b: pd.DataFrame, resamples: int = 2000, seed: int = 0, level: float = 0.95
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
    occluded: pd.DataFrame,
    restored: pd.DataFrame,
    clean: pd.DataFrame,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Metric -> (restored - occluded) / (clean - occluded), the share of the damage that is undone.

    The share means something only where occlusion costs something. Without a gap the value is None. Where
    more resamples than one tail holds have none, the ratio is unbounded and so is the interval: None.
    """
    tables = {"occluded": occluded, "restored": restored, "clean": clean}
    drawn = bootstrap_metrics(tables, resamples, seed)
    values = np.stack([_means(table) for table in tables.values()])
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
