"""The three retrieval protocols in circulation for MARS, named (paper §5.1 does not say which it used).

On the same features they differ by up to a point of rank-1 and two of mAP, so a result without the name of
its protocol says little. All three are computed each time; the configured one is the headline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.ranking import (
    AveragePrecision,
    Candidates,
    cmc_curve,
    rank_queries,
    retrieval_metrics,
)

if TYPE_CHECKING:
    from stcnet_lib.evaluation.reranking import Reranked, Reranking

_RANKED = (Role.QUERY, Role.GALLERY, Role.DISTRACTOR)
COUNTS = ("queries_scored", "queries_unmatched", "gallery_size", "gallery_junk")


@dataclass(frozen=True)
class Protocol:
    """Whose tracklets are searched, and how average precision is computed.

    Queries in the gallery never find themselves: a query's own tracklet has its pid and camera.
    """

    gallery: tuple[Role, ...]
    average_precision: AveragePrecision
    about: str


PROTOCOLS: dict[str, Protocol] = {
    "gallery-only": Protocol(
        (Role.GALLERY, Role.DISTRACTOR),
        "precisions",
        "queries are not in the gallery; those without a match there drop out",
    ),
    "query-in-gallery": Protocol(
        (Role.QUERY, Role.GALLERY, Role.DISTRACTOR),
        "precisions",
        "queries are in the gallery as well",
    ),
    "official": Protocol(
        (Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK),
        "trapezoid",
        "all test tracklets are the gallery, junk is skipped, as in the MATLAB code of MARS",
    ),
}


@dataclass(frozen=True)
class ProtocolResult:
    """Retrieval under one protocol.

    `queries` holds one row a scored query: `tracklet`, `pid`, `camera`, `candidates`, `matches`,
    `first_match` and `ap`. `unmatched` holds the tracklets of the queries that have no match.
    """

    protocol: str
    queries: pd.DataFrame
    unmatched: list[int]
    gallery_size: int
    gallery_junk: int  # of these, skipped
    metrics: dict[str, float]
    cmc: pd.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """Everything but the tables, for `metrics.json`."""
        return {
            "protocol": self.protocol,
            "metrics": self.metrics,
            "queries_scored": len(self.queries),
            "queries_unmatched": len(self.unmatched),
            "queries_without_match": self.unmatched,
            "gallery_size": self.gallery_size,
            "gallery_junk": self.gallery_junk,
        }


class NothingToScore(ValueError):
    """A protocol that these roles leave without a gallery, or without a match in it."""


def evaluate_protocols(
    embeddings: Mapping[str, Any],
    headline: str,
    ranks: Sequence[int] = (1, 5, 10, 20),
    rerank: Reranking | None = None,
) -> dict[str, ProtocolResult | None]:
    """Search with every query under each protocol; None for one with nothing to score.

    Args:
        embeddings: an open `embeddings.h5` or a dict of arrays: `features` (N, D) L2-normalised, `pid`,
            `camera` and `role` (N,), and `tracklet` (N,) unless the rows are the tracklets.
        headline: the protocol that must have a result.
        ranks: of the CMC to report.
        rerank: settings of a k-reciprocal re-ranking; by default there is none.

    Raises:
        ValueError: the headline has no result, or the embeddings are unusable.
    """
    found = _search(embeddings, list(PROTOCOLS), ranks, rerank, headline)
    return {name: None if isinstance(result, NothingToScore) else result for name, result in found.items()}


def evaluate_protocol(
    embeddings: Mapping[str, Any],
    name: str,
    ranks: Sequence[int] = (1, 5, 10, 20),
    rerank: Reranking | None = None,
) -> ProtocolResult:
    """Search with every query under the named protocol, as `evaluate_protocols` under all."""
    return _search(embeddings, [name], ranks, rerank, name)[name]


def _search(
    embeddings: Mapping[str, Any],
    names: Sequence[str],
    ranks: Sequence[int],
    rerank: Reranking | None,
    headline: str,
) -> dict[str, ProtocolResult | NothingToScore]:
    """Of every protocol its result, or why there is none; the headline's reason is raised."""
    if headline not in PROTOCOLS:
        raise ValueError(f"evaluation.protocol: got '{headline}', wanted one of {', '.join(PROTOCOLS)}")
    features, pid, camera, role = (np.asarray(embeddings[k]) for k in ("features", "pid", "camera", "role"))
    tracklet = np.asarray(embeddings["tracklet"]) if "tracklet" in embeddings else np.arange(len(pid))
    _check_normalised(features, tracklet)
    _check_queries(role)
    results = {name: problem for name in names if (problem := _gallery_problem(role, name))}
    if headline in results:
        raise results[headline]
    searching = [name for name in names if name not in results]
    everybody = Candidates(features, pid, camera)
    for name, table in _tables(everybody, role, searching, rerank).items():
        table.insert(0, "tracklet", tracklet[role == Role.QUERY])
        results[name] = _result(name, table, role, ranks)
        if name == headline and isinstance(results[name], NothingToScore):
            raise results[name]
    return {name: results[name] for name in names}


def _tables(
    everybody: Candidates, role: np.ndarray, names: Sequence[str], rerank: Reranking | None
) -> dict[str, pd.DataFrame]:
    """One row a query under each protocol, all from the same similarities."""
    asks = np.flatnonzero(role == Role.QUERY)
    # Junk is never a candidate: what no protocol ranks needs no similarities.
    ranked = np.flatnonzero(np.isin(role, _RANKED))
    query, gallery = everybody.only(asks), everybody.only(ranked)
    parts = {name: tuple(one for one in _RANKED if one in PROTOCOLS[name].gallery) for name in names}
    distinct = list(dict.fromkeys(parts.values()))
    found = rank_queries(
        query,
        gallery,
        distractor=role[ranked] == Role.DISTRACTOR,
        searched=[np.isin(role[ranked], part) for part in distinct],
        nearness=rerank and _reranked(gallery.features, np.searchsorted(ranked, asks), rerank),
    )
    return {
        name: found[distinct.index(part)].table(query, PROTOCOLS[name].average_precision)
        for name, part in parts.items()
    }


def _reranked(features: np.ndarray, queries: np.ndarray, settings: Reranking) -> Reranked:
    # Here, since tables are made from protocols in environments without SciPy.
    from stcnet_lib.evaluation.reranking import Reranked

    return Reranked(features, queries, settings)


def _result(
    name: str, table: pd.DataFrame, role: np.ndarray, ranks: Sequence[int]
) -> ProtocolResult | NothingToScore:
    """What a protocol's table of queries comes to, with the roles (N,) of all tracklets."""
    in_gallery = np.isin(role, PROTOCOLS[name].gallery)
    matched = table["matches"] > 0
    if not matched.any():
        return NothingToScore(
            f"evaluation.protocol: got '{name}' and not one of {len(table)} queries with a match (same pid, "
            f"other camera) in its gallery of {int(in_gallery.sum())}, wanted a protocol or split with some"
        )
    scored = table[matched].reset_index(drop=True)
    return ProtocolResult(
        protocol=name,
        queries=scored,
        unmatched=table.loc[~matched, "tracklet"].tolist(),
        gallery_size=int(in_gallery.sum()),
        gallery_junk=int((in_gallery & (role == Role.JUNK)).sum()),
        metrics=retrieval_metrics(scored, ranks),
        cmc=cmc_curve(scored, most=max(50, *ranks)),
    )


def _check_normalised(features: np.ndarray, tracklet: np.ndarray) -> None:
    norms = np.linalg.norm(features.astype(np.float32, copy=False), axis=1)
    bad = np.flatnonzero(~(np.abs(norms - 1) < 1e-3))  # written so that NaN is bad
    if len(bad):
        raise ValueError(
            f"embeddings: got a feature of norm {norms[bad[0]]:.4g} for tracklet {tracklet[bad[0]]}, wanted "
            "1: cosine distance needs L2-normalised features"
        )


def _check_queries(role: np.ndarray) -> None:
    if not (role == Role.QUERY).any():
        raise ValueError("embeddings: got no tracklet with the role of a query, wanted one at least")


def _gallery_problem(role: np.ndarray, name: str) -> NothingToScore | None:
    """Why these roles leave a protocol without a gallery, if they do."""
    if name != "gallery-only" or (role == Role.GALLERY).any():
        return None
    return NothingToScore(
        "evaluation.protocol: got 'gallery-only' for a data set whose test tracklets are all queries, "
        "wanted 'query-in-gallery' or 'official': without queries in it the gallery is empty"
    )


def flat_protocols(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Of every protocol in a `metrics.json` its metrics and counts; None where it had nothing to score."""
    return {
        name: found
        and {key.replace("-", ""): value for key, value in found["metrics"].items()}
        | {key: found[key] for key in COUNTS}
        for name, found in metrics.get("protocols", {}).items()
    }


def mean_protocols(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float] | None]:
    """Means over the runs of a variant; None for a protocol in which some run had nothing to score.

    Args:
        rows: each with what `flat_protocols` gave, as `protocols`.
    """
    means: dict[str, dict[str, float] | None] = {}
    for name in rows[0]["protocols"]:
        found = [row["protocols"].get(name) for row in rows]
        complete = all(found)
        means[name] = {key: float(np.mean([f[key] for f in found])) for key in found[0]} if complete else None
    return means
