"""What is published about the size of known data sets, to lay beside what was found.

A difference is no error: people cut subsets, and versions differ. Only figures that the data sets' own files
or papers state are listed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.store.tracklets import Role, TrackletStore

_TEST = (Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK)
_ALL = (Role.UNUSED, Role.TRAIN, *_TEST)


class Fact(NamedTuple):
    """A published count of one split."""

    name: str
    roles: tuple[Role, ...]
    what: str  # identities, tracklets, frames or cameras
    count: int


class Published(NamedTuple):
    """Facts about a data set and where they stand."""

    source: str
    facts: tuple[Fact, ...]


_PUBLISHED = {
    "mars": Published(
        "the info files of MARS (Zheng et al., ECCV 2016)",
        (
            Fact("train identities", (Role.TRAIN,), "identities", 625),
            Fact("train tracklets", (Role.TRAIN,), "tracklets", 8_298),
            Fact("train frames", (Role.TRAIN,), "frames", 509_914),
            Fact("test tracklets", _TEST, "tracklets", 12_180),
            Fact("test frames", _TEST, "frames", 681_089),
            Fact("junk tracklets", (Role.JUNK,), "tracklets", 870),
            Fact("distractor tracklets", (Role.DISTRACTOR,), "tracklets", 3_248),
            Fact("query identities", (Role.QUERY,), "identities", 626),
            Fact("query tracklets", (Role.QUERY,), "tracklets", 1_980),
        ),
    ),
    "ilids_vid": Published(
        "iLIDS-VID and its table of splits (Wang et al., ECCV 2014)",
        (
            Fact("identities", _ALL, "identities", 300),
            Fact("tracklets", _ALL, "tracklets", 600),
            Fact("cameras", _ALL, "cameras", 2),
            Fact("train identities", (Role.TRAIN,), "identities", 150),
            Fact("test identities", (Role.QUERY,), "identities", 150),
        ),
    ),
    "prid2011": Published(
        "the description of PRID2011 (Hirzer et al., SCIA 2011)",
        (
            Fact("cameras", _ALL, "cameras", 2),
            Fact("identities before both cameras", _ALL, "shared", 200),
        ),
    ),
    "duke_video": Published(
        "DukeMTMC-VideoReID (Wu et al., CVPR 2018)",
        (
            Fact("train identities", (Role.TRAIN,), "identities", 702),
            Fact("train tracklets", (Role.TRAIN,), "tracklets", 2_196),
            Fact("test identities", (Role.QUERY,), "identities", 702),
            Fact("distractor identities", (Role.DISTRACTOR,), "identities", 408),
            Fact("gallery tracklets", (Role.GALLERY, Role.DISTRACTOR), "tracklets", 2_636),
        ),
    ),
}


def is_occluded_sibling(layout: str, name: str) -> bool:
    """Whether it is Occluded-DukeMTMC-VideoReID: the layout of its source, but other counts and results."""
    return layout == "duke_video" and "occluded" in name.lower()


def published_for(config: DatasetConfig) -> Published | None:
    """What is known about the data set of a configuration, by its layout."""
    if is_occluded_sibling(config.layout, config.name):
        return None
    return _PUBLISHED.get(config.layout)


def compare_published(config: DatasetConfig, store: TrackletStore) -> dict[str, Any] | None:
    """Published and found counts of the first split, and which of them differ; None where none is known."""
    published = published_for(config)
    if published is None:
        return None
    counts = {}
    for fact in published.facts:
        table = store.tracklets[np.isin(store.roles[0], fact.roles)]
        counts[fact.name] = {"published": fact.count, "found": _count(table, fact.what)}
    differing = [name for name, count in counts.items() if count["published"] != count["found"]]
    return {"source": published.source, "counts": counts, "differing": differing}


def _count(table: pd.DataFrame, what: str) -> int:
    if what == "frames":
        return int(table["length"].sum())
    if what == "tracklets":
        return len(table)
    if what == "shared":
        return int((table.groupby("pid")["camera"].nunique() > 1).sum())
    return int(table["pid" if what == "identities" else "camera"].nunique())
