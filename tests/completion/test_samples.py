"""Samples of STCnet: pure functions of their number, from train people and visible regions only."""

import numpy as np
import pytest
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.learning.loader import sample_loader
from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.data.store.tracklets import Role, TrackletStore

CPU = Compute(torch.device("cpu"))


def samples_with(store_path, config, flags=None, **changes):
    store = TrackletStore(store_path)
    flags = np.zeros((store.num_frames, 3), bool) if flags is None else flags
    return CompletionSamples(store, flags, 0, *[config.model_copy(update=changes)] * 2, seed=5)


def test_a_sample_depends_on_its_number_only(store_path, stcnet_config):
    first, second = samples_with(store_path, stcnet_config), samples_with(store_path, stcnet_config)
    for _ in range(3):
        second[17]
    for key, value in first[3].items():
        assert value.equal(second[3][key]), key
    assert any(not value.equal(first[4][key]) for key, value in first[3].items())


def test_only_train_people_are_used(store_path, stcnet_config):
    samples = samples_with(store_path, stcnet_config)
    store = TrackletStore(store_path)
    train_frames = {f for t in store.tracklets_with(0, Role.TRAIN) for f in store.frames_of(t)}
    seen = []
    samples.store.read_image = lambda frame: seen.append(frame) or store.read_image(frame)
    for i in range(200):
        samples[i]
    assert set(seen) == train_frames
    assert {int(samples[i]["label"]) for i in range(50)} == {0, 1}


@pytest.mark.parametrize("references", ["frame", "region"])
def test_hidden_regions_are_visible_ones_and_references_show_them(store_path, stcnet_config, references):
    flags = np.random.default_rng(1).random((24, 3)) < 0.3
    samples = samples_with(store_path, stcnet_config, flags, references=references, two_regions=0.5)
    two = 0
    for i in range(300):
        sample = {key: value.numpy() for key, value in samples[i].items()}
        masked, flagged = sample["masked"][1], sample["flagged"]
        assert masked.any()
        assert not sample["masked"][[0, 2]].any()
        two += masked.sum() == 2
        assert not (masked & flagged[1]).any()
        if references == "frame":
            assert not flagged.any()
        else:  # at least one of the hidden regions is what the references were chosen for
            assert (masked & ~flagged[[0, 2]].any(0)).any()
    assert 60 < two < 210


def test_a_sample_holds_the_flags_of_the_frames_that_it_holds(store_path, stcnet_config):
    flags = np.random.default_rng(2).random((24, 3)) < 0.3
    samples = samples_with(store_path, stcnet_config, flags, references="region")
    store = TrackletStore(store_path)
    read = []
    samples.store.read_image = lambda frame: read.append(frame) or store.read_image(frame)
    for i in range(100):
        read.clear()
        sample = samples[i]
        previous, frame, following = read
        assert previous != frame != following
        assert sample["target"] == 1
        assert sample["flagged"].tolist() == flags[read].tolist()  # nothing flagged is hidden on purpose


def test_references_lie_outside_the_simulated_occlusion(store_path, stcnet_config):
    # Each frame's top left pixel is replaced by its number, so that a sample tells where it is from.
    samples = samples_with(store_path, stcnet_config, occlusion_run=3)
    read = samples.store.read_image

    def numbered(frame):
        image = read(frame).copy()
        image[0, 0] = frame
        return image

    samples.store.read_image = numbered
    spans = set()
    for i in range(300):
        sample = samples[i]
        previous, frame, following = (int(image[0, 0, 0]) for image in sample["frames"])
        assert frame not in (previous, following)
        assert frame // 6 == previous // 6 == following // 6, "references come from the same tracklet"
        if previous < frame < following:
            spans.add(following - previous - 1)
    assert spans == {1, 2, 3}


def test_nothing_usable_is_a_clear_error(store_path, stcnet_config):
    with pytest.raises(ValueError, match=r"lower occlusion\.tau"):
        samples_with(store_path, stcnet_config, np.ones((24, 3), bool))


def test_loader_gives_the_same_batches_with_any_workers_from_any_step(store_path, stcnet_config):
    samples = samples_with(store_path, stcnet_config, iterations=5)
    reference = list(sample_loader(samples, samples.config, 0, 0, CPU))
    assert len(reference) == 5
    for workers, first in ((2, 0), (0, 3), (2, 3)):
        batches = list(sample_loader(samples, samples.config, first, workers, CPU))
        assert len(batches) == 5 - first
        for batch, wanted in zip(batches, reference[first:], strict=True):
            assert all(batch[key].equal(wanted[key]) for key in wanted)


def test_processes_share_each_batch(store_path, stcnet_config):
    samples = samples_with(store_path, stcnet_config, iterations=3)
    whole = list(sample_loader(samples, samples.config, 0, 0, CPU))
    parts = [
        list(sample_loader(samples, samples.config, 0, 0, Compute(CPU.device, rank, 2))) for rank in range(2)
    ]
    for step, batch in enumerate(whole):
        for rank in range(2):
            assert batch["frames"][rank::2].equal(parts[rank][step]["frames"])
