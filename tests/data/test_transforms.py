"""Transforms against plain arithmetic; one decision a clip; no global random state."""

import random

import numpy as np
import pytest
import torch

from stcnet_lib.data.clips.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    TestTransform,
    TrainTransform,
    from_unit,
    stack_frames,
    to_imagenet,
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


def test_strong_augmentation_is_the_same_for_all_frames_of_a_clip_and_leaves_other_draws_alone():
    """A steady clip stays steady, and flips fall as they did without it."""
    frame = torch.randint(
        0, 255, (1, 3, 40, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    clip = frame.expand(3, -1, -1, -1)
    strong = TrainTransform(32, 16, 0.5, 0.3, crop=0.2, blur=1, erase=1)
    for seed in range(20):
        made = strong(clip, np.random.default_rng(seed))
        assert made.shape == (3, 3, 32, 16)
        assert torch.equal(made[0], made[1])
        assert torch.equal(made[0], made[2])
    plain = TrainTransform(32, 16, 0.5, 0)
    no_draws = TrainTransform(32, 16, 0.5, 0, crop=0, blur=0, erase=0)
    assert torch.equal(plain(clip, np.random.default_rng(4)), no_draws(clip, np.random.default_rng(4)))


def test_crop_takes_away_at_most_its_share_of_each_side():
    ramp = torch.arange(100, dtype=torch.uint8)[:, None].expand(
        1, 3, 100, 50
    )  # rows tell where they are from
    tops, bottoms = [], []
    for seed in range(60):
        made = TrainTransform(100, 50, 0, 0, crop=0.2)(ramp, np.random.default_rng(seed))
        grey = made[0, 0] * 0.229 * 255 + 0.485 * 255
        tops.append(float(grey[0].mean()))
        bottoms.append(float(grey[-1].mean()))
    assert min(tops) >= -0.5
    assert 12 < max(tops) <= 20
    assert 79 <= min(bottoms) < 88
    assert max(bottoms) <= 99.5


def test_erasing_makes_one_grey_rectangle_of_2_to_20_per_cent():
    white = torch.full((2, 3, 60, 30), 255, dtype=torch.uint8)
    shares = []
    for seed in range(60):
        made = TrainTransform(60, 30, 0, 0, erase=1)(white, np.random.default_rng(seed))
        grey = (made[0] < 1.5).all(0)
        rows, columns = grey.any(1).nonzero().ravel(), grey.any(0).nonzero().ravel()
        assert grey.sum() == len(rows) * len(columns)
        shares.append(float(grey.float().mean()))
    assert min(shares) > 0.018
    assert 0.15 < max(shares) < 0.26


def test_blur_takes_the_detail_and_keeps_the_mean():
    noise = torch.randint(
        0, 255, (1, 3, 64, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    sharp = TrainTransform(64, 32, 0, 0)(noise, np.random.default_rng(0))
    coarse = TrainTransform(64, 32, 0, 0, blur=1)(noise, np.random.default_rng(0))
    assert coarse.std() < 0.5 * sharp.std()
    assert abs(float(coarse.mean() - sharp.mean())) < 0.05


def test_what_workers_leave_to_the_device_is_arithmetic_on_bytes():
    clip = picture(frames=5, height=40, width=24)
    for transform in (TestTransform(12, 8), TestTransform(20, 8, thirds=True), TestTransform(40, 24)):
        sized = transform.sized(clip)
        assert sized.dtype == torch.uint8
        torch.testing.assert_close(to_imagenet(sized), (sized / 255 - MEAN) / STD)
        assert torch.equal(transform(clip), to_imagenet(sized))
