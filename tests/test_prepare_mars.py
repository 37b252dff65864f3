"""The generated data set of MARS's size has the published counts, and its tree is read as it was meant."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.mars_tree import PARTS, query_rows, scaled, tracklet_lengths, tracklets_of, write_tree
from stcnet_lib.common.files import read_json
from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.source.published import published_for

PUBLISHED = {
    fact.name: fact.count for fact in published_for(DatasetConfig(name="m", layout="mars", root=".")).facts
}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_lengths_have_the_published_range_median_and_sum(part):
    lengths = tracklet_lengths(part.tracklets, part.frames)
    assert (lengths.min(), lengths.max()) == (5, 900)
    assert lengths.sum() == part.frames
    assert np.median(lengths) in (36, 37)  # the leftovers of rounding raise a few
    assert len(lengths) == part.tracklets


def test_all_published_counts():
    train, test = (tracklets_of(part) for part in PARTS)
    people = [tracklet.person for tracklet in test]
    asked = query_rows(test, PARTS[1].queries)
    assert {
        "train identities": len({tracklet.person for tracklet in train}),
        "train tracklets": len(train),
        "train frames": sum(tracklet.length for tracklet in train),
        "test tracklets": len(test),
        "test frames": sum(tracklet.length for tracklet in test),
        "junk tracklets": people.count(-1),
        "distractor tracklets": people.count(0),
        "query identities": len({people[row - 1] for row in asked}),
        "query tracklets": len(asked),
    } == PUBLISHED
    assert not {tracklet.person for tracklet in train} & set(people)


def test_a_small_tree(tmp_path):
    parts = [scaled(part, 0.001) for part in PARTS]
    write_tree(tmp_path / "MARS", parts)
    config = DatasetConfig(name="mars", layout="mars", root=str(tmp_path / "MARS"))
    prepare(config, tmp_path / "tracklets.h5", tmp_path / "integrity.json", 1000)
    report = read_json(tmp_path / "integrity.json")
    assert report["findings"] == []
    found = {name: counts["found"] for name, counts in report["published"]["counts"].items()}
    assert found["train frames"] == parts[0].frames == 510
    assert found["test frames"] == parts[1].frames == 682
    assert found["junk tracklets"] == parts[1].junk
    assert found["query tracklets"] == parts[1].queries
