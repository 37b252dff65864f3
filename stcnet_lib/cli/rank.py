"""The ranked list of one query: whom the network takes it for, the right ones marked.

Tracklets of the query's person before the query's own camera are left out, as in all protocols.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.protocols import PROTOCOLS
from stcnet_lib.evaluation.ranked_list import ranked_list
from stcnet_lib.reid.embedding_arrays import read_embeddings
from stcnet_lib.report.tables.retrieval import ranked_table


def add_arguments(commandline: argparse.ArgumentParser) -> None:
    commandline.add_argument("embeddings", type=Path, metavar="EMBEDDINGS", help=".h5 or .npz")
    commandline.add_argument(
        "query", metavar="QUERY", help="number of its tracklet, or with --store its name"
    )
    commandline.add_argument("--top", type=int, default=10, metavar="N", help="how many candidates")
    commandline.add_argument(
        "--protocol", choices=list(PROTOCOLS), default="query-in-gallery", help="whose tracklets are searched"
    )
    commandline.add_argument(
        "--store", type=Path, metavar="FILE", help="tracklets.h5 of the embeddings: names and pictures"
    )
    commandline.add_argument("--picture", type=Path, metavar="FILE", help="to write, .png, .webp or .svg")


def command(options: argparse.Namespace) -> None:
    if options.picture and not options.store:
        raise ValueError("--picture: got no --store, wanted the tracklets.h5 that has the frames")
    names = names_of(options.store) if options.store else None
    query = number_of(options.query, names)
    ranked = ranked_list(read_embeddings(options.embeddings), query, options.protocol)
    shown = ranked.head(options.top)
    if options.picture:
        # Here, since matplotlib takes a second to load.
        from stcnet_lib.report.figures.ranked import draw_ranked

        draw_ranked(options.store, query, shown, options.picture, note=options.protocol)
    found = ranked.loc[ranked["right"], "rank"]
    print(ranked_table(shown, names).as_text())
    first = f"the first at rank {found.iloc[0]}" if len(found) else "nobody can be found"
    print(f"{len(ranked):,} candidates ({options.protocol}), {len(found)} of them right, {first}")


def names_of(store: Path) -> list[str]:
    """Of all tracklets."""
    with TrackletStore(store) as opened:
        return opened.tracklets["name"].tolist()


def number_of(query: str, names: list[str] | None) -> int:
    """The number of a tracklet, from its number or its name.

    Raises:
        ValueError: it is none.
    """
    if names is not None and query in names:
        return names.index(query)
    if not query.isdecimal():
        wanted = "a number or the name of a tracklet" if names else "a number; names need --store"
        raise ValueError(f"QUERY: got '{query}', wanted {wanted}")
    return int(query)
