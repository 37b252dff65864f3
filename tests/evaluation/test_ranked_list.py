"""The ranked list against the ranks that are counted without one, and by hand."""

import numpy as np
import pytest

from stcnet_lib.config import EvaluationConfig
from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS, evaluate_protocol
from stcnet_lib.evaluation.ranked_list import ranked_list
from stcnet_lib.evaluation.retrieval import retrieve, retrieve_any
from stcnet_lib.reid.embeddings import Embeddings


def drawn(seed: int, tracklets: int = 60) -> Embeddings:
    """Few people before three cameras, all roles, features in steps so that many are equally similar."""
    rng = np.random.default_rng(seed)
    features = rng.integers(-1, 2, (tracklets, 4)).astype(np.float32) + np.float32(0.01)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    roles = [Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK]
    return Embeddings(
        features,
        np.sort(rng.choice(500, tracklets, replace=False)),
        rng.integers(1, 7, tracklets),
        rng.integers(1, 4, tracklets),
        rng.choice(roles, tracklets, p=[0.3, 0.4, 0.2, 0.1]).astype(np.int8),
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("seed", range(3))
def test_ranks_are_those_of_the_protocol(seed, protocol):
    embeddings = drawn(seed)
    scored = evaluate_protocol(vars(embeddings), protocol).queries
    assert len(scored) > 5
    for row in scored.itertuples():
        ranked = ranked_list(embeddings, row.tracklet, protocol)
        right = ranked.loc[ranked["right"], "rank"].to_numpy()
        assert (len(ranked), len(right), right[0]) == (row.candidates, row.matches, row.first_match)
        if PROTOCOLS[protocol].average_precision == "precisions":
            np.testing.assert_allclose(np.mean(np.arange(1, len(right) + 1) / right), row.ap, rtol=1e-12)


def test_by_hand():
    angles = np.array([0, 10, 5, 40, 5, 20])  # degrees to the query, which is the first
    features = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], 1).astype(np.float32)
    query, gallery, distractor = int(Role.QUERY), int(Role.GALLERY), int(Role.DISTRACTOR)
    embeddings = Embeddings(
        features,
        tracklet=np.array([7, 8, 9, 10, 11, 12]),
        pid=np.array([1, 1, 1, 1, 2, 1]),
        camera=np.array([1, 2, 1, 2, 1, 2]),  # 9 is the query's person before its own camera
        role=np.array([query, gallery, gallery, gallery, gallery, distractor]),
    )
    ranked = ranked_list(embeddings, 7, "gallery-only")
    assert ranked["tracklet"].tolist() == [11, 8, 12, 10]
    assert ranked["right"].tolist() == [False, True, False, True]
    np.testing.assert_allclose(ranked["similarity"], np.cos(np.radians([5, 10, 20, 40])), atol=1e-6)


def test_who_is_no_query_is_told():
    embeddings = drawn(0)
    gallery = int(embeddings.tracklet[embeddings.role == Role.GALLERY][0])
    with pytest.raises(ValueError, match=f"got tracklet {gallery} as query, wanted one of"):
        ranked_list(embeddings, gallery)
    with pytest.raises(ValueError, match="got 'best', wanted one of gallery-only"):
        ranked_list(embeddings, gallery, "best")


def test_whichever_protocols_have_something_to_score():
    """Without a gallery, as with walkers, the headline of most data sets has nothing."""
    embeddings = drawn(1)
    queries = np.flatnonzero(embeddings.role == Role.QUERY)
    alone = Embeddings(**{name: values[queries] for name, values in vars(embeddings).items()})
    found = retrieve_any(alone, EvaluationConfig(ranks=(5,)))
    assert found["gallery-only"] is None
    wanted = retrieve(alone, EvaluationConfig(ranks=(5,), protocol="official"))
    assert found["official"].metrics == wanted["official"].metrics
    assert list(found["official"].metrics) == ["mAP", "rank-1", "rank-5"]
    nobody = Embeddings(**{name: values[queries[:1]] for name, values in vars(embeddings).items()})
    with pytest.raises(ValueError, match="gallery-only"):
        retrieve_any(nobody, EvaluationConfig())
