"""What can be scored, against the protocols themselves on random features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS, NothingToScore, evaluate_protocol
from stcnet_lib.evaluation.scorable import Incomplete, Needs, count_scorable, problems, require_parts

TRAIN, QUERY, GALLERY = Role.TRAIN, Role.QUERY, Role.GALLERY
DISTRACTOR, JUNK = Role.DISTRACTOR, Role.JUNK


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("seed", range(40))
def test_the_counts_are_those_of_the_evaluation(protocol, seed):
    """Few people, cameras and tracklets, so that every case is met; features do not matter."""
    random = np.random.default_rng(seed)
    number = int(random.integers(2, 12))
    pid, camera = random.integers(1, 4, number), random.integers(1, 4, number)
    role = random.choice([QUERY, QUERY, GALLERY, GALLERY, DISTRACTOR, JUNK, TRAIN], number)
    role[0] = QUERY
    counts = count_scorable(pid, camera, role, protocol)
    features = random.standard_normal((number, 5))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    embeddings = {"features": features, "pid": pid, "camera": camera, "role": role}
    try:
        result = evaluate_protocol(embeddings, protocol)
    except NothingToScore:
        assert counts.matched == 0
        return
    assert counts.queries == (role == QUERY).sum()
    assert counts.matched == len(result.queries)
    assert counts.contested == (result.queries["candidates"] > result.queries["matches"]).sum()


def rows(*rows: tuple[int, int, Role]) -> tuple[pd.DataFrame, np.ndarray]:
    """Tracklets of (person, camera, role)."""
    pid, camera, role = zip(*rows, strict=True)
    return pd.DataFrame({"pid": pid, "camera": camera}), np.array([role])


TWO = [(1, 1, TRAIN), (2, 2, TRAIN)]
WHOLE = [*TWO, (5, 1, QUERY), (5, 2, GALLERY), (6, 1, GALLERY)]
SCORED = Needs((0,), True, "query-in-gallery")
LACKING = {
    "whole": (WHOLE, SCORED, None),
    "no query": ([*TWO, (5, 2, GALLERY)], SCORED, "got no query"),
    "no gallery": (
        [*TWO, (5, 1, QUERY), (6, 1, QUERY)],
        SCORED,
        "got not one of 2 queries with a match .* under evaluation.protocol 'query-in-gallery'; all test "
        "tracklets are of camera 1",
    ),
    "the gallery is elsewhere": (
        [*TWO, (5, 1, QUERY), (5, 2, QUERY), (6, 1, QUERY)],
        Needs((0,), True, "gallery-only"),
        "by protocol: gallery-only 0, query-in-gallery 2, official 2",
    ),
    "one camera": ([*TWO, (5, 1, QUERY), (5, 1, GALLERY), (6, 1, GALLERY)], SCORED, "of camera 1"),
    "one test person": ([*TWO, (5, 1, QUERY), (5, 2, GALLERY)], SCORED, "its mAP is 1"),
    "a distractor is enough": ([*TWO, (5, 1, QUERY), (5, 2, GALLERY), (0, 1, DISTRACTOR)], SCORED, None),
    "junk is not": ([*TWO, (5, 1, QUERY), (5, 2, GALLERY), (-1, 1, JUNK)], SCORED, "its mAP is 1"),
    "one train person": (WHOLE[1:], SCORED, "got one person to train on"),
    "one train person, no training": (WHOLE[1:], SCORED._replace(trains=False), None),
    "no train": (WHOLE[2:], SCORED._replace(trains=False), "got no train tracklet"),
    "no score wanted": (TWO, SCORED._replace(protocol=None), None),
    "a guider of these people": (WHOLE, SCORED._replace(classes=2), None),
    "a guider of other people": (WHOLE, SCORED._replace(classes=625), "got a trained_guider that knows 625"),
    "another split": (WHOLE, SCORED._replace(splits=(0, 3)), "splits: got 3, wanted numbers below 1"),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_is_lacking_is_named(case):
    tracklets, needs, message = LACKING[case]
    table, roles = rows(*tracklets)
    if message is None:
        assert problems(table, roles, needs) == []
        require_parts("d", table, roles, needs)
        return
    with pytest.raises(Incomplete, match=f"(?s)^d: the data lack .*{message}"):
        require_parts("d", table, roles, needs)
