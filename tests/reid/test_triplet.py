"""The batch-hard triplet loss against plain loops, and batches of people. Seeds where they are set."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import ConfigError, ReIDConfig, RuntimeConfig, parse_section
from stcnet_lib.config.reid import TripletConfig
from stcnet_lib.data.clips.loader import ClipDataset, clip_loader
from stcnet_lib.data.clips.people import PeopleBatches
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.reid.network import ReIDNetwork
from stcnet_lib.reid.training import train_reid
from stcnet_lib.reid.triplet import batch_hard_triplet, distances

CPU = Compute(torch.device("cpu"))
RUNTIME = RuntimeConfig(device="cpu", workers=0, save_steps=1000, progress_seconds=1000)


def by_hand(features, labels, margin):
    """Every clip, and every other one, by Python numbers."""
    rows, terms = features.tolist(), []
    for i, own in enumerate(labels.tolist()):
        far, near = 0.0, math.inf
        for j, other in enumerate(labels.tolist()):
            apart = math.dist(rows[i], rows[j])
            if other == own:
                far = max(far, apart)
            else:
                near = min(near, apart)
        terms.append(math.log1p(math.exp(far - near)) if margin == "soft" else max(0.0, margin + far - near))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("margin", ["soft", 0.0, 0.3, 5.0])
def test_it_equals_plain_loops(margin):
    torch.manual_seed(0)
    features, labels = torch.randn(12, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 3] * 3)
    found = batch_hard_triplet(features, labels, margin)
    # The root of the least squared distance is 1e-6.
    assert found.item() == pytest.approx(by_hand(features, labels, margin), rel=1e-5)


def test_known_values():
    """On a line: people at 0 and 1, and at 4 and 6. Farthest own: 1, 1, 2, 2; nearest other: 4, 3, 3, 5."""
    features = torch.tensor([[0.0], [1.0], [4.0], [6.0]], dtype=torch.float64)
    labels = torch.tensor([7, 7, 9, 9])
    assert batch_hard_triplet(features, labels, 0.0).item() == 0
    assert batch_hard_triplet(features, labels, 2.0).item() == pytest.approx((0 + 0 + 1 + 0) / 4)
    assert batch_hard_triplet(features, labels, 4.0).item() == pytest.approx((1 + 2 + 3 + 1) / 4)
    equal = torch.zeros(4, 3)
    assert batch_hard_triplet(equal, labels, "soft").item() == pytest.approx(math.log(2))


def test_gradients_are_right_and_finite_where_clips_are_equal():
    torch.manual_seed(0)
    features = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    assert torch.autograd.gradcheck(lambda given: batch_hard_triplet(given, labels, "soft"), features)
    equal = torch.ones(4, 3, requires_grad=True)
    batch_hard_triplet(equal, torch.tensor([0, 0, 1, 1]), 1.0).backward()
    assert equal.grad.isfinite().all()


def test_distances_are_euclidean():
    torch.manual_seed(0)
    features = torch.randn(7, 4, dtype=torch.float64)
    torch.testing.assert_close(distances(features), torch.cdist(features, features), rtol=1e-6, atol=2e-6)


PEOPLE = {0: 6, 1: 2, 2: 3, 3: 9, 5: 1}  # tracklets of each
LABELS = np.repeat(list(PEOPLE), list(PEOPLE.values()))


def batches_of(first=0, total=12, rank=0, world=1, seed=4, batch=12, each=3):
    return list(PeopleBatches(LABELS, batch, each, seed, first, total, 5, rank, world))


def test_a_batch_has_people_with_as_many_clips_each():
    for step, batch in enumerate(batches_of()):
        assert len(batch) == 12
        assert {epoch for epoch, *_ in batch} == {step // 5}
        people = [LABELS[i] for _, i, _ in batch]
        assert all(len(set(people[start : start + 3])) == 1 for start in range(0, 12, 3))
        assert sorted(Counter(people).values()) == [3, 3, 3, 3]
        for person in set(people):
            own = [i for _, i, _ in batch if LABELS[i] == person]
            assert len(set(own)) == min(3, PEOPLE[person])  # different ones where there are enough
        assert len(set(batch)) == 12  # a tracklet that comes again gives another clip


def test_all_people_and_tracklets_come():
    keys = [key for batch in batches_of(total=200) for key in batch]
    assert {i for _, i, _ in keys} == set(range(len(LABELS)))
    counts = Counter(LABELS[i] for _, i, _ in keys)
    assert max(counts.values()) < 1.2 * min(counts.values())  # five people, four at a time, 600 draws each


def test_further_clips_of_an_epoch_are_counted():
    for epoch in range(3):
        keys = [key for batch in batches_of(total=15)[5 * epoch : 5 * epoch + 5] for key in batch]
        for i in range(len(LABELS)):
            again = [n for _, item, n in keys if item == i]
            assert again == list(range(len(again)))


@pytest.mark.parametrize("first", [1, 4, 5, 11])
def test_batches_go_on_at_any_step(first):
    assert batches_of(first=first) == batches_of()[first:]
    assert len(PeopleBatches(LABELS, 12, 3, 4, first, 12, 5)) == 12 - first


def test_seeds_and_epochs_differ():
    assert batches_of(seed=5) != batches_of()
    first, second = batches_of()[:5], batches_of()[5:10]
    assert [[key[1:] for key in batch] for batch in first] != [[key[1:] for key in batch] for batch in second]


def test_ranks_have_whole_people_and_together_the_batch():
    whole, parts = batches_of(), [batches_of(rank=rank, world=2) for rank in range(2)]
    for step, batch in enumerate(whole):
        shares = [part[step] for part in parts]
        assert sorted(shares[0] + shares[1]) == sorted(batch)
        assert all(len({LABELS[i] for _, i, _ in share}) == 2 for share in shares)


def test_too_few_people_or_unequal_shares_are_one_line():
    with pytest.raises(
        ValueError, match=r"^triplet: got 5 train people, wanted at least the 6 of a batch of 18"
    ):
        batches_of(batch=18)
    with pytest.raises(
        ValueError, match=r"^triplet: got 4 people in a batch, wanted a multiple of the 3 GPUs"
    ):
        batches_of(world=3)


@pytest.fixture
def triplet_config(guider_config):
    triplet = TripletConfig(weight=0.5, margin=1.0, tracklets=2)
    return guider_config.model_copy(update={"triplet": triplet, "epochs": 40, "lr": 3e-3})


def test_the_loss_of_a_training_is_the_sum(store_path, tmp_path, triplet_config):
    """The first step by hand: seed 5."""
    with TrackletStore(store_path) as store:
        _, _, state = train_reid(triplet_config, [store], 0, 5, tmp_path, "key", RUNTIME, CPU)
        dataset = ClipDataset([store], 0, triplet_config, 5)
        (clips, labels), *_ = clip_loader(dataset, 4, 0, 0, CPU)
    assert sorted(labels.tolist()) == [0, 0, 1, 1]
    torch.manual_seed(5)
    seen = ReIDNetwork(triplet_config, 2).train()(clips)
    triplet = 0.5 * by_hand(seen.features.double(), labels, 1.0)
    rows = state.history
    assert rows[0]["triplet"] == pytest.approx(triplet, rel=1e-3)
    wanted = F.cross_entropy(seen.logits, labels).item() + triplet
    assert rows[0]["loss"] == pytest.approx(wanted, rel=1e-3)
    assert rows[-1]["triplet"] < rows[0]["triplet"] / 2
    assert all(later["step"] == earlier["step"] + 1 for earlier, later in pairwise(rows))


def test_clips_of_a_tracklet_that_comes_again_differ(store_path, guider_config):
    with TrackletStore(store_path) as store:
        dataset = ClipDataset([store], 0, guider_config, 5)
        first, again, plain = dataset[0, 1, 0][0], dataset[0, 1, 1][0], dataset[0, 1][0]
    assert torch.equal(first, plain)
    assert not torch.equal(first, again)


def test_settings_without_triplet_keep_their_json():
    assert "triplet" not in ReIDConfig().canonical_json()
    config = ReIDConfig.model_validate({"triplet": {"margin": 0.3}})
    assert '"triplet":{"weight":1.0,"margin":0.3,"tracklets":4}' in config.canonical_json()
    assert parse_section(ReIDConfig, config.canonical_json()) == config


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ('{"triplet": {"tracklets": 5}}', "batch: got 32, wanted a multiple of the 5 tracklets of a person"),
        ('{"batch": 4, "triplet": {}}', "batch: got 4, wanted a multiple of the 4 tracklets of a person"),
        ('{"triplet": {"margin": "hard"}}', "triplet.margin: got 'hard', wanted 'soft' or a number from 0"),
        ('{"triplet": {"margin": -1}}', "triplet.margin: got -1, wanted 'soft' or a number from 0 to 100"),
        ('{"triplet": {"weight": 0}}', "triplet.weight: got 0, wanted more than 0"),
        ('{"triplet": {"margins": 1}}', "triplet.margins: unknown key, wanted one of 'margin', 'tracklets'"),
    ],
)
def test_bad_settings_are_one_line(values, line):
    with pytest.raises(ConfigError) as caught:
        parse_section(ReIDConfig, values)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
