"""Ranking and re-ranking at the size of MARS against the same written plainly: times, memory and equality.

`sorted_protocols` makes a float64 matrix for every protocol and sorts the gallery for every query.
`dense_reranking` is k-reciprocal re-ranking with matrices of N x N, as it was published.

    python -m benchmarks.ranking                 # all of it; some minutes and 4 GB
    python -m benchmarks.ranking --people 160    # a quarter of MARS
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from benchmarks.measuring import Row, Timed, machine, table, timed
from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS, evaluate_protocols
from stcnet_lib.evaluation.reranking import Reranked, Reranking

MARS = {Role.QUERY: 1980, Role.GALLERY: 6082, Role.DISTRACTOR: 3248, Role.JUNK: 870}
PEOPLE, CAMERAS = 626, 6
NOISES = {3.0: "easy", 4.0: "middling", 6.0: "hard"}  # of a tracklet, beside people of deviation 1


def features_like_mars(people: int, dimensions: int, noise: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Embeddings with as many tracklets of each role for so many people as MARS has."""
    rng = np.random.default_rng(seed)
    counts = [round(count * people / PEOPLE) for count in MARS.values()]
    role = rng.permutation(np.repeat([int(role) for role in MARS], counts))
    pid = rng.integers(1, people + 1, len(role))
    pid[role == Role.DISTRACTOR], pid[role == Role.JUNK] = 0, -1
    centres = rng.standard_normal((people + 1, dimensions), dtype=np.float32)
    centres[0] = 0
    features = centres[np.maximum(pid, 0)]
    features += noise * rng.standard_normal(features.shape, dtype=np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return {"features": features, "pid": pid, "camera": rng.integers(0, CAMERAS, len(role)), "role": role}


def sorted_protocols(data: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """mAP and rank-1 of every protocol, with a full sort of the gallery for every query."""
    found = {}
    for name, protocol in PROTOCOLS.items():
        asks = np.flatnonzero(data["role"] == Role.QUERY)
        searched = np.flatnonzero(np.isin(data["role"], [r for r in protocol.gallery if r != Role.JUNK]))
        query, gallery = (data["features"][rows].astype(np.float64) for rows in (asks, searched))
        pid, camera = data["pid"][searched], data["camera"][searched]
        precisions, first = [], []
        for q, similarity in zip(asks, (query @ gallery.T).astype(np.float32), strict=True):
            same = (pid == data["pid"][q]) & (data["role"][searched] != Role.DISTRACTOR)
            kept = ~(same & (camera == data["camera"][q]))
            order = np.argsort(-similarity[kept], kind="stable")
            ranks = np.flatnonzero(same[kept][order]) + 1
            if len(ranks):
                j = np.arange(1, len(ranks) + 1)
                precision = j / ranks
                if protocol.average_precision == "trapezoid":
                    before = np.where(ranks > 1, (j - 1) / np.maximum(ranks - 1, 1), 1.0)
                    precision = (precision + before) / 2
                precisions.append(precision.mean())
                first.append(ranks[0] == 1)
        found[name] = float(np.mean(precisions)), float(np.mean(first))
    return found


def counted_protocols(data: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """The same by the library."""
    results = evaluate_protocols(data, "official")
    return {name: (found.metrics["mAP"], found.metrics["rank-1"]) for name, found in results.items()}


def dense_reranking(features: np.ndarray, queries: np.ndarray, settings: Reranking) -> np.ndarray:
    """Re-ranked distances (Q, N) of queries (Q,) among features (N, D), step by step as published.

    Where distances are equal the lower index comes first, which the publication leaves open.
    """
    count = len(features)
    wide = features.astype(np.float64)
    distance = (2 - 2 * (wide @ wide.T).astype(np.float32)).astype(np.float32)
    del wide
    order = np.argsort(distance, axis=1, kind="stable").astype(np.int32)
    distance /= distance.max(axis=1, keepdims=True)

    weights = np.zeros((count, count), dtype=np.float32)
    for i in range(count):
        own = _mutual(order, i, settings.k1)
        expanded = [own]
        for candidate in own:
            theirs = _mutual(order, candidate, settings.half)
            if len(np.intersect1d(theirs, own)) > 2 / 3 * len(theirs):
                expanded.append(theirs)
        who = np.unique(np.concatenate(expanded))
        near = np.exp(-distance[i, who])
        weights[i, who] = near / near.sum()
    if settings.k2 > 1:
        weights = np.stack([weights[order[i, : settings.k2]].mean(axis=0) for i in range(count)])
    del order
    holders = [np.flatnonzero(weights[:, i]) for i in range(count)]
    final = np.empty((len(queries), count), dtype=np.float32)
    for row, i in enumerate(queries):
        shared = np.zeros(count, dtype=np.float32)
        for column in np.flatnonzero(weights[i]):
            who = holders[column]
            shared[who] += np.minimum(weights[i, column], weights[who, column])
        jaccard = 1 - shared / (2 - shared)
        final[row] = (1 - settings.lambda_) * jaccard + settings.lambda_ * distance[i]
    return final


def _mutual(order: np.ndarray, i: int, k: int) -> np.ndarray:
    forward = order[i, : k + 1]
    return forward[(order[forward, : k + 1] == i).any(axis=1)]


def sparse_reranking(features: np.ndarray, queries: np.ndarray, settings: Reranking) -> np.ndarray:
    """The same by the library, whose blocks are put together here to compare them."""
    final = np.empty((len(queries), len(features)), dtype=np.float32)
    for start, nearness in Reranked(features, queries, settings).blocks():
        final[start : start + len(nearness)] = -nearness
    return final


def compare_ranking(people: int, dimensions: int, repeats: int) -> Iterator[Row]:
    """Rows of three levels of difficulty: the fewer candidates before the last match, the less to count."""
    for noise, name in NOISES.items():
        data = features_like_mars(people, dimensions, noise)
        plain = timed(sorted_protocols, data)
        ours = timed(counted_protocols, data, repeats=repeats)
        off = max(np.abs(np.subtract(plain.result[p], ours.result[p])).max() for p in PROTOCOLS)
        queries = np.count_nonzero(data["role"] == Role.QUERY)
        ranked = np.count_nonzero(data["role"] != Role.JUNK)
        share = f"mAP {100 * ours.result['query-in-gallery'][0]:.0f} %"
        what = f"three protocols, {queries:,} × {ranked:,}, {name} ({share})"
        yield from _rows(what, plain, ours, "sorting in float64", f"mAP, rank-1 within {off:.0e}")


def compare_reranking(people: int, dimensions: int, repeats: int) -> Iterator[Row]:
    """Rows of time and memory."""
    data = features_like_mars(people, dimensions, noise=4.0)
    ranked = np.flatnonzero(data["role"] != Role.JUNK)
    queries = np.flatnonzero(data["role"][ranked] == Role.QUERY)
    values = data["features"][ranked], queries, Reranking()
    plain = timed(dense_reranking, *values)
    ours = timed(sparse_reranking, *values, repeats=repeats)
    off = float(np.abs(plain.result - ours.result).max())
    yield from _rows(
        f"re-ranking, N = {len(ranked):,}", plain, ours, "dense, as published", f"distances within {off:.0e}"
    )


def _rows(what: str, plain: Timed, ours: Timed, against: str, equality: str) -> Iterator[Row]:
    cpu = f"CPU {ours.cpu_seconds:.2f} and {plain.cpu_seconds:.2f} s"
    yield Row(what, ours.seconds, plain.seconds, "s", against, equality, cpu)
    yield Row(f"{what}, peak", ours.megabytes, plain.megabytes, "MB", against, "as above", "beyond features")


def main() -> None:
    commandline = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commandline.add_argument("--people", type=int, default=PEOPLE, help="of the test; MARS: 626")
    commandline.add_argument("--dimensions", type=int, default=2048)
    commandline.add_argument("--repeats", type=int, default=3, help="of ours, the fastest of which counts")
    options = commandline.parse_args()
    print(machine(), f"NumPy {np.__version__}\n")
    sizes = options.people, options.dimensions, options.repeats
    print("\n".join(table([*compare_ranking(*sizes), *compare_reranking(*sizes)])))


if __name__ == "__main__":
    main()
