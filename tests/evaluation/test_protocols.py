"""Each protocol against a loop over its definition, and the errors of data it cannot score."""

import h5py
import numpy as np
import pytest

from stcnet_lib.data.store.tracklets import Role
from stcnet_lib.evaluation.protocols import PROTOCOLS, evaluate_protocol, evaluate_protocols


def embeddings(seed: int = 0, count: int = 120) -> dict[str, np.ndarray]:
    """Unit features with signed axes only, so that most distances are ties; some pids without a match."""
    generator = np.random.default_rng(seed)
    features = np.zeros((count, 6), dtype=np.float32)
    features[np.arange(count), generator.integers(0, 6, count)] = generator.choice([-1, 1], count)
    role = generator.choice([0, 1, 2, 3, 4, 5], count, p=[0.05, 0.1, 0.3, 0.35, 0.1, 0.1])
    pid = generator.integers(0, 15, count)
    pid[role == Role.JUNK] = -1
    pid[role == Role.DISTRACTOR] = 0  # as in MARS; here people with the pid 0 exist as well
    return {
        "features": features,
        "tracklet": np.arange(count) + 1000,
        "pid": pid,
        "camera": generator.integers(0, 3, count),
        "role": role,
    }


def loop_protocol(data: dict[str, np.ndarray], searched: list[Role], trapezoid: bool) -> dict[int, tuple]:
    """tracklet -> (first match, AP) or None: the definition, one comparison at a time."""
    result = {}
    rows = range(len(data["pid"]))
    for q in (i for i in rows if data["role"][i] == Role.QUERY):
        ranked = []
        for g in (i for i in rows if data["role"][i] in searched):
            if data["role"][g] == Role.JUNK:
                continue
            same = data["pid"][g] == data["pid"][q] and data["role"][g] != Role.DISTRACTOR
            if same and data["camera"][g] == data["camera"][q]:
                continue
            ranked.append((-float(data["features"][q] @ data["features"][g]), g, same))
        good = [same for *_, same in sorted(ranked)]
        tracklet = int(data["tracklet"][q])
        if not any(good):
            result[tracklet] = None
            continue
        hits = [position for position, same in enumerate(good, 1) if same]
        parts = []
        for j, position in enumerate(hits, 1):
            before = (j - 1) / (position - 1) if position > 1 else 1.0
            parts.append((before + j / position) / 2 if trapezoid else j / position)
        result[tracklet] = (hits[0], sum(parts) / len(parts))
    return result


DEFINITIONS = {
    "gallery-only": ([Role.GALLERY, Role.DISTRACTOR], False),
    "query-in-gallery": ([Role.QUERY, Role.GALLERY, Role.DISTRACTOR], False),
    "official": ([Role.QUERY, Role.GALLERY, Role.DISTRACTOR, Role.JUNK], True),
}


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
@pytest.mark.parametrize("seed", range(3))
def test_protocol_equals_its_definition(name, seed):
    data = embeddings(seed)
    # A person before one camera only matches nothing under any protocol.
    lonely = int(np.flatnonzero(data["role"] == Role.QUERY)[0])
    data["pid"][lonely] = 99
    searched, trapezoid = DEFINITIONS[name]
    wanted = loop_protocol(data, searched, trapezoid)
    result = evaluate_protocol(data, name, ranks=(1, 5))
    scored = {t: v for t, v in wanted.items() if v is not None}
    assert result.queries["tracklet"].tolist() == list(scored)
    assert result.unmatched == [t for t, v in wanted.items() if v is None]
    assert int(data["tracklet"][lonely]) in result.unmatched
    assert result.gallery_size == int(np.isin(data["role"], searched).sum())
    assert result.queries["first_match"].tolist() == [first for first, _ in scored.values()]
    # 1e-12: the same few float64 operations in another order
    np.testing.assert_allclose(result.queries["ap"], [ap for _, ap in scored.values()], atol=1e-12)
    assert result.metrics["mAP"] == pytest.approx(np.mean([ap for _, ap in scored.values()]), abs=1e-12)
    for rank in (1, 5):
        share = np.mean([first <= rank for first, _ in scored.values()])
        assert result.metrics[f"rank-{rank}"] == pytest.approx(share, abs=1e-12)
        assert result.cmc.set_index("rank")["cmc"][rank] == pytest.approx(share, abs=1e-12)
    assert result.as_dict()["queries_scored"] == len(scored)


def test_the_table_of_protocols_is_complete():
    assert set(PROTOCOLS) == set(DEFINITIONS)


def test_an_open_file_and_a_dict_give_the_same(tmp_path):
    data = embeddings()
    with h5py.File(tmp_path / "embeddings.h5", "w") as file:
        for key, values in data.items():
            file[key] = values
        from_file = evaluate_protocol(file, "query-in-gallery")
    assert from_file.as_dict() == evaluate_protocol(data, "query-in-gallery").as_dict()


def test_only_queries_need_a_protocol_that_searches_them():
    data = embeddings()
    data["role"][:] = Role.QUERY
    with pytest.raises(ValueError, match=r"evaluation\.protocol: got 'gallery-only'.*'query-in-gallery'"):
        evaluate_protocol(data, "gallery-only")
    result = evaluate_protocol(data, "query-in-gallery")
    assert result.gallery_size == len(data["pid"])
    # A query never finds itself: with one tracklet a camera, everything left of the person is a match.
    same_person = data["pid"][:, None] == data["pid"]
    matches = (same_person & (data["camera"][:, None] != data["camera"])).sum(axis=1)
    assert result.queries["matches"].tolist() == matches[matches > 0].tolist()


def test_unusable_embeddings_are_refused():
    with pytest.raises(ValueError, match=r"evaluation\.protocol: got 'mars'"):
        evaluate_protocol(embeddings(), "mars")
    data = embeddings()
    data["features"][7] *= 2
    with pytest.raises(ValueError, match="norm 2 for tracklet 1007"):
        evaluate_protocol(data, "official")
    data["features"][7] = np.nan
    with pytest.raises(ValueError, match="norm nan for tracklet 1007"):
        evaluate_protocol(data, "official")
    data = embeddings()
    data["role"][data["role"] == Role.QUERY] = Role.UNUSED
    with pytest.raises(ValueError, match="no tracklet with the role of a query"):
        evaluate_protocol(data, "official")
    data = embeddings()
    data["camera"][:] = 0
    with pytest.raises(ValueError, match=r"evaluation\.protocol: .* queries with a match"):
        evaluate_protocol(data, "query-in-gallery")


def test_the_headline_must_be_scored_and_the_others_may_be_missing():
    data = embeddings()
    data["role"][:] = Role.QUERY
    found = evaluate_protocols(data, "official")
    assert list(found) == list(PROTOCOLS)
    assert found["gallery-only"] is None
    assert found["query-in-gallery"].as_dict() == evaluate_protocol(data, "query-in-gallery").as_dict()
    with pytest.raises(ValueError, match=r"evaluation\.protocol: got 'gallery-only'"):
        evaluate_protocols(data, "gallery-only")
    data["features"][7] *= 2
    with pytest.raises(ValueError, match="norm 2 for tracklet 1007"):
        evaluate_protocols(data, "official")
