"""Stage `check_dataset`: whether the parts that a run needs are there, before it trains for hours.

All of it follows from people, cameras and roles: who can be trained on, whether a query has a match under the
headline's protocol, and whether anything else is searched that it could be taken for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS


class Needs(NamedTuple):
    """What a run asks of its data."""

    splits: tuple[int, ...]
    trains: bool  # a re-ID network, so that classes are wanted
    protocol: str | None  # of the headline; none if nothing is scored
    classes: int | None = None  # people whom a trained guider must know to guide STCnet; none: it does not


class Scorable(NamedTuple):
    """Queries of one split under one protocol."""

    queries: int
    matched: int  # with the same person before another camera in the gallery
    contested: int  # of these, with anybody else in the gallery


def count_scorable(pid: np.ndarray, camera: np.ndarray, role: np.ndarray, protocol: str) -> Scorable:
    """What `evaluate_protocol` would score, without features.

    Args:
        pid, camera, role: (N,) of all tracklets.
    """
    table = pd.DataFrame({"pid": pid, "camera": camera})
    query = table[role == Role.QUERY]
    searched = np.isin(role, PROTOCOLS[protocol].gallery) & (role != Role.JUNK)
    people = table[searched & (role != Role.DISTRACTOR)]  # distractors match nobody
    of_person = people.groupby("pid").size()
    of_camera = people.groupby(["pid", "camera"]).size()
    same_person = of_person.reindex(query["pid"], fill_value=0).to_numpy()
    same_camera = of_camera.reindex(pd.MultiIndex.from_frame(query), fill_value=0).to_numpy()
    matched = same_person > same_camera
    contested = matched & (int(searched.sum()) > same_person)
    return Scorable(len(query), int(matched.sum()), int(contested.sum()))


class Incomplete(ValueError):
    """The data lack a part that the configuration asks for; one line each."""


def require_parts(name: str, tracklets: pd.DataFrame, roles: np.ndarray, needs: Needs) -> None:
    """Raise `Incomplete` if a part is absent; for the arguments see `problems`.

    Args:
        name: what the message calls the data.
    """
    found = problems(tracklets, roles, needs)
    if found:
        lines = "".join(f"\n  {line}" for line in found)
        raise Incomplete(f"{name}: the data lack what the configuration asks for{lines}")


def problems(tracklets: pd.DataFrame, roles: np.ndarray, needs: Needs) -> list[str]:
    """A line for every part that is absent.

    Args:
        tracklets: with `pid` and `camera`.
        roles: (S, N).
    """
    found = []
    for split in needs.splits:
        if split >= len(roles):
            found.append(
                f"splits: got {split}, wanted numbers below {len(roles)}, the splits of this data set"
            )
            continue
        lines = [*_to_train(tracklets, roles[split], needs), *_to_score(tracklets, roles[split], needs)]
        found += [f"split {split}: {line}" for line in lines]
    return found


def _to_train(tracklets: pd.DataFrame, roles: np.ndarray, needs: Needs) -> Iterator[str]:
    people = tracklets["pid"][roles == Role.TRAIN].nunique()
    if people == 0:
        yield "got no train tracklet, wanted some: guider, thresholds and STCnet learn from them"
    elif people == 1 and needs.trains:
        yield "got one person to train on, wanted two at least: with one class a network learns nothing"
    if needs.classes not in (None, people):
        yield (
            f"got a trained_guider that knows {needs.classes} people and {people} others to train on, wanted "
            "stcnet.guider_loss to be false: it cannot tell these apart"
        )


def _to_score(tracklets: pd.DataFrame, roles: np.ndarray, needs: Needs) -> Iterator[str]:
    if needs.protocol is None:
        return
    otherwise = "; or set variants to [] in config.yaml, if no score is wanted"
    pid, camera = tracklets["pid"].to_numpy(), tracklets["camera"].to_numpy()
    counts = {name: count_scorable(pid, camera, roles, name) for name in PROTOCOLS}
    headline = counts[needs.protocol]
    if not headline.queries:
        yield f"got no query, wanted some: variants ask for a score{otherwise}"
    elif not headline.matched:
        cameras = np.unique(camera[np.isin(roles, (Role.QUERY, Role.GALLERY))])
        where = f"; all test tracklets are of camera {cameras[0]}" if len(cameras) == 1 else ""
        others = ", ".join(f"{name} {count.matched}" for name, count in counts.items())
        yield (
            f"got not one of {headline.queries} queries with a match (the same person before another "
            f"camera) under evaluation.protocol '{needs.protocol}'{where}; with a match by protocol: "
            f"{others}{otherwise}"
        )
    elif not headline.contested:
        yield (
            f"got {headline.matched} queries and nobody else to take their people for under "
            f"evaluation.protocol '{needs.protocol}', wanted two test people at least: whatever a network "
            f"does, its mAP is 1{otherwise}"
        )
