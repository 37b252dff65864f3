"""Discriminators: sizes, crops, and what they look at."""

import torch
from torch import nn

from stcnet_lib.completion.game.discriminators import GlobalDiscriminator, LocalDiscriminator, crop_regions
from stcnet_lib.config import StcnetConfig

FLAGS = torch.tensor([[True, False, False], [False, True, False], [True, False, True]])


def _config(**values):
    return StcnetConfig(discriminator_channels=4, **values)


def test_six_layers_bring_the_frame_to_two_by_one_and_a_third_to_one():
    images = torch.randn(3, 3, 128, 64, generator=torch.Generator().manual_seed(0))
    whole = GlobalDiscriminator(*[_config()] * 2)
    assert sum(isinstance(layer, nn.Conv2d) for layer in whole.body) == 6
    assert whole.body(images).shape == (3, 32, 2, 1)  # 4 channels, doubled up to 8 times
    assert whole(images).shape == (3,)
    local = LocalDiscriminator(*[_config()] * 2)
    assert local.discriminator.body(crop_regions(images, FLAGS)).shape == (4, 32, 1, 1)
    assert local(images, FLAGS).shape == (4,)
    assert LocalDiscriminator(*[_config(local_view="masked")] * 2)(images, FLAGS).shape == (3,)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in whole.modules())


def test_sizes_that_are_no_power_of_two():
    for height, width in ((132, 36), (64, 32), (32, 16), (256, 128)):
        config = _config(height=height, width=width)
        images = torch.zeros(3, 3, height, width)
        assert GlobalDiscriminator(config, config)(images).shape == (3,)
        assert LocalDiscriminator(config, config)(images, FLAGS).shape == (4,)


def test_crops_hold_the_rows_of_their_region():
    rows = torch.arange(128.0)[:, None].expand(128, 64)
    images = torch.stack([rows + 1000 * sample for sample in range(3)])[:, None].expand(-1, 3, -1, -1)
    crops = crop_regions(images, FLAGS)
    assert crops.shape == (4, 3, 43, 64)
    # (sample, first row); the middle region has 42 rows and takes row 85 with it
    for crop, (sample, start) in zip(crops, [(0, 0), (1, 43), (2, 0), (2, 85)], strict=True):
        assert torch.equal(crop[0, :, 0], torch.arange(43.0) + start + 1000 * sample)


def test_the_masked_view_sees_the_regions_only():
    torch.manual_seed(0)
    local = LocalDiscriminator(*[_config(local_view="masked")] * 2)
    images = torch.randn(3, 3, 128, 64, requires_grad=True)
    local(images, FLAGS).sum().backward()
    seen = images.grad.abs().sum((1, 3)) > 0  # (B, H)
    for sample, flags in enumerate(FLAGS.tolist()):
        for flagged, (start, end) in zip(flags, [(0, 43), (43, 85), (85, 128)], strict=True):
            assert seen[sample, start:end].all() if flagged else not seen[sample, start:end].any()


def test_learns_to_tell_two_kinds_apart():
    torch.manual_seed(0)
    network = GlobalDiscriminator(*[_config(height=64, width=32)] * 2)
    real, fake = (
        torch.randn(8, 3, 64, 32),
        torch.randn(8, 3, 8, 4).repeat_interleave(8, 2).repeat_interleave(8, 3),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(40):
        loss = nn.functional.softplus(-network(real)).mean() + nn.functional.softplus(network(fake)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (network(real) > 0).all()
    assert (network(fake) < 0).all()
