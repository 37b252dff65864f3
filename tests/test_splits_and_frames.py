"""`splits: all` and `evaluation.test_frames`: what they stand for, from the configuration to the heading."""

import itertools
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from stores import write_store
from trees import plant

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import Config, ConfigError, EvaluationConfig, ReIDConfig, RuntimeConfig, load_config
from stcnet_lib.data.clips.transforms import TestTransform
from stcnet_lib.data.source.layouts import open_layout
from stcnet_lib.data.store.tracklets import Role, TrackletStore
from stcnet_lib.evaluation.cells import Cell, Result
from stcnet_lib.evaluation.comparison import compare
from stcnet_lib.reid.embedding import embed_tracklets
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.report.tables.tables import heading


def config(layout: str, root, **more) -> Config:
    dataset = {"name": "d", "layout": layout} | ({"root": str(root)} if layout != "walkers" else {})
    return load_config({"dataset": dataset, **deepcopy(more)})


@pytest.mark.parametrize(
    "kind",
    ["folder", "mars", "mars_by_names", "ilids_vid", "prid2011", "prid2011_drawn", "duke_video", "ls_vid"],
)
def test_all_splits_are_those_of_the_layout(tmp_path, kind):
    planted = plant(kind, tmp_path / "tree")
    layout = open_layout(planted)
    found = config(planted.layout, planted.root, splits="all").splits
    assert found == tuple(range(layout.splits))
    assert len(found) == (10 if kind.startswith(("ilids", "prid")) else 1)


@pytest.mark.parametrize("kind", ["ilids_vid", "prid2011"])
def test_camera_one_asks_camera_two_in_every_split_and_nobody_is_in_both_halves(tmp_path, kind):
    halves = []
    for split in range(10):
        people: dict[Role, set[tuple[int, int]]] = {role: set() for role in Role}
        for tracklet in open_layout(plant(kind, tmp_path / f"tree{split}")).tracklets():
            people[tracklet.roles[split]].add((tracklet.pid, tracklet.camera))
        query, gallery, train = (people[role] for role in (Role.QUERY, Role.GALLERY, Role.TRAIN))
        assert {camera for _, camera in query} == {1}
        assert {camera for _, camera in gallery} == {2}
        assert {pid for pid, _ in query} == {pid for pid, _ in gallery}
        assert not {pid for pid, _ in train} & {pid for pid, _ in query}
        halves.append(frozenset(pid for pid, _ in query))
    assert len(set(halves)) > 1


def test_splits_that_cannot_be_known_or_mean_nothing(tmp_path):
    assert config("walkers", None, splits="all").splits == (0,)
    assert config("ilids_vid", tmp_path, splits=[0, 2]).splits == (0, 2)
    for layout, splits, wanted in [
        ("manifest", "all", "splits: got 'all', wanted a list: how many splits there are"),
        ("walkers", "every", "splits: got 'every', wanted 'all' or a list"),
        ("walkers", [0, 2], "splits: got [0, 2], wanted [0]: the layout walkers has one split"),
        ("walkers", 3, "splits: got 3, wanted a list, such as [3]"),
    ]:
        with pytest.raises(ConfigError) as caught:
            config(layout, tmp_path, splits=splits)
        assert str(caught.value).startswith(wanted)
        assert len(str(caught.value).splitlines()) == 1


def test_a_faulty_data_set_is_one_problem_not_two():
    with pytest.raises(ConfigError, match=r"^dataset\.root: got nothing[^\n]*$"):
        load_config({"dataset": {"name": "d", "layout": "mars"}, "splits": "all"})


@pytest.mark.parametrize("frames", ["some", 0, 1025, True, 2.5, None])
def test_frames_of_a_test_are_all_or_a_number(frames):
    with pytest.raises(ConfigError, match=r"^evaluation\.test_frames: got .* wanted [^\n]*$"):
        config("walkers", None, evaluation={"test_frames": frames})


@pytest.mark.parametrize(("frames", "clip"), [(4, 32), (4, 3), (1, 32)])
def test_a_test_with_some_frames_sees_the_middles_of_equal_parts(tmp_path, frames, clip):
    """Without non-local blocks a feature is the mean of the features of the frames."""
    store = TrackletStore(write_store(tmp_path / "t.h5", people=2, frames=11))
    torch.manual_seed(0)
    small = ReIDConfig(backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=32,
                       width=16, precision="fp32")  # fmt: skip
    network = ReIDNetwork(small, 2).eval()
    store.roles[:] = Role.QUERY
    settings = EvaluationConfig(test_frames=frames, test_clip=clip)
    runtime = RuntimeConfig(device="cpu", threads=1, workers=0, progress_seconds=1000)
    found = embed_tracklets(network, store, 0, settings, runtime, Compute(torch.device("cpu")))
    picked = {4: [1, 4, 6, 9], 1: [5]}[frames]  # of 11 frames, by hand
    for row in range(len(found.pid)):
        first = store.frames_of(row).start
        images = [torch.from_numpy(store.read_image(first + t)).permute(2, 0, 1) for t in picked]
        with torch.no_grad():
            features = network(TestTransform(32, 16)(torch.stack(images))[:, None])[0]  # (T, D)
        wanted = features.mean(0) / features.mean(0).norm()
        # Batches of other sizes take other kernels: float32 sums in another order.
        assert found.features[row] == pytest.approx(wanted.numpy(), abs=2e-5)


@pytest.mark.parametrize(
    ("splits", "seeds", "frames", "words"),
    [
        (1, 1, "all", "protocol official, all frames, 4 queries, per cent"),
        (
            10,
            1,
            4,
            "protocol official, 4 frames of a tracklet only, 4 queries, means over 10 splits, per cent",
        ),
        (1, 3, "all", "4 queries, means over 3 seeds, per cent"),
        (2, 3, "all", "4 queries, means over 6 runs (2 splits, 3 seeds), per cent"),
    ],
)
def test_the_heading_names_protocol_frames_and_runs(splits, seeds, frames, words):
    results = {}
    for split, seed in itertools.product(range(splits), range(seeds)):
        ap = np.linspace(0.1, 0.1 * (split + 1), 4)
        queries = pd.DataFrame({"tracklet": range(4), "pid": range(4), "ap": ap, "first_match": 1})
        values = {"metrics": {"mAP": ap.mean(), "rank-1": 1.0}}
        results[Cell("nl", "raw", "raw", split, seed)] = Result(values, queries)
    comparison = compare(results, 20) | {"dataset": "d", "protocol": "official", "test_frames": frames}
    assert words in heading(comparison)
    assert "re-ranked" not in heading(comparison)
    assert "protocol official, re-ranked, " in heading(comparison | {"rerank": True})
    if splits == 10:
        means = [row["mAP"] for row in comparison["rows"]]
        spread = comparison["means"][0]["spread"]["mAP"]
        assert comparison["means"][0]["mean"]["mAP"] == pytest.approx(np.mean(means))
        assert (spread["least"], spread["most"]) == (min(means), max(means))
        assert spread["deviation"] == pytest.approx(np.std(means, ddof=1))
