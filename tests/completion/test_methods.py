"""What every method fills in, against pictures that are known: frame t is of one colour that says t."""

import numpy as np
import pytest
import torch
from torch import nn

from stcnet_lib.common.compute import Compute
from stcnet_lib.common.regions import region_rows
from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.stcnet.blending import Routes
from stcnet_lib.completion.stcnet.generators import Completion
from stcnet_lib.completion.task import FillTask
from stcnet_lib.config import CompletionConfig, StcnetConfig

HEIGHT, WIDTH, FRAMES = 32, 16, 5
SIZE = (HEIGHT, WIDTH)
CPU = Compute(torch.device("cpu"))
STCNET = CompletionConfig(method="stcnet")


def grey(t):
    return 40 * t + 10


def frames(height=HEIGHT, width=WIDTH):
    return {t: np.full((height, width, 3), grey(t), np.uint8) for t in range(FRAMES)}


def flags(*hidden):
    table = np.zeros((FRAMES, 3), bool)
    for t, region in hidden:
        table[t, region] = True
    return table


class Recorded(nn.Module):
    """A network that says what it was given: x1 is black, x2 white, unless there are routes."""

    def __init__(self, source=None, temporal="attention"):
        super().__init__()
        self.config = StcnetConfig(height=HEIGHT, width=WIDTH, temporal=temporal, precision="fp32")
        self.source, self.given, self.spatial_given = source, [], []

    def forward(self, *given):
        self.given.append(given)
        frame = given[0]
        routes = None
        if self.source is not None:
            weights = torch.zeros(len(frame), 3, *SIZE)
            weights[:, self.source] = 1
            routes = Routes(torch.zeros_like(frame), weights, torch.zeros(len(frame), 4, *SIZE))
        return Completion(torch.full_like(frame, -1.0), torch.ones_like(frame), None, routes)

    def spatial(self, frame, mask):
        self.spatial_given.append((frame, mask))
        return torch.full_like(frame, 0.0)


def levels(images):
    """(B, 3, H, W) in [-1, 1] of one colour each -> grey levels."""
    return [round(float((image.mean() + 1) * 127.5)) for image in images]


def test_the_network_sees_frame_previous_and_next_with_their_own_masks():
    table = flags((2, 1), (1, 0), (3, 2))
    network = Recorded()
    filler_for(STCNET, network, CPU).fill([FillTask(2, (1,), (1, 3))], frames(), table)
    ((*pictures, mask, previous_mask, next_mask),) = network.given
    assert [levels(picture) for picture in pictures] == [[grey(2)], [grey(1)], [grey(3)]]
    rows = region_rows(HEIGHT)
    for got, region in ((mask, 1), (previous_mask, 0), (next_mask, 2)):
        hidden = np.flatnonzero(got[0, 0].numpy().any(axis=1))
        assert hidden.tolist() == list(range(rows[region], rows[region + 1]))
        assert got[0, 0, hidden].min() == 1


def test_a_missing_side_is_the_other_one():
    network = Recorded()
    tasks = [FillTask(2, (1,), (4,)), FillTask(2, (0,), (0,))]
    filler_for(STCNET, network, CPU).fill(tasks, frames(), flags((2, 1), (2, 0)))
    ((_, previous, following, *_),) = network.given
    assert levels(previous) == [grey(4), grey(0)]
    assert levels(following) == [grey(4), grey(0)]


def test_the_temporal_generator_fills_where_a_reference_exists_and_the_spatial_one_elsewhere():
    tasks = [FillTask(2, (1,), (1, 3)), FillTask(0, (0,), ()), FillTask(4, (0, 1, 2), (), leave=True)]
    table = flags((2, 1), (0, 0), (4, 0), (4, 1), (4, 2))
    temporal, spatial, left = filler_for(STCNET, Recorded(), CPU).fill(tasks, frames(), table)
    assert (temporal.method, temporal.image.min(), temporal.image.max()) == ("temporal", 255, 255)
    assert (spatial.method, spatial.image.min(), spatial.image.max()) == ("spatial", 0, 0)
    assert left is None


@pytest.mark.parametrize("network", [Recorded(temporal="none"), Recorded()])
def test_the_method_spatial_asks_the_spatial_generator_alone(network):
    method = "stcnet" if network.config.temporal == "none" else "spatial"
    (filling,) = filler_for(CompletionConfig(method=method), network, CPU).fill(
        [FillTask(2, (1,), (1, 3))], frames(), flags((2, 1))
    )
    assert not network.given
    ((frame, mask),) = network.spatial_given
    assert levels(frame) == [grey(2)]
    rows = region_rows(HEIGHT)
    assert np.flatnonzero(mask[0, 0].numpy().any(axis=1)).tolist() == list(range(rows[1], rows[2]))
    assert (filling.method, filling.image.min(), filling.image.max()) == ("spatial", 128, 128)


@pytest.mark.parametrize(("source", "level"), [(1, grey(1)), (2, grey(4))])
def test_routed_pixels_are_those_of_the_reference_at_the_frames_own_size(source, level):
    images = frames(96, 40)
    images[1][:10], images[4][:10] = 255, 255  # of the reference's third that is hidden there
    table = flags((2, 1), (1, 0), (4, 0))
    (filling,) = filler_for(STCNET, Recorded(source), CPU).fill([FillTask(2, (1,), (1, 4))], images, table)
    assert filling.image.shape == (96, 40, 3)
    rows = region_rows(96)
    assert set(np.unique(filling.image[rows[1] : rows[2]])) == {level}
    assert filling.around is filling.image
    assert filling.around.max() == level  # what is hidden in the reference is nowhere


def test_a_copy_is_of_the_nearer_reference_and_of_the_earlier_one_of_two():
    copy = filler_for(CompletionConfig(method="copy"), None, CPU)
    tasks = [
        FillTask(2, (1,), (0, 3)),
        FillTask(2, (1,), (1, 4)),
        FillTask(2, (1,), (1, 3)),
        FillTask(2, (1,), (4,)),
    ]
    got = [filling.image[0, 0, 0] for filling in copy.fill(tasks, frames(), flags((2, 1)))]
    assert got == [grey(3), grey(1), grey(1), grey(4)]
    assert copy.fill([FillTask(2, (1,), ()), FillTask(2, (1,), (1, 3), leave=True)], frames(), flags()) == [
        None,
        None,
    ]


def test_the_mean_is_that_of_the_region_in_both_references():
    images = frames()
    rows = region_rows(HEIGHT)
    images[1][rows[1] : rows[2], :4] = 250  # a quarter of the region
    mean = filler_for(CompletionConfig(method="mean"), None, CPU)
    (filling,) = mean.fill([FillTask(2, (1,), (1, 3))], images, flags((2, 1)))
    wanted = round(((0.75 * grey(1) + 0.25 * 250) + grey(3)) / 2)
    assert set(np.unique(filling.image[rows[1] : rows[2]])) == {wanted}
    assert set(np.unique(np.delete(filling.image, np.s_[rows[1] : rows[2]], axis=0))) == {grey(2)}


def test_frames_that_are_discarded_have_no_filler():
    assert filler_for(CompletionConfig(method="discard"), None, CPU) is None
