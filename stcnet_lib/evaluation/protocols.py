"""The three retrieval protocols in circulation for MARS, named (paper §5.1 does not say which it used).

On the same features they differ by up to a point of rank-1 and two of mAP, so a result without the name of
its protocol says little. All three are computed each time; the configured one is the headline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    embeddings: Mapping[str, Any], headline: str, ranks: Sequence[int] = (1, 5, 10, 20)
) -> dict[str, ProtocolResult | None]:
    """Every protocol by its name, as `evaluate_protocol`; None for one with nothing to score.

    Args:
        headline: the protocol that must have a result.

    Raises:
        ValueError: the headline has none, or the embeddings are unusable.
    """
    results: dict[str, ProtocolResult | None] = {headline: evaluate_protocol(embeddings, headline, ranks)}
    for name in PROTOCOLS:
        if name == headline:
            continue
        try:
            results[name] = evaluate_protocol(embeddings, name, ranks)
        except NothingToScore:
            results[name] = None
    return {name: results[name] for name in PROTOCOLS}


def evaluate_protocol(
    embeddings: Mapping[str, Any], name: str, ranks: Sequence[int] = (1, 5, 10, 20)
) -> ProtocolResult:
    """Search with every query under the named protocol.

    Args:
        embeddings: an open `embeddings.h5` or a dict of arrays: `features` (N, D) L2-normalised, `pid`,
            `camera` and `role` (N,), and `tracklet` (N,) unless the rows are the tracklets.
        ranks: of the CMC to report.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"evaluation.protocol: got '{name}', wanted one of {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[name]
    features, pid, camera, role = (np.asarray(embeddings[k]) for k in ("features", "pid", "camera", "role"))
    tracklet = np.asarray(embeddings["tracklet"]) if "tracklet" in embeddings else np.arange(len(pid))
    _check_normalised(features, tracklet)
    is_query, in_gallery = role == Role.QUERY, np.isin(role, protocol.gallery)
    _check_roles(role, in_gallery, name)
    table = rank_queries(
        Candidates(features[is_query], pid[is_query], camera[is_query]),
        Candidates(features[in_gallery], pid[in_gallery], camera[in_gallery]),
        junk=role[in_gallery] == Role.JUNK,
        distractor=role[in_gallery] == Role.DISTRACTOR,
        average_precision=protocol.average_precision,
    )
    table.insert(0, "tracklet", tracklet[is_query])
    matched = table["matches"] > 0
    if not matched.any():
        raise NothingToScore(
            f"evaluation.protocol: got '{name}' and not one of {len(table)} queries with a match (same pid, "
            f"other camera) in its gallery of {int(in_gallery.sum())}, wanted a protocol or split with some"
        )
    scored = table[matched].reset_index(drop=True)
    return ProtocolResult(
        protocol=name,
        queries=scored,
        unmatched=table.loc[~matched, "tracklet"].tolist(),
        gallery_size=int(in_gallery.sum()),
        gallery_junk=int((role[in_gallery] == Role.JUNK).sum()),
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


def _check_roles(role: np.ndarray, in_gallery: np.ndarray, name: str) -> None:
    if not (role == Role.QUERY).any():
        raise ValueError("embeddings: got no tracklet with the role of a query, wanted one at least")
    if name == "gallery-only" and not (role == Role.GALLERY).any():
        raise NothingToScore(
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
