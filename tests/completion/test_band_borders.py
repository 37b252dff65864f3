"""Nothing of an occluder crosses the border of a band, and nothing else is pasted, at any height of crops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.learning.batch import Batch
from stcnet_lib.completion.learning.samples import CompletionSamples
from stcnet_lib.completion.methods.copy import copy_nearest
from stcnet_lib.completion.pieces import paste_band
from stcnet_lib.completion.stcnet import generators
from stcnet_lib.completion.task import FillTask
from stcnet_lib.completion.views import fitted, without_hidden
from stcnet_lib.config import CompletionConfig, StcnetConfig
from stcnet_lib.data.store.tracklets import TrackletStore

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
HEIGHTS = [256, 200, 300, 128, 129, 96, 64]
CPU = Compute(torch.device("cpu"))


class Green(nn.Module):
    """Generators that paint the hole pure green, and remember what they were shown."""

    def __init__(self) -> None:
        super().__init__()
        self.config, self.temporal = StcnetConfig(precision="fp32"), None

    def forward(self, x, previous, next, mask, previous_mask, next_mask):
        self.shown = [(x, mask), (previous, previous_mask), (next, next_mask)]
        green = torch.tensor([-1.0, 1.0, -1.0])[:, None, None].expand_as(x)
        done = generators.paste(green, x, mask)
        return generators.Completion(done, done, None, None)


def picture(height: int, regions: tuple[int, ...], width: int = 128) -> np.ndarray:
    """Blue, with red occluders in some thirds."""
    image = np.full((height, width, 3), BLUE, np.uint8)
    rows = region_rows(height)
    for region in regions:
        image[rows[region] : rows[region + 1]] = RED
    return image


def fill(images: dict[int, np.ndarray], flags: np.ndarray, task: FillTask) -> tuple[np.ndarray, Green]:
    network = Green()
    filler = filler_for(CompletionConfig(method="stcnet"), network, CPU)
    (filling,) = filler.fill([task], images, flags)
    result = images[task.frame].copy()
    for region in task.regions:
        paste_band(result, filling.image, region)
    return result, network


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize("regions", [(1,), (0,), (2,), (0, 1)])
def test_the_band_is_pure_and_the_network_sees_no_occluder(height, regions):
    flags = np.zeros((3, 3), bool)
    flags[1, list(regions)] = True
    images = {0: picture(height, ()), 1: picture(height, regions), 2: picture(height, ())}
    result, network = fill(images, flags, FillTask(1, regions, (0, 2)))
    rows = region_rows(height)
    for region in range(3):
        band = result[rows[region] : rows[region + 1]]
        assert (band == (GREEN if region in regions else BLUE)).all()
    x, mask = network.shown[0]
    assert (x[:, 0][mask[:, 0] == 0] == -1).all()  # no red where it counts as visible
    assert (x[:, 2][mask[:, 0] == 0] == 1).all()


@pytest.mark.parametrize("height", HEIGHTS)
def test_references_of_other_heights_keep_their_occluders_behind_their_masks(height):
    flags = np.array([[False, False, True], [False, True, False], [True, False, False]])
    images = {0: picture(height, (2,)), 1: picture(211, (1,)), 2: picture(100, (0,))}
    _, network = fill(images, flags, FillTask(1, (1,), (0, 2)))
    for shown, mask in network.shown:
        assert (shown[:, 0][mask[:, 0] == 0] == -1).all()


@pytest.mark.parametrize("height", HEIGHTS)
def test_a_copy_from_a_frame_of_another_height_takes_its_third_alone(height):
    images = {0: picture(250, (0, 2), 100), 1: picture(height, (1,))}
    copied = copy_nearest(FillTask(1, (1,), (0,)), images, np.zeros((2, 3), bool))
    paste_band(images[1], copied.image, 1)
    assert (images[1] == BLUE).all()


def test_frames_of_a_few_rows_are_fitted():
    """They have empty thirds, which nothing can be cut from or pasted into."""
    for rows, height in ((1, 30), (2, 30), (30, 1), (30, 2), (3, 30)):
        assert fitted(picture(rows, (1,)), height, 8).shape == (height, 8, 3)


@pytest.mark.parametrize("height", HEIGHTS)
def test_training_sees_no_occluder_either(height, store_path):
    """Frames that are occluded themselves: neither input nor target holds a row that is mixed with red."""

    class Store:
        def __init__(self) -> None:
            self.tracklets = real.tracklets
            self.tracklets_with = real.tracklets_with

        def read_image(self, frame: int) -> np.ndarray:
            return picture(height, (0,) if flags[frame, 0] else ())

    with TrackletStore(store_path) as real:
        flags = np.zeros((real.num_frames, 3), bool)
        flags[::3, 0] = True
        config = StcnetConfig(references="region", two_regions=0.0)
        samples = CompletionSamples(Store(), flags, 0, config, config, seed=0)
        batch = Batch.of(torch.utils.data.default_collate([samples[i] for i in range(12)]), CPU)
    occluded = 0
    for image, mask in (
        (batch.frame, batch.mask),
        *zip(batch.references, batch.reference_masks, strict=True),
        (batch.frame, 1 - batch.known),
    ):
        # A frame that hides its own red region on purpose is in the mask, too.
        red = image[:, :1] > -1
        seen = (red & (mask == 0)).any(dim=(1, 2, 3))
        told = batch.masked[:, 0] if mask is not batch.mask else torch.zeros(len(seen), dtype=torch.bool)
        assert not (seen & ~told).any()
        occluded += int(red.any())
    assert occluded


def test_hidden_thirds_of_a_reference_show_the_nearest_visible_row():
    image = np.arange(9, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(3, 2)
    assert np.array_equal(without_hidden(image, np.array([False] * 3)), image)
    assert np.array_equal(without_hidden(image, np.array([True] * 3)), image)
    upper = without_hidden(image, np.array([True, False, False]))
    assert upper[:, 0, 0].tolist() == [3, 3, 3, 3, 4, 5, 6, 7, 8]
    middle = without_hidden(image, np.array([False, True, False]))
    assert middle[:, 0, 0].tolist() == [0, 1, 2, 2, 2, 6, 6, 7, 8]


def test_what_is_copied_keeps_the_resolution_of_the_frames():
    """A network at half of the frames' size that copies its previous reference: the detail stays."""
    rng = np.random.default_rng(0)
    images = {t: rng.integers(0, 255, (96, 48, 3)).astype(np.uint8) for t in range(3)}
    config = StcnetConfig(
        height=48,
        width=24,
        channels=4,
        dilations=(2,),
        synthesis="blend",
        references="region",
        precision="fp32",
    )
    network = generators.STCnet(config).eval()
    with torch.no_grad():
        for parameter in network.temporal.decoder.extra.parameters():
            parameter.zero_()
        network.temporal.decoder.extra[0].bias[1] = 60.0  # the weight of the previous reference
    filler = filler_for(CompletionConfig(method="stcnet"), network, CPU)
    flags = np.zeros((3, 3), bool)
    flags[1, 1] = True
    (filling,) = filler.fill([FillTask(1, (1,), (0, 2))], images, flags)
    assert filling.image.shape == (96, 48, 3)
    inside = slice(34, 62)
    difference = np.abs(filling.image[inside].astype(int) - images[0][inside])
    assert difference.mean() < 2
