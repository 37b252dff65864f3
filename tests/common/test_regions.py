"""Regions of pixels and of maps against loops over rows."""

import itertools
from fractions import Fraction

import pytest
import torch
from torchvision.transforms.v2 import functional

from stcnet_lib.common.masks import region_mask, strip_pool, strip_weights
from stcnet_lib.common.regions import region_rows, touched_rows


def test_rows_of_the_papers_frames():
    assert region_rows(128) == (0, 43, 85, 128)
    assert region_rows(256) == (0, 85, 171, 256)
    assert region_rows(5, 2) == (0, 3, 5)  # a half rounds up


@pytest.mark.parametrize("height", range(32, 300, 7))
def test_rows_are_the_nearest_to_exact_thirds(height):
    bounds = region_rows(height)
    for k, bound in enumerate(bounds):
        assert abs(bound - Fraction(k * height, 3)) <= Fraction(1, 2)
    assert max(b - a for a, b in itertools.pairwise(bounds)) - height // 3 <= 1


def test_mask_of_flags():
    flags = torch.tensor(list(itertools.product([False, True], repeat=3)))
    mask = region_mask(flags, 128, 64)
    assert mask.shape == (8, 1, 128, 64)
    assert mask.dtype == torch.float32
    for sample, row in enumerate(flags.tolist()):
        expected = torch.zeros(128, 64)
        for flagged, (start, end) in zip(row, [(0, 43), (43, 85), (85, 128)], strict=True):
            expected[start:end] = float(flagged)
        assert torch.equal(mask[sample, 0], expected)


@pytest.mark.parametrize(("height", "regions"), [(16, 3), (8, 3), (7, 3), (2, 3), (16, 4)])
def test_strips_equal_the_mean_of_a_map_repeated_to_a_divisible_height(height, regions):
    torch.manual_seed(0)
    maps = torch.randn(2, 4, height, 5, dtype=torch.float64)
    # every row repeated K times: K·h rows divide by K without a remainder
    fine = maps.repeat_interleave(regions, dim=2)
    expected = torch.stack([strip.mean((2, 3)) for strip in fine.chunk(regions, dim=2)], dim=1)
    torch.testing.assert_close(strip_pool(maps, regions), expected, rtol=1e-12, atol=1e-12)


def test_fractional_rows_of_a_map_of_sixteen():
    weights = strip_weights(16) * 16 / 3  # in rows: a strip has 5 1/3
    first = [1, 1, 1, 1, 1, 1 / 3] + [0] * 10
    middle = [0] * 5 + [2 / 3, 1, 1, 1, 1, 2 / 3] + [0] * 5
    expected = torch.tensor([first, middle, first[::-1]], dtype=torch.float64)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-12)


def test_strips_of_bf16_maps_are_summed_in_float32():
    maps = torch.ones(1, 1, 16, 8, dtype=torch.bfloat16)
    maps[..., 0, 0] = 1.0078125
    assert strip_pool(maps).dtype == torch.float32
    assert strip_pool(maps)[0, 0, 0].item() == pytest.approx(1 + 0.0078125 * 3 / 128, abs=1e-7)


@pytest.mark.parametrize("height", [256, 300, 200, 129, 128, 127, 96, 61, 40])
def test_rows_that_hold_a_region_are_those_that_change_with_it(height):
    """Against the resizing itself: a region of another value shows in these rows and in no others."""
    bounds = region_rows(height)
    for k in range(3):
        image = torch.zeros(1, height, 4)
        image[:, bounds[k] : bounds[k + 1]] = 1e6
        changed = functional.resize(image, [128, 4], antialias=True)[0, :, 0] > 0
        touched = torch.from_numpy(touched_rows(height, 128)[k].copy())
        assert torch.equal(changed, touched)


def test_a_batch_of_images_of_several_heights():
    flags = torch.tensor([[False, True, False]] * 3)
    mask = region_mask(flags, 128, 2, [128, 256, 300])
    rows = [torch.nonzero(sample[0, :, 0]).ravel().tolist() for sample in mask]
    assert rows[0] == list(range(43, 85))
    assert rows[1] == list(range(42, 86))  # 85 to 171 of 256 are 42.5 to 85.5 of 128
    assert rows[2] == list(range(42, 86))
    assert torch.equal(mask[:1], region_mask(flags[:1], 128, 2))
