"""Sharpness against loops, and where PSNR misleads: a mean of frames has the better PSNR and no edges."""

import numpy as np
import pytest

from stcnet_lib.evaluation.measures.completion import mean_error
from stcnet_lib.evaluation.measures.sharpness import high_frequency_energy, interior


def looped(image: np.ndarray, mask: np.ndarray) -> float:
    """Squared Laplacians of grey values, pixel by pixel."""
    grey = 0.299 * image[..., 0].astype(float) + 0.587 * image[..., 1] + 0.114 * image[..., 2]
    total = 0.0
    for y in range(1, mask.shape[0] - 1):
        for x in range(1, mask.shape[1] - 1):
            around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            if mask[y, x] and all(mask[place] for place in around):
                total += (4 * grey[y, x] - sum(grey[place] for place in around)) ** 2
    return total


def test_energy_equals_loops_and_pixels_outside_do_not_count():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 20, 12, 3), np.uint8)
    mask = random.random((3, 20, 12)) < 0.8
    wanted = [looped(image, own) for image, own in zip(images, mask, strict=True)]
    np.testing.assert_allclose(high_frequency_energy(images, mask), wanted, rtol=1e-12)
    images[~mask] = 0
    np.testing.assert_allclose(high_frequency_energy(images, mask), wanted, rtol=1e-12)
    assert not interior(np.ones((1, 5, 5), bool))[0, [0, -1]].any()


def test_a_flat_hole_has_none_and_a_single_step_a_known_one():
    mask = np.ones((1, 5, 6), bool)
    step = np.zeros((1, 5, 6, 3), np.uint8)
    assert high_frequency_energy(step, mask)[0] == 0
    step[:, :, 3:] = 10
    # On either side of the step the Laplacian is 10; three rows and two columns of the interior touch it.
    assert high_frequency_energy(step, mask)[0] == pytest.approx(3 * 2 * 100, rel=1e-12)


def test_the_mean_of_eight_frames_has_the_better_psnr_and_is_not_sharp():
    """A body that moves by a few pixels from frame to frame; one of its frames is as sharp as the truth."""
    random = np.random.default_rng(1)
    coarse = random.integers(0, 256, (40, 24, 3))
    body = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1).astype(np.uint8)  # (80, 48, 3)
    clean = body[None, 8:72, 8:40]
    shifts = [(-3, 2), (2, -3), (3, 3), (-2, -2), (4, 0), (0, 4), (-4, 1), (1, -4)]
    others = np.stack([body[8 + y : 72 + y, 8 + x : 40 + x] for y, x in shifts])
    mean = others.mean(axis=0, keepdims=True).round().astype(np.uint8)
    hole = np.zeros(clean.shape[:3], bool)
    hole[:, 20:50] = True
    energy = high_frequency_energy(clean, hole)
    errors = {
        name: mean_error(image, clean, hole)[0] for name, image in (("mean", mean), ("copy", others[:1]))
    }
    assert errors["mean"] < 0.7 * errors["copy"]  # at least 1.5 dB better
    assert high_frequency_energy(mean, hole) / energy < 0.2
    assert high_frequency_energy(others[:1], hole) / energy == pytest.approx(1, abs=0.15)
