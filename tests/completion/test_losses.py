"""Losses against values computed by hand, and the frozen guider."""

import math

import pytest
import torch

from stcnet_lib.completion.game.losses import (
    discriminator_loss,
    freeze,
    generator_adversarial_loss,
    guider_input,
    guider_loss,
    reconstruction_loss,
    total_loss,
)
from stcnet_lib.config import ReIDConfig, StcnetConfig
from stcnet_lib.reid.network import ReIDNetwork


def _guider(classes=3):
    torch.manual_seed(0)
    config = ReIDConfig(
        backbone="resnet18", stem_channels=8, pretrained="none", non_local=False, height=64, width=32
    )
    network = ReIDNetwork(config, classes)
    torch.nn.init.normal_(network.classifier.weight)
    return network


def test_reconstruction_is_a_mean_over_pixels_and_skips_unknown_ones():
    x = torch.tensor([[[[0.0, 1.0]]]])
    completed = torch.tensor([[[[-1.0, 0.5]]]])
    assert reconstruction_loss(x, completed).item() == pytest.approx((1 + 0.5) / 2)
    known = torch.tensor([[[[0.0, 1.0]]]])
    assert reconstruction_loss(x, completed, known).item() == pytest.approx(0.5 / 2)


def test_discriminator_loss_by_hand():
    real, fake = torch.tensor([0.0, 2.0]), torch.tensor([-1.0])
    expected = (math.log(2) - math.log(1 / (1 + math.exp(-2)))) / 2  # -log D(real)
    expected += -math.log(1 - 1 / (1 + math.exp(1)))  # -log(1 - D(fake))
    assert discriminator_loss(real, fake).item() == pytest.approx(expected, abs=1e-6)


def test_adversarial_loss_does_not_saturate():
    logits = torch.tensor([-20.0, 0.0], requires_grad=True)  # the first is recognised as generated
    loss = generator_adversarial_loss(logits)
    loss.backward()
    assert loss.item() == pytest.approx((20 + math.log(2)) / 2, abs=1e-5)
    assert logits.grad[0].item() == pytest.approx(-0.5, abs=1e-6)  # the full slope of -z over two samples


def test_the_saturating_form_vanishes_where_the_discriminator_wins():
    logits = torch.tensor([-20.0, 1.0], requires_grad=True, dtype=torch.float64)
    loss = generator_adversarial_loss(logits, "saturating")
    loss.backward()
    share = [1 / (1 + math.exp(-z)) for z in (-20.0, 1.0)]  # D(fake)
    assert loss.item() == pytest.approx(sum(math.log(1 - d) for d in share) / 2, abs=1e-12)
    assert logits.grad.tolist() == pytest.approx([-d / 2 for d in share], abs=1e-12)  # by the chain rule
    assert abs(logits.grad[0].item()) < 1e-8


def test_total_weighs_as_the_paper():
    terms = torch.tensor(0.3), torch.tensor(2.0), torch.tensor(5.0)
    assert total_loss(StcnetConfig(), *terms).item() == pytest.approx(0.3 + 0.001 * 2 + 0.1 * 5)
    assert total_loss(StcnetConfig(), terms[0], 0.0, 0.0).item() == pytest.approx(0.3)


def test_guider_sees_imagenet_statistics_at_its_own_size():
    images = torch.full((1, 3, 8, 4), -1.0)
    images[:, 1] = 1.0
    found = guider_input(images, 16, 8)
    assert found.shape == (1, 3, 16, 8)
    for channel, value in enumerate([-0.485 / 0.229, (1 - 0.456) / 0.224, -0.406 / 0.225]):
        torch.testing.assert_close(found[0, channel], torch.full((16, 8), value))


def test_guider_loss_is_the_cross_entropy_of_single_frames():
    guider = freeze(_guider())
    x2 = torch.rand(2, 3, 64, 32) * 2 - 1  # the guider's own size: no resampling
    labels = torch.tensor([2, 0])
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = []
    for image, label in zip(x2, labels, strict=True):
        logits = guider((((image + 1) / 2 - mean) / std)[None, None]).logits
        expected.append(-logits[0].log_softmax(0)[label])
    torch.testing.assert_close(guider_loss(guider, x2, labels), torch.stack(expected).mean())


def test_guider_stays_frozen_while_the_gradient_reaches_the_frames():
    guider = freeze(_guider())
    before = {name: value.clone() for name, value in guider.state_dict().items()}
    x2 = (torch.rand(2, 3, 32, 16) * 2 - 1).requires_grad_()
    optimizer = torch.optim.Adam([x2], lr=0.05)
    losses = []
    for _ in range(5):
        loss = guider_loss(guider, x2, torch.tensor([0, 1]))
        optimizer.zero_grad()
        loss.backward()
        assert x2.grad.abs().max() > 0
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    for name, value in guider.state_dict().items():
        assert torch.equal(value, before[name]), name  # weights, running statistics and counters
    assert all(parameter.grad is None for parameter in guider.parameters())


def test_a_guider_in_training_mode_is_refused():
    with pytest.raises(AssertionError, match="frozen"):
        guider_loss(_guider().train(), torch.zeros(1, 3, 32, 16), torch.tensor([0]))
