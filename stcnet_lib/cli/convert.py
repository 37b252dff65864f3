"""Embeddings as .npz, for other programs: features, pid, camera, role (words) and tracklet, one row each.

With the store they are of, the names of the tracklets stand there too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.embedding_arrays import read_embeddings, write_arrays


def add_arguments(commandline: argparse.ArgumentParser) -> None:
    commandline.add_argument("embeddings", type=Path, metavar="EMBEDDINGS", help="embeddings.h5")
    commandline.add_argument("out", type=Path, metavar="OUT", help=".npz to write")
    commandline.add_argument("--store", type=Path, metavar="FILE", help="tracklets.h5 of the embeddings")


def command(options: argparse.Namespace) -> None:
    if options.out.suffix.lower() != ".npz":
        raise ValueError(f"OUT: got '{options.out}', wanted a name that ends in .npz")
    embeddings = read_embeddings(options.embeddings)
    names = None
    if options.store:
        with TrackletStore(options.store) as store:
            names = store.tracklets["name"].iloc[embeddings.tracklet].tolist()
    write_arrays(options.out, embeddings, names)
    rows, dimensions = embeddings.features.shape
    print(f"{options.out}: {rows:,} tracklets, {dimensions:,} dimensions")
