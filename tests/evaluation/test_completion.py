"""PSNR and SSIM against scikit-image and loops over pixels."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from stcnet_lib.evaluation.measures.completion import completion_quality, mean_error, ssim_map


def frames(seed: int, noise: float, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Smooth random images (n, 128, 64, 3) and noisy ones."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (count, 16, 8, 3))
    clean = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2)
    noisy = clean + generator.normal(0, noise, clean.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), clean.astype(np.uint8)


@pytest.mark.parametrize("noise", [2, 40])
def test_ssim_map_equals_scikit_image(noise):
    restored, clean = frames(0, noise)
    ours = ssim_map(restored, clean)
    assert ours.shape == (2, 128, 64)
    for i in range(2):
        _, theirs = structural_similarity(
            restored[i],
            clean[i],
            data_range=255,
            channel_axis=2,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        # The variance of a flat patch is a difference of squares of up to 65,025: 1e-9 is its rounding.
        np.testing.assert_allclose(ours[i], theirs.mean(axis=2), atol=1e-9)


def test_ssim_of_equal_images_is_one_and_small_ones_are_refused():
    _, clean = frames(1, 0)
    np.testing.assert_allclose(ssim_map(clean, clean), 1, atol=1e-12)
    with pytest.raises(ValueError, match="11 pixels"):
        ssim_map(clean[:, :10], clean[:, :10])
    with pytest.raises(ValueError, match="wanted the same"):
        ssim_map(clean, clean[:1])


def test_quality_over_masks_equals_loops():
    restored, clean = frames(2, 25)
    generator = np.random.default_rng(2)
    hole = np.zeros((2, 128, 64), dtype=bool)
    hole[0, 43:85] = True
    hole[1, :43] = True
    person = generator.random(hole.shape) < 0.3
    table = completion_quality(restored, clean, hole, person)
    similarity = ssim_map(restored, clean)
    for i in range(2):
        for name, mask in (("hole", hole[i]), ("person", hole[i] & person[i])):
            pixels = [(y, x) for y in range(128) for x in range(64) if mask[y, x]]
            errors = [
                (int(restored[i, y, x, c]) - int(clean[i, y, x, c])) ** 2 for y, x in pixels for c in range(3)
            ]
            assert table[f"{name}_pixels"][i] == len(pixels)
            assert table[f"{name}_mse"][i] == pytest.approx(np.mean(errors), rel=1e-12)
            wanted = np.mean([similarity[i, y, x] for y, x in pixels])
            assert table[f"{name}_ssim"][i] == pytest.approx(wanted, abs=1e-12)


def test_frames_without_pixels_count_for_nothing():
    restored, clean = frames(3, 25)
    hole = np.zeros((2, 128, 64), dtype=bool)
    hole[0, :20] = True
    table = completion_quality(restored, clean, hole, np.zeros_like(hole))
    assert np.isnan(table["hole_mse"][1])
    assert np.isnan(table["person_ssim"]).all()
    assert table["person_pixels"].tolist() == [0, 0]


@pytest.mark.parametrize("place", [(0, 3), (60, 63), (127, 0), (30, 33)])
def test_the_part_around_a_small_hole_decides_its_similarity(place):
    """Cutting the frames must not change a digit, at their edges neither."""
    restored, clean = frames(4, 25)
    hole = np.zeros((2, 128, 64), dtype=bool)
    hole[1, place[0], place[1]] = True
    table = completion_quality(restored, clean, hole, hole)
    assert table["hole_ssim"][1] == pytest.approx(ssim_map(restored, clean)[1][place], abs=1e-12)


def test_error_of_known_differences():
    clean = np.zeros((1, 2, 2, 3), np.uint8)
    other = clean.copy()
    other[0, 0, 0] = (255, 0, 0)
    mask = np.array([[[True, True], [False, False]]])
    assert mean_error(other, clean, mask)[0] == pytest.approx(255**2 / 6)
