"""Networks that complete a frame by itself: context encoder and GLCIC."""

import numpy as np
import pytest
import torch

from stcnet_lib.common.compute import Compute
from stcnet_lib.completion.filling import filler_for
from stcnet_lib.completion.inpainting import context_encoder, glcic
from stcnet_lib.completion.inpainting.context_encoder import ChannelwiseLinear, ContextEncoder
from stcnet_lib.completion.inpainting.glcic import Glcic
from stcnet_lib.completion.learning.batch import Batch, Window
from stcnet_lib.completion.task import FillTask
from stcnet_lib.config import CompletionConfig, ContextEncoderConfig, GlcicConfig
from stcnet_lib.reid.network import ReIDNetwork

CPU = Compute(torch.device("cpu"))
SMALL = {"height": 32, "width": 16, "channels": 8, "discriminator_channels": 4, "precision": "fp32"}
CONFIGS = {"context_encoder": ContextEncoderConfig(**SMALL), "glcic": GlcicConfig(**SMALL)}
MODULES = {"context_encoder": context_encoder, "glcic": glcic}
BOTH = pytest.mark.parametrize("kind", CONFIGS)


def network(kind):
    torch.manual_seed(0)
    return MODULES[kind].build(CONFIGS[kind].network)


def frames(batch=3):
    """Smooth frames in [-1, 1], and free-form holes: other pixels of each."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(batch, 3, 4, 2, generator=generator) * 1.6 - 0.8
    pictures = torch.nn.functional.interpolate(pictures, (32, 16), mode="bilinear")
    return pictures, (torch.rand(batch, 1, 32, 16, generator=generator) < 0.4).float()


@BOTH
def test_visible_pixels_never_change_and_hidden_ones_are_never_seen(kind):
    net, (pictures, hidden) = network(kind), frames()
    completed = net(pictures, hidden)
    assert completed.shape == pictures.shape
    visible = (hidden < 0.5).expand_as(pictures)
    assert torch.equal(completed[visible], pictures[visible])
    assert (completed[~visible] != pictures[~visible]).float().mean() > 0.99
    assert completed.abs().max() <= 1
    assert torch.equal(net(torch.where(hidden > 0.5, -pictures, pictures), hidden), completed)


@BOTH
def test_gradients_reach_all_parameters(kind):
    net, (pictures, hidden) = network(kind), frames()
    (net(pictures, hidden) - pictures).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@BOTH
def test_loss_falls_on_one_batch_of_the_game(kind, guider_config):
    pictures, _ = frames()
    masked = torch.eye(3, dtype=torch.bool)[:, None]  # of each frame another third
    hidden = torch.zeros(3, 1, 1, 32, 16)
    hidden[0, ..., :11, :] = hidden[1, ..., 11:21, :] = hidden[2, ..., 21:, :] = 1
    window = Window(pictures[:, None], hidden, torch.ones_like(hidden), masked)
    batch = Batch(window, torch.zeros(3, dtype=torch.int64), torch.zeros(3, dtype=torch.int64))
    student = MODULES[kind].learner(CONFIGS[kind], ReIDNetwork(guider_config, 1), 1, 0, CPU)
    losses = [student.step(batch, 3e-3) for _ in range(80)]
    assert losses[-1]["l1"] < 0.5 * losses[0]["l1"]
    assert set(losses[0]) == {"l1", "adversarial", "discriminator"}  # the papers have no guider
    assert list(student.network.stages(batch)) == ["completed"]


def test_channels_of_the_bottleneck_are_fully_connected_each_by_itself():
    torch.manual_seed(0)
    layer, maps = ChannelwiseLinear(3, 8), torch.randn(2, 3, 4, 2)
    with torch.no_grad():
        layer.bias.normal_()
    found = layer(maps)
    for b, c in np.ndindex(2, 3):
        wanted = layer.weight[c] @ maps[b, c].flatten() + layer.bias[c]
        torch.testing.assert_close(found[b, c].flatten(), wanted)
    assert layer.weight.numel() == 3 * 8**2


@pytest.mark.parametrize(("kind", "type_"), [("context_encoder", ContextEncoder), ("glcic", Glcic)])
def test_every_place_of_a_hole_sees_the_whole_frame(kind, type_):
    """The bottleneck of one and the dilated layers of the other reach from the last row to the first."""
    torch.manual_seed(0)
    settings = CONFIGS[kind].model_copy(update={"height": 128, "width": 64})
    net = type_(settings.network)
    assert isinstance(network(kind), type_)
    pictures, hidden = torch.zeros(1, 3, 128, 64, requires_grad=True), torch.zeros(1, 1, 128, 64)
    hidden[..., 86:, :] = 1
    net(pictures, hidden)[0, :, 90, 32].sum().backward()
    assert pictures.grad[0, :, 2].abs().max() > 0


def test_glcic_has_the_parameters_of_its_table():
    """Table 1 of the paper: kernels, widths of 64, 128 and 256, one more input channel for the mask."""
    layers = [(4, 64, 5), (64, 128, 3), (128, 128, 3), (128, 256, 3)]
    layers += 8 * [(256, 256, 3)]  # two after the second stride, four dilated ones, two more
    layers += [(256, 128, 4), (128, 128, 3), (128, 64, 4), (64, 32, 3), (32, 3, 3)]
    wanted = sum(outputs * (inputs * kernel**2 + 1) for inputs, outputs, kernel in layers)
    found = sum(p.numel() for p in Glcic(GlcicConfig().network).parameters())
    assert found == wanted


@BOTH
def test_it_fills_without_any_reference(kind):
    images = {t: np.full((48, 24, 3), 100, np.uint8) for t in range(3)}
    flags = np.zeros((3, 3), bool)
    flags[1] = [False, True, True]
    filler = filler_for(CompletionConfig(method="stcnet"), network(kind), CPU)
    tasks = [FillTask(1, (1,), (0, 2)), FillTask(1, (2,)), FillTask(2, (0, 1, 2), leave=True)]
    *filled, left = filler.fill(tasks, images, flags)
    assert left is None
    for filling in filled:
        assert filling.method == kind
        assert filling.image.shape == (32, 16, 3)
        assert (filling.image[:10] == 100).all()  # what is visible
        assert (filling.image[12:] != 100).any()
