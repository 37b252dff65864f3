"""Retrieval by how much of the query is hidden: where restoration has to help (not in the paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stcnet_lib.evaluation.ranking import retrieval_metrics

HIDDEN_BINS = ("0 %", "1-30 %", "30-70 %", "70-100 %")
_UPPER_EDGES = (0.0, 0.3, 0.7)  # inclusive; the first bin is exactly nothing


def hidden_share(hidden: np.ndarray, tracklet_ends: np.ndarray) -> np.ndarray:
    """Share of every tracklet's frames in which a third is hidden: hidden (F, K) bool -> (N,)."""
    ends = np.asarray(tracklet_ends, dtype=np.int64)
    if len(ends) == 0 or ends[-1] != len(hidden):
        raise ValueError(f"hidden: got {len(hidden)} frames, wanted those of the tracklets (the last end)")
    starts = np.concatenate([[0], ends[:-1]])
    return np.add.reduceat(np.asarray(hidden, dtype=bool).any(axis=1).astype(np.int64), starts) / (
        ends - starts
    )


def stratify(queries: pd.DataFrame, share: np.ndarray, ranks: Sequence[int] = (1,)) -> pd.DataFrame:
    """Metrics of the scored queries by the share of their frames that is hidden.

    Args:
        queries: `ProtocolResult.queries`.
        share: (N,), of every tracklet, see `hidden_share`.

    Returns:
        One row a bin of `HIDDEN_BINS`: `hidden`, `queries`, `identities`, `mAP`, `rank-r`; NaN where empty.
    """
    of_query = np.asarray(share)[queries["tracklet"].to_numpy()]
    bins = np.searchsorted(_UPPER_EDGES, of_query, side="left")
    rows = []
    for i, name in enumerate(HIDDEN_BINS):
        inside = queries[bins == i]
        metrics = retrieval_metrics(inside, ranks) if len(inside) else {}
        rows.append(
            {"hidden": name, "queries": len(inside), "identities": inside["pid"].nunique(), **metrics}
        )
    columns = ["hidden", "queries", "identities", "mAP", *(f"rank-{r}" for r in ranks)]
    return pd.DataFrame(rows, columns=columns)


def strata(queries: pd.DataFrame, share: np.ndarray) -> list[dict[str, Any]]:
    """`stratify` for a JSON file: keys without hyphens, None where a bin is empty."""
    table = stratify(queries, share).rename(columns={"rank-1": "rank1"})
    return [
        row | {key: None if pd.isna(row[key]) else row[key] for key in ("mAP", "rank1")}
        for row in table.to_dict("records")
    ]


def mean_strata(runs: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The `strata` of several runs as one: means over the queries of all runs, and counts of a mean run.

    Where flags say what is hidden, a query can be in another bin in every run.
    """
    means = []
    for of_bin in zip(*runs, strict=True):
        row: dict[str, Any] = {"hidden": of_bin[0]["hidden"]}
        row |= {key: float(np.mean([run[key] for run in of_bin])) for key in ("queries", "identities")}
        some = [run for run in of_bin if run["queries"]]
        weights = [run["queries"] for run in some]
        for key in ("mAP", "rank1"):
            values = [run[key] for run in some]
            row[key] = float(np.average(values, weights=weights)) if some else None
        means.append(row)
    return means
