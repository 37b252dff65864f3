"""Mask networks: what they say of long tracklets, of thirds, of pixels, and that they learn."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from stcnet_lib.common.compute import compute_for
from stcnet_lib.common.regions import region_rows
from stcnet_lib.config import MasksConfig, RuntimeConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.evaluation.measures.localisation import auroc
from stcnet_lib.localisation.mask_files import open_masks
from stcnet_lib.localisation.masks import prediction
from stcnet_lib.localisation.masks.evidence import PICTURE, refined, tracklet_evidence
from stcnet_lib.localisation.masks.network import MaskNetworks
from stcnet_lib.localisation.masks.prediction import (
    chances_of,
    frame_mask,
    network_logits,
    pixel_logits,
    third_logits,
    write_masks,
)
from stcnet_lib.localisation.masks.samples import MaskSamples
from stcnet_lib.localisation.masks.training import train_mask_networks
from tests.stores import write_store

SMALL = MasksConfig(channels=4, steps=60, batch=3, clip=6, lr=0.01)
RUNTIME = RuntimeConfig(device="cpu", threads=1, workers=0)


def planted(tracklets=8, frames=12, seed=0):
    """Grey tracklets with some noise; a square of another colour passes through each of them."""
    rng = np.random.default_rng(seed)
    evidence, hidden = [], []
    for _ in range(tracklets):
        images = rng.normal(110, 10, (frames, *PICTURE, 3))
        mask = np.zeros((frames, *PICTURE), np.uint8)
        top, colour = rng.integers(8, 40), rng.choice([20, 220], 3)
        for t in range(3, 8):
            left = 4 * (t - 3)
            images[t, top : top + 14, left : left + 12] = colour
            mask[t, top : top + 14, left : left + 12] = 255
        evidence.append(tracklet_evidence(list(images.clip(0, 255).astype(np.uint8))))
        hidden.append(mask)
    return evidence, hidden


def samples_of(evidence, hidden, config=SMALL, seed=0):
    doubtful = [np.zeros((len(own), 3), bool) for own in hidden]
    return MaskSamples(evidence, hidden, doubtful, config, seed)


def test_a_long_tracklet_is_looked_at_in_pieces_that_make_no_difference(monkeypatch):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network, _ = MaskNetworks(SMALL).eval()
    evidence = tracklet_evidence(list(rng.integers(0, 256, (23, 32, 16, 3), dtype=np.uint8)))
    with compute_for(RUNTIME) as compute:
        whole = network_logits(network, evidence, compute)
        monkeypatch.setattr(prediction, "_FRAMES", 5)
        pieces = network_logits(network, evidence, compute)
    assert whole.shape == (23, *PICTURE)
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


def test_each_network_sees_what_the_one_before_it_found():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    first, second = networks = MaskNetworks(SMALL).eval()
    with torch.no_grad():
        first.out.weight.mul_(20)  # so that it is sure of something
    evidence = tracklet_evidence(list(rng.integers(0, 256, (9, 32, 16, 3), dtype=np.uint8)))
    with compute_for(RUNTIME) as compute:
        found = pixel_logits(networks, evidence, compute)
        by_hand = refined(evidence, chances_of(network_logits(first, evidence, compute)))
        np.testing.assert_array_equal(found, network_logits(second, by_hand, compute))
        assert np.abs(found - network_logits(second, evidence, compute)).max() > 1e-4


def test_thirds_are_as_hidden_as_the_person_in_them():
    logits = np.full((2, *PICTURE), -20.0, np.float32)
    logits[1, :21] = 20  # rows 0 to 20 are the upper third
    found = 1 / (1 + np.exp(-third_logits(logits)))
    np.testing.assert_allclose(found, [[0, 0, 0], [1, 0, 0]], atol=1e-4)


def test_a_mask_has_the_size_of_its_frame_and_reaches_a_little_beyond():
    logits = np.full(PICTURE, -5.0, np.float32)
    logits[20:30, 10:20] = 5
    exact, grown = (frame_mask(logits, 128, 64, grow) for grow in (0, 1))
    assert exact.shape == (128, 64)
    assert exact[40:60, 20:40].mean() > 0.95
    assert exact.sum() < 22 * 22
    assert (grown >= exact).all()
    assert exact.sum() < grown.sum() <= 24 * 24
    assert frame_mask(logits, 100, 47, 1).shape == (100, 47)
    assert not frame_mask(np.full(PICTURE, -0.1, np.float32), 128, 64, 1).any()  # less likely than not


def test_networks_learn_to_find_what_passes_before_people_whom_they_have_not_seen(tmp_path):
    evidence, hidden = planted()
    samples = samples_of(evidence, hidden)
    with compute_for(RUNTIME) as compute:
        networks, _, state = train_mask_networks(
            SMALL, samples, evidence, 0, tmp_path, "key", RUNTIME, compute
        )
        state.remove()
        strangers, masks = planted(4, seed=9)
        logits = np.concatenate([pixel_logits(networks, own, compute) for own in strangers])
    assert auroc(logits.reshape(-1), np.concatenate(masks).reshape(-1) > 127) > 0.98


def test_clips_are_a_function_of_seed_round_and_step():
    evidence, hidden = planted(6)
    device = torch.device("cpu")
    first, again = (samples_of(evidence, hidden).batch(1, 7, device) for _ in range(2))
    for ours, theirs in zip(first.inputs, again.inputs, strict=True):
        assert torch.equal(ours, theirs)
    for turn, step in ((1, 8), (0, 7)):
        other = samples_of(evidence, hidden).batch(turn, step, device)
        assert not torch.equal(first.inputs[0], other.inputs[0])


def test_in_further_rounds_what_was_found_counts_as_hidden_beside_what_was_planted():
    evidence, hidden = planted(4)
    found = [np.zeros(own.shape) for own in hidden]
    for own in found:
        own[:, 50:60] = 0.9  # nobody planted anything there
        own[:, 40:50] = 0.4  # more likely visible than not
    device = torch.device("cpu")
    samples = samples_of(evidence, hidden)
    clips = samples.refined(evidence, found).batch(0, 0, device)
    again = samples.refined(evidence, found).refined(evidence, [0 * own for own in found])
    before, after = samples.batch(0, 0, device), again.batch(0, 0, device)
    assert (clips.hidden[..., 50:60, :] == 1).all()
    assert torch.equal(clips.hidden[..., :50, :], before.hidden[..., :50, :])
    assert torch.equal(after.hidden, before.hidden)  # of earlier rounds nothing is left


def test_a_round_learns_from_what_the_network_before_it_found(tmp_path, monkeypatch):
    config = SMALL.model_copy(update={"rounds": 3, "steps": 2})
    evidence, hidden = planted(4)
    made = []

    def refined_samples(self, evidence, chances):
        made.append((evidence, chances))
        return self

    monkeypatch.setattr(MaskSamples, "refined", refined_samples)
    with compute_for(RUNTIME) as compute:
        samples = samples_of(evidence, hidden, config)
        networks, *_ = train_mask_networks(config, samples, evidence, 0, tmp_path, "key", RUNTIME, compute)
        assert len(made) == 2
        seen = evidence
        for network, (refined_evidence, chances) in zip(networks, made, strict=False):
            for own, better, found in zip(seen, refined_evidence, chances, strict=True):
                np.testing.assert_allclose(
                    found, chances_of(network_logits(network, own, compute)), atol=1e-6
                )
                np.testing.assert_array_equal(better.rarity, refined(own, found).rarity)
            seen = refined_evidence


def stopped_and_resumed(folder, stop, rounds=3):
    """Weights of a training of three rounds that is stopped after some steps, and goes on."""
    config = SMALL.model_copy(update={"rounds": rounds, "steps": 4})
    evidence, hidden = planted(4)
    runtime = RUNTIME.model_copy(update={"save_steps": 1})

    class Killed(Exception):
        pass

    class Dying(MaskSamples):
        left = stop

        def batch(self, *where):
            Dying.left -= 1
            if Dying.left < 0:
                raise Killed
            return super().batch(*where)

    doubtful = [np.zeros((len(own), 3), bool) for own in hidden]
    with compute_for(runtime) as compute:

        def trained(kind):
            samples = kind(evidence, hidden, doubtful, config, 0)
            return train_mask_networks(config, samples, evidence, 0, folder, "key", runtime, compute)[0]

        if stop is not None:
            with pytest.raises(Killed):
                trained(Dying)
        return trained(MaskSamples).state_dict()


@pytest.mark.parametrize("stop", [2, 4, 6, 11])
def test_a_killed_training_ends_with_the_same_weights_in_whatever_round(tmp_path, stop):
    whole = stopped_and_resumed(tmp_path / "whole", None)
    resumed = stopped_and_resumed(tmp_path / "killed", stop)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_pixels_of_doubtful_thirds_count_only_where_something_was_planted():
    evidence, hidden = planted(4)
    for thirds, rows in (([True, True, True], slice(0, 64)), ([True, False, False], slice(0, 21))):
        doubtful = [np.tile(thirds, (len(own), 1)) for own in hidden]
        clips = MaskSamples(evidence, hidden, doubtful, SMALL, 0).batch(0, 0, torch.device("cpu"))
        planted_pixels = clips.hidden > 0
        assert planted_pixels.any()
        assert torch.equal(clips.counts[..., rows, :], planted_pixels[..., rows, :])
        assert clips.counts[..., rows.stop :, :].all()


@pytest.mark.parametrize("frames", [1, 4])
def test_short_tracklets_repeat_their_last_frame(frames):
    evidence, hidden = planted(4, frames=12)
    short = [own._replace(pictures=own.pictures[:frames], rarity=own.rarity[:frames]) for own in evidence]
    clips = samples_of(short, [own[:frames] for own in hidden]).batch(0, 0, torch.device("cpu"))
    assert clips.inputs[0].shape[1] == SMALL.clip
    assert torch.equal(clips.inputs[2][:, frames - 1], clips.inputs[2][:, -1])


def test_masks_are_kept_in_flagged_thirds_alone(tmp_path):
    torch.manual_seed(0)
    networks = MaskNetworks(SMALL).eval()
    with torch.no_grad():
        networks[-1].out.bias.fill_(50)  # everything is hidden
    paths = {name: tmp_path / f"{name}.h5" for name in ("all", "flagged", "hidden", "again")}
    with TrackletStore(write_store(tmp_path / "tracklets.h5")) as store, compute_for(RUNTIME) as compute:
        flags = np.random.default_rng(0).random((store.num_frames, 3)) < 0.5
        write_masks(networks, None, store, None, paths["all"], paths["hidden"], RUNTIME, compute)
        write_masks(networks, None, store, flags, paths["flagged"], paths["again"], RUNTIME, compute)
        frames = range(store.num_frames)
        with open_masks(paths["all"], store) as whole, open_masks(paths["flagged"], store) as parts:
            assert all(mask.all() for mask in whole.read(frames))
            for mask, flagged in zip(parts.read(frames), flags, strict=True):
                bounds = region_rows(len(mask))
                for k, (top, bottom) in enumerate(pairwise(bounds)):
                    assert (mask[top:bottom] == flagged[k]).all()
            np.testing.assert_array_equal(whole.chances(frames), parts.chances(frames))
