"""Transforms against plain arithmetic; one decision a clip; no global random state."""

import random

import numpy as np
import pytest
import torch

from stcnet_lib.data.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    TestTransform,
    TrainTransform,
    from_unit,
    stack_frames,
    to_unit,
    unit_to_imagenet,
)

MEAN, STD = (torch.tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))


def picture(seed=0, frames=1, height=12, width=8):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (frames, 3, height, width), generator=generator, dtype=torch.uint8)


def pixels(normalised):
    """Back to [0, 1]."""
    return normalised * STD + MEAN


def test_without_augmentation_it_is_normalisation():
    clip = picture(frames=3)
    expected = (clip.float() / 255 - MEAN) / STD
    train = TrainTransform(12, 8, flip=0, colour_jitter=0)(clip, np.random.default_rng(0))
    torch.testing.assert_close(train, expected)
    torch.testing.assert_close(TestTransform(12, 8)(clip), expected)


def test_flip():
    clip = picture(frames=2)
    plain = TestTransform(12, 8)(clip)
    flipped = TrainTransform(12, 8, flip=1, colour_jitter=0)(clip, np.random.default_rng(0))
    torch.testing.assert_close(flipped, plain.flip(3))
    transform = TrainTransform(12, 8, flip=0.3, colour_jitter=0)
    share = np.mean([not torch.equal(transform(clip, np.random.default_rng(s)), plain) for s in range(1000)])
    assert abs(share - 0.3) < 0.07  # five sigmas of a binomial share of 1000


@pytest.mark.parametrize("seed", range(8))
def test_one_decision_a_clip(seed):
    """Equal frames stay equal, and each is what it would become alone with the same draw."""
    frame, other = picture(1), picture(2)
    transform = TrainTransform(16, 8, flip=0.5, colour_jitter=0.4)
    clip = transform(torch.cat([frame, other, frame]), np.random.default_rng(seed))
    torch.testing.assert_close(clip[0], clip[2], rtol=0, atol=0)
    alone = transform(other, np.random.default_rng(seed))
    torch.testing.assert_close(clip[1], alone[0])


def test_jitter_of_grey_is_brightness():
    """Contrast and saturation leave an even grey as it is; the factor lies in 1 ± the setting."""
    clip = torch.full((2, 3, 8, 8), 100, dtype=torch.uint8)
    transform = TrainTransform(8, 8, flip=0, colour_jitter=0.3)
    factors = [
        pixels(transform(clip, np.random.default_rng(s))).mean().item() * 255 / 100 for s in range(300)
    ]
    assert 0.7 - 1e-3 < min(factors) < 0.73
    assert 1.27 < max(factors) < 1.3 + 1e-3


def test_pure_function_of_the_generator():
    clip = picture(frames=2)
    transform = TrainTransform(10, 6, flip=0.5, colour_jitter=0.4)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    first = transform(clip, np.random.default_rng(5))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert random.getstate() == states[2]
    torch.manual_seed(99)
    assert torch.equal(first, transform(clip, np.random.default_rng(5)))
    assert not torch.equal(first, transform(clip, np.random.default_rng(6)))


def test_resize_averages_areas():
    """Halving a picture of 2×2 blocks gives the blocks; tolerance: the filter reaches into neighbours
    except where whole regions are even."""
    clip = torch.zeros(1, 3, 16, 8, dtype=torch.uint8)
    clip[:, :, 8:] = 200
    small = pixels(TestTransform(8, 4)(clip)) * 255
    assert small.shape == (1, 3, 8, 4)
    assert small[0, :, :3].abs().max() < 1e-3
    assert (small[0, :, 5:] - 200).abs().max() < 1e-3


def test_thirds_are_cropped_before_resizing():
    """128 rows fall into 43, 42 and 43; every third has its own colour up to its border."""
    clip = torch.zeros(2, 3, 128, 8, dtype=torch.uint8)
    clip[:, 0, :43], clip[:, 1, 43:85], clip[:, 2, 85:] = 255, 255, 255
    parts = pixels(TestTransform(20, 8, thirds=True)(clip))  # (T, K, 3, H, W)
    assert parts.shape == (2, 3, 3, 20, 8)
    expected = torch.eye(3)[None, :, :, None, None].expand_as(parts)
    torch.testing.assert_close(parts, expected, rtol=0, atol=1e-5)


def test_frames_of_differing_sizes_are_stacked():
    images = [np.full((h, w, 3), v, np.uint8) for h, w, v in ((8, 4, 10), (16, 9, 20))]
    clip = stack_frames(images, 12, 6)
    assert clip.shape == (2, 3, 12, 6)
    assert clip.dtype == torch.uint8
    assert clip[0].unique().tolist() == [10]
    assert clip[1].unique().tolist() == [20]
    same = stack_frames([images[0], images[0]], 12, 6)
    assert same.shape == (2, 3, 8, 4)


def test_unit_range():
    every = torch.arange(256, dtype=torch.uint8)
    unit = to_unit(every)
    assert unit.dtype == torch.float32
    assert (unit[0], unit[255]) == (-1, 1)
    assert torch.equal(from_unit(unit), every)
    assert from_unit(torch.tensor([-1.2, 1.3])).tolist() == [0, 255]
    assert from_unit(unit + 0.4 / 127.5).tolist() == every.tolist()  # rounds to the nearest


def test_unit_to_imagenet():
    clip = picture(frames=2)
    torch.testing.assert_close(unit_to_imagenet(to_unit(clip)), TestTransform(12, 8)(clip))
    images = torch.rand(1, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(unit_to_imagenet, (images,))
