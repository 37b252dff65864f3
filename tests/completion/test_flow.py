"""Optical flow on pictures whose movement is known, against another implementation, and what it fills."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.registration import optical_flow_ilk

from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.flow import between, flow_between, warped
from stcnet_lib.completion.task import FillTask
from stcnet_lib.config import CompletionConfig

SHAPE = (64, 48)


def texture(seed=0):
    """Smooth grey levels in [0, 1], with structure of about six pixels."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 3, mode="wrap")
    return (noise - noise.min()) / np.ptp(noise)


def inner(maps, margin=10):
    return maps[..., margin:-margin, margin:-margin]


@pytest.mark.parametrize("step", [(0, 0), (1.5, -0.5), (-4, 3), (6, 5)])
def test_a_picture_that_was_moved_has_that_flow(step):
    first = texture()
    second = ndimage.shift(first, step, order=3, mode="grid-wrap")
    flow = flow_between(first, second)
    for part, wanted in zip(inner(flow), step, strict=True):
        assert np.abs(part - wanted).mean() < 0.15  # pixels


def test_parts_may_move_differently():
    """The upper half moves to the right, the lower one to the left; skimage's flow is no nearer to that."""
    first = texture()
    wanted = np.zeros((2, *SHAPE))
    wanted[1, :32], wanted[1, 32:] = 2, -2
    wanted = ndimage.gaussian_filter(wanted, (0, 4, 0))
    second = warped(first, -wanted)  # the flow is even along its own direction
    errors = [
        np.abs(inner(flow) - inner(wanted)).mean()
        for flow in (flow_between(first, second), optical_flow_ilk(first, second, radius=5))
    ]
    assert errors[0] < 0.3
    assert errors[0] < errors[1] + 0.1


def test_the_way_between_two_pictures():
    first = np.repeat((texture() * 255)[..., None], 3, 2).astype(np.uint8)
    second = np.roll(first, (4, 2), (0, 1))
    assert np.array_equal(between(first, second, 0.0), first)
    half = between(first, second, 0.5).astype(float)
    wanted = np.roll(first, (2, 1), (0, 1)).astype(float)
    error = np.abs(inner(half[..., 0]) - inner(wanted[..., 0])).mean()
    mixed = np.abs(inner((first + second.astype(float))[..., 0] / 2) - inner(wanted[..., 0])).mean()
    assert error < 3  # grey levels
    assert error < mixed / 3


def test_it_fills_between_references_and_copies_a_single_one():
    first = np.repeat((texture() * 255)[..., None], 3, 2).astype(np.uint8)
    images = {t: np.roll(first, (2 * t, 0), (0, 1)) for t in range(4)}
    images[1][:] = 255  # the occluder
    flags = np.zeros((4, 3), bool)
    flags[1, 1] = True
    filler = filler_for(CompletionConfig(method="flow"), None, None)
    tasks = [FillTask(1, (1,), (0, 3)), FillTask(1, (1,), (3,)), FillTask(1, (1,))]
    both, one, nothing = filler.fill(tasks, images, flags)
    assert nothing is None
    assert np.array_equal(one.image, images[3])
    wanted = np.roll(first, (2, 0), (0, 1))
    assert np.abs(both.image[21:43, 10:-10].astype(int) - wanted[21:43, 10:-10]).mean() < 4
    assert both.method == one.method == "flow"
