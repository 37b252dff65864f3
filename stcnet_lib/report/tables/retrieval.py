"""Results of all protocols, and a ranked list, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from stcnet_lib.evaluation.protocols import ProtocolResult
from stcnet_lib.report.tables.tables import Table
from stcnet_lib.report.tables.texts import NOTHING, percent


def protocol_results(results: Mapping[str, ProtocolResult | None], ranks: Sequence[int]) -> Table:
    """One row a protocol: mAP and CMC in per cent, queries scored and left out, size of the gallery.

    Args:
        ranks: of the CMC.
    """
    names = [f"rank-{rank}" for rank in ranks]
    head = ["protocol", "mAP", *names, "queries", "unmatched", "gallery"]
    return Table(head, [[name, *_cells(found, names)] for name, found in results.items()], names=1)


def _cells(found: ProtocolResult | None, names: Sequence[str]) -> list[str]:
    if found is None:
        return [NOTHING] * (len(names) + 4)
    shares = [percent(found.metrics[name]) for name in ("mAP", *names)]
    counts = (len(found.queries), len(found.unmatched), found.gallery_size)
    return [*shares, *(f"{count:,}" for count in counts)]


def ranked_table(ranked: pd.DataFrame, names: Sequence[str] | None = None) -> Table:
    """One row a candidate, `*` where it is right.

    Args:
        ranked: rows of `evaluation/ranked_list.py`.
        names: of all tracklets of the store.
    """
    rows = [
        [
            "*" if row.right else "",
            *([names[row.tracklet]] if names is not None else []),
            *(str(value) for value in (row.rank, row.tracklet, row.pid, row.camera)),
            f"{row.similarity:.4f}",
        ]
        for row in ranked.itertuples()
    ]
    named = ["name"] if names is not None else []
    head = ["right", *named, "rank", "tracklet", "person", "camera", "similarity"]
    return Table(head, rows, names=1 + len(named))
