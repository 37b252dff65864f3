"""The ranked list of one query: whom a network takes the query for (paper §5.1, cosine distance).

`ranking.py` counts ranks and builds no list; this one is for reading. Its order is the one that ranking
implies: by similarity, summed in float64 and rounded to float32 (`similarities.py`), of equal ones the row
that comes first.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS
from stcnet_lib.reid.embeddings import Embeddings


def ranked_list(embeddings: Embeddings, query: int, protocol: str = "query-in-gallery") -> pd.DataFrame:
    """All candidates of a query, the most similar first.

    Candidates are the gallery of the protocol without junk and without what shows the query's person before
    the query's camera.

    Args:
        query: number of its tracklet, one with the role of a query.

    Returns:
        `rank` (from 1), `tracklet`, `pid`, `camera`, `similarity` (cosine, -1 to 1) and `right` (bool: the
        query's person; of distractors never).

    Raises:
        ValueError: there is no such query, or no such protocol.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"--protocol: got '{protocol}', wanted one of {', '.join(PROTOCOLS)}")
    row = query_row(embeddings, query)
    pid, camera = embeddings.pid[row], embeddings.camera[row]
    searched = np.isin(embeddings.role, PROTOCOLS[protocol].gallery) & (embeddings.role != Role.JUNK)
    known = (embeddings.pid == pid) & (embeddings.role != Role.DISTRACTOR)
    candidates = np.flatnonzero(searched & ~(known & (embeddings.camera == camera)))
    features = embeddings.features.astype(np.float64)
    similarity = (features[candidates] @ features[row]).astype(np.float32)
    order = np.argsort(-similarity, kind="stable")
    rows = candidates[order]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            "tracklet": embeddings.tracklet[rows],
            "pid": embeddings.pid[rows],
            "camera": embeddings.camera[rows],
            "similarity": similarity[order],
            "right": known[rows],
        }
    )


def query_row(embeddings: Embeddings, query: int) -> int:
    """The row of a query, by the number of its tracklet.

    Raises:
        ValueError: no query has that number.
    """
    rows = np.flatnonzero((embeddings.tracklet == query) & (embeddings.role == Role.QUERY))
    if not len(rows):
        queries = embeddings.tracklet[embeddings.role == Role.QUERY]
        some = ", ".join(map(str, queries[:8].tolist())) + (", …" if len(queries) > 8 else "")
        raise ValueError(f"got tracklet {query} as query, wanted one of {len(queries)} queries: {some}")
    return int(rows[0])
