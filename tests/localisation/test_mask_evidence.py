"""Rarity of colours, against a search written out place by place."""

import numpy as np
import pytest
import torch

from stcnet_lib.localisation.masks.evidence import PICTURE, SHARES, rarity, refined, tracklet_evidence


def searched(pictures, frame, row, column, hidden=None):
    """Rarity of one place: every other frame, every neighbour that is visible, every channel."""
    frames, _, height, width = pictures.shape
    colours = pictures.astype(np.float64) / 255
    padded = np.pad(colours, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    around = np.zeros_like(colours)
    for down in range(3):
        for right in range(3):
            around += padded[:, :, down : down + height, right : right + width] / 9
    colours = (colours + around) / 2
    best = []
    for other in range(frames):
        if abs(other - frame) <= min(2, frames // 6):
            continue
        distances = []
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                y, x = np.clip(row + down, 0, height - 1), np.clip(column + right, 0, width - 1)
                if hidden is None or not hidden[other, y, x]:
                    distances.append(np.abs(colours[other, :, y, x] - colours[frame, :, row, column]).sum())
        if distances:
            best.append(min(distances))
    best.sort()
    if not best:
        return [3.0] * len(SHARES)
    return [best[min(int(share * len(best)), len(best) - 1)] for share in SHARES]


@pytest.mark.parametrize("frames", [2, 7, 20])
def test_rarity_is_that_of_a_search(frames):
    rng = np.random.default_rng(frames)
    pictures = rng.integers(0, 256, (frames, 3, 6, 5), dtype=np.uint8)
    found = rarity(torch.from_numpy(pictures)).numpy()
    for frame, row, column in [(0, 0, 0), (frames - 1, 5, 4), (frames // 2, 3, 2)]:
        wanted = searched(pictures, frame, row, column)
        np.testing.assert_allclose(found[frame, :, row, column], wanted, atol=1e-5)


@pytest.mark.parametrize(("frames", "share"), [(9, 0.3), (20, 0.9), (20, 1.0)])
def test_rarity_of_what_is_visible_is_that_of_a_search(frames, share):
    rng = np.random.default_rng(frames)
    pictures = rng.integers(0, 256, (frames, 3, 6, 5), dtype=np.uint8)
    hidden = rng.random((frames, 6, 5)) < share
    found = rarity(torch.from_numpy(pictures), torch.from_numpy(hidden)).numpy()
    for frame, row, column in [(0, 0, 0), (frames - 1, 5, 4), (frames // 2, 3, 2)]:
        wanted = searched(pictures, frame, row, column, hidden)
        np.testing.assert_allclose(found[frame, :, row, column], wanted, atol=1e-5)


def test_what_stays_is_rare_once_it_is_left_out():
    """In eight of twelve frames something stands before the person: the median shows it, and it is common."""
    images = [np.full((128, 64, 3), 90, np.uint8) for _ in range(12)]
    for image in images[2:10]:
        image[40:60, 20:40] = 200
    chances = np.zeros((12, *PICTURE))
    chances[2:10, 20:30, 10:20] = 0.8
    first = tracklet_evidence(images)
    second = refined(first, chances)
    assert (first.usual[:, 22:28, 12:18] == 200).all()
    assert (second.usual == 90).all()
    assert not (first.rarity[5, 0, 22:28, 12:18] > 0.5).any()
    assert (second.rarity[5, 0, 22:28, 12:18] > 0.5).all()
    assert not (second.rarity[0] > 0.5).any()
    assert second.pictures is first.pictures
    everywhere = np.zeros_like(chances)
    everywhere[:, 20:30, 10:20] = 0.8
    assert (refined(first, everywhere).usual[:, 22:28, 12:18] == 200).all()  # nothing else is known of it


def test_a_single_frame_is_compared_with_none():
    assert (rarity(torch.zeros((1, 3, 4, 4), dtype=torch.uint8)) == 3).all()


def test_what_passes_is_rare_and_what_stays_is_not():
    images = [np.full((128, 64, 3), 90, np.uint8) for _ in range(12)]
    images[5][40:60, 20:40] = 200
    found = tracklet_evidence(images)
    assert found.pictures.shape == (12, 3, *PICTURE)
    assert (found.usual == 90).all()
    rare = found.rarity[5, 0] > 0.5
    assert rare[21:29, 11:19].all()
    assert not rare[:18].any()
    assert not found.rarity[4].any()
