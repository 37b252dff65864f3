"""Patterns and seams, where it is known what is there."""

import numpy as np
import pytest
import torch

from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.pieces import paste_band
from stcnet_lib.completion.seams import EDGE, FADE, border_gap, hide_seams
from stcnet_lib.completion.stcnet.autoencoder import Decoder
from stcnet_lib.config import StcnetLayers
from stcnet_lib.evaluation.measures.artefacts import PERIODS, border_steps, pattern_energy


@pytest.mark.parametrize("period", PERIODS)
def test_a_woven_pattern_shows_and_noise_does_not(period):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 64, 48))
    wave = np.cos(2 * np.pi * np.arange(64) / period)[:, None]
    assert pattern_energy(noise, period) == pytest.approx(1, abs=0.15)
    assert pattern_energy(noise + wave, period) > 3
    assert pattern_energy(rng.normal(size=(40, 64, 48)).cumsum(1).cumsum(2), period) < 1.5  # smooth


@pytest.mark.parametrize("encoder", ["full", "space_to_depth"])
def test_resizing_weaves_nothing_where_deconvolutions_do(encoder):
    """Untrained networks on features of noise: 8 seeds together."""
    energy = {}
    for upsampling in ("deconvolution", "resize"):
        pictures = []
        for seed in range(8):
            torch.manual_seed(seed)
            config = StcnetLayers(encoder=encoder, channels=8, upsampling=upsampling, output="tanh")
            with torch.no_grad():
                # Features that hardly vary: whatever varies from pixel to pixel comes from the decoder.
                features = torch.randn(4, 32, 1, 1) + 0.05 * torch.randn(4, 32, 16, 16)
                pictures.append(Decoder(32, config)(features)[0].mean(1)[:, 8:-8, 8:-8].numpy())
        energy[upsampling] = max(pattern_energy(np.concatenate(pictures), period) for period in PERIODS)
    assert energy["deconvolution"] > 10
    assert energy["resize"] < 2


def test_a_step_in_brightness_is_taken_off_inside_the_band_alone():
    rng = np.random.default_rng(1)
    clean = np.clip(rng.normal(120, 4, (1, 90, 40, 3)), 0, 255).astype(np.uint8)
    frame = clean[0].copy()
    frame[30:60] = 0  # hidden
    reference = np.clip(clean[0].astype(int) + 15, 0, 255).astype(np.uint8)  # brighter by 15
    pasted = frame.copy()
    paste_band(pasted, reference, 1)
    hidden = pasted.copy()
    hide_seams(hidden, frame, reference, 1, np.array([False, True, False]))
    flags = np.array([[False, True, False]])
    before, after = (
        border_steps(image[None], flags)[0] / border_steps(clean, flags)[0] for image in (pasted, hidden)
    )
    assert before > 3
    assert after < 1.5
    assert np.array_equal(hidden[:30], frame[:30])
    assert np.array_equal(hidden[60:], frame[60:])
    reach = round(FADE * 90)
    assert np.array_equal(hidden[30 + reach : 60 - reach], pasted[30 + reach : 60 - reach])
    row = 30 + round(EDGE * 90) + 1  # beyond the rows that are made to meet: light fades further
    assert 3 < (pasted[row].astype(int) - hidden[row]).mean() < 12


def test_an_edge_of_the_person_is_no_seam():
    frame = np.full((90, 40, 3), 200, np.uint8)
    frame[:30] = 40  # a dark coat ends where the band begins
    reference = frame.copy()
    pasted = frame.copy()
    paste_band(pasted, reference, 1)
    hide_seams(pasted, frame, reference, 1, np.array([False, True, False]))
    assert np.array_equal(pasted, frame)


def test_limbs_that_do_not_meet_are_joined_over_a_few_rows():
    rng = np.random.default_rng(3)
    clean = np.clip(rng.normal(200, 3, (1, 120, 40, 3)), 0, 255).astype(np.uint8)
    clean[0, 40:, 10:16] = 30  # a leg from the border on
    frame, reference = clean[0].copy(), clean[0].copy()
    frame[80:] = 0  # hidden
    reference[40:, 10:16], reference[40:, 22:28] = clean[0, 40:, :6], 30  # the leg is elsewhere there
    pasted = frame.copy()
    paste_band(pasted, reference, 2)
    joined = pasted.copy()
    hide_seams(joined, frame, reference, 2, np.array([False, False, True]))
    flags = np.array([[False, False, True]])
    natural = border_steps(clean, flags)[0]
    assert border_steps(pasted[None], flags)[0] > 10 * natural
    assert border_steps(joined[None], flags)[0] < 2 * natural
    assert np.array_equal(joined[:80], frame[:80])
    reach = round(max(FADE, EDGE) * 120)
    assert np.array_equal(joined[80 + reach :], pasted[80 + reach :])


def test_a_band_without_a_source_continues_the_first_rows_outside():
    rng = np.random.default_rng(4)
    frame = rng.integers(60, 200, (90, 40, 3)).astype(np.uint8)
    pasted = frame.copy()
    paste_band(pasted, np.full_like(frame, 130), 1)
    hide_seams(pasted, frame, None, 1, np.array([False, True, False]))
    assert np.abs(pasted[30].astype(int) - frame[29]).max() <= 1
    assert np.abs(pasted[59].astype(int) - frame[60]).max() <= 1


def test_borders_with_other_flagged_thirds_are_left_alone():
    rng = np.random.default_rng(2)
    frame, reference = rng.integers(0, 255, (2, 90, 40, 3)).astype(np.uint8)
    pasted = frame.copy()
    paste_band(pasted, reference, 1)
    same = pasted.copy()
    hide_seams(same, frame, reference, 1, np.array([True, True, True]))
    assert np.array_equal(same, pasted)
    for height in (2, 5, 31):  # bands of a row or none
        small = rng.integers(0, 255, (height, 8, 3)).astype(np.uint8)
        for region in range(3):
            hide_seams(small.copy(), small, small, region, np.zeros(3, bool))
    assert region_rows(90) == (0, 30, 60, 90)


def test_steps_across_borders_equal_a_loop():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 31, 11, 3), dtype=np.uint8)
    flags = np.array([[k >> bit & 1 for bit in range(3)] for k in range(8)], bool)
    found = border_steps(images, flags)
    rows = region_rows(31)
    for n in range(8):
        steps = [
            abs(int(images[n, rows[k], x, c]) - int(images[n, rows[k] - 1, x, c]))
            for k in (1, 2)
            if flags[n, k] != flags[n, k - 1]
            for x in range(11)
            for c in range(3)
        ]
        assert found[n] == pytest.approx(np.mean(steps) if steps else 0)


def test_the_gap_beside_a_band_is_that_of_the_middle_columns_and_visible_borders():
    frame, source = np.full((2, 90, 40, 3), 100, np.uint8)
    source[:30, 10:30] = 151  # above, in the middle: 51 grey levels
    source[60:, :10] = 255  # below, but at the side
    visible = np.array([False, True, False])
    assert border_gap(frame, source, 1, visible) == pytest.approx((51 / 255 + 0) / 2)
    assert border_gap(frame, source, 1, np.array([False, True, True])) == pytest.approx(51 / 255)
    assert border_gap(frame, source, 0, np.array([True, True, False])) == 0
    assert border_gap(frame, None, 1, visible) == 0
