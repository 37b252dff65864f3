"""Generators: sizes, receptive fields, untouched pixels, gradients, and that they learn."""

import pytest
import torch

from stcnet_lib.common.masks import region_mask
from stcnet_lib.completion.stcnet.autoencoder import Encoder, reduced
from stcnet_lib.completion.stcnet.generators import SpatialGenerator, STCnet, TemporalGenerator
from stcnet_lib.config import StcnetNetworkConfig

VARIANTS = [
    {},
    {"output": "tanh", "attention_scale": 20.0, "position_code": 1.0},
    {"reference_features": True},
    {"temporal": "concat"},
    {"temporal": "autoencoder"},
    {"synthesis": "blend", "reference_features": True},
    {"synthesis": "blend", "temporal": "concat", "encoder": "space_to_depth"},
    {"encoder": "space_to_depth", "output": "tanh"},
    {"temporal": "none"},
]


def _config(**values):
    return StcnetNetworkConfig(**{"height": 32, "width": 16, "channels": 4, "dilations": (2, 4), **values})


def _batch(batch=3, height=32, width=16, seed=0):
    """x, previous, next in [-1, 1], their masks: another region hidden in every sample."""
    generator = torch.Generator().manual_seed(seed)
    x, previous, following = torch.rand(3, batch, 3, height, width, generator=generator) * 2 - 1
    flags = torch.eye(3, dtype=torch.bool).repeat(batch // 3 + 1, 1)[:batch]
    masks = [region_mask(flags.roll(shift, 1), height, width) for shift in range(3)]
    return x, previous, following, *masks


def test_a_quarter_of_the_resolution_and_back():
    config = StcnetNetworkConfig(channels=4)
    x, previous, following, mask, *hidden = _batch(1, 128, 64)
    for encoder in ("full", "space_to_depth"):
        changed = config.model_copy(update={"encoder": encoder})
        assert Encoder(changed)(x).shape == (1, 16, 32, 16)
        completion = STCnet(changed)(x, previous, following, mask, *hidden)
        assert completion.x1.shape == completion.x2.shape == x.shape
        assert completion.entropy.shape == (1, 2)


@pytest.mark.parametrize(("dilations", "expected"), [((), 21), ((2, 4, 8, 16), 261), ((2,), 21 + 16)])
def test_receptive_field(dilations, expected):
    """Input rows with a gradient from one output position, weights all positive so that nothing cancels."""
    encoder = Encoder(StcnetNetworkConfig(channels=4, dilations=dilations)).double()
    for parameter in encoder.parameters():
        torch.nn.init.constant_(parameter, 0.1 if parameter.ndim == 1 else 1 / parameter[0].numel())
    x = torch.ones(1, 3, 320, 16, dtype=torch.float64, requires_grad=True)
    encoder(x)[0, :, 40, 2].sum().backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == expected
    assert rows.numel() == expected


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_visible_pixels_never_change_and_hidden_ones_are_never_seen(variant):
    torch.manual_seed(0)
    network = STCnet(_config(**variant))
    x, previous, following, mask, previous_mask, next_mask = _batch()
    completion = network(x, previous, following, mask, previous_mask, next_mask)
    visible = (mask < 0.5).expand_as(x)
    for image in (completion.x1, completion.x2):
        assert torch.equal(image[visible], x[visible])
        assert (image[~visible] != x[~visible]).float().mean() > 0.99
        assert image.abs().max() <= 1
    # other colours under any of the masks must not make a difference
    other = network(
        torch.where(mask > 0.5, -x, x),
        torch.where(previous_mask > 0.5, -previous, previous),
        torch.where(next_mask > 0.5, -following, following),
        mask,
        previous_mask,
        next_mask,
    )
    torch.testing.assert_close(other.x2, completion.x2, rtol=0, atol=1e-6)
    if variant.get("temporal") not in ("none", "autoencoder"):
        seen = network(x, -previous, following, mask, previous_mask, next_mask)
        assert not torch.allclose(seen.x2, completion.x2, rtol=0, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_gradients_reach_all_parameters(variant):
    torch.manual_seed(0)
    network = STCnet(_config(**variant))
    if variant.get("synthesis") == "blend":  # zero weights pass nothing on to the layers before
        for parameter in network.temporal.decoder.extra.parameters():
            torch.nn.init.normal_(parameter, std=0.01)
    x, *rest = _batch()
    completion = network(x, *rest)
    (completion.x1 - x).square().mean().add((completion.x2 - x).square().mean()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_the_loss_on_x2_trains_both_generators():
    torch.manual_seed(0)
    network = STCnet(_config(synthesis="blend"))
    x, *rest = _batch()
    network(x, *rest).x2.square().mean().backward()
    assert network.spatial.encoder[0].weight.grad.abs().max() > 0


@pytest.mark.parametrize("variant", VARIANTS[:-1], ids=str)
def test_references_that_do_not_exist_give_finite_results(variant):
    torch.manual_seed(0)
    network = STCnet(_config(**variant))
    x, previous, following, mask, *_ = _batch()
    nothing = torch.ones_like(mask)
    completion = network(x, previous, following, mask, nothing, nothing)
    completion.x2.sum().backward()
    assert completion.x2.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    if completion.entropy is not None:
        assert completion.entropy.abs().max() == 0


def test_decoders_take_as_many_channels_as_documented():
    for values, factor in (({}, 3), ({"reference_features": True}, 5), ({"temporal": "concat"}, 3)):
        generator = TemporalGenerator(_config(**values))
        assert generator.decoder.body[0].weight.shape[0] == factor * 16  # (in, out, 3, 3)


@pytest.mark.parametrize("encoder", ["full", "space_to_depth"])
def test_the_autoencoder_has_as_many_parameters_as_the_temporal_generator(encoder):
    """Control AE of the paper's Table 1: what references bring is not what more parameters bring."""
    counts = [
        sum(p.numel() for p in TemporalGenerator(_config(temporal=temporal, encoder=encoder)).parameters())
        for temporal in ("attention", "concat", "autoencoder")
    ]
    assert max(counts) <= 1.05 * min(counts)


def test_the_autoencoder_sees_no_reference():
    torch.manual_seed(0)
    network = STCnet(_config(temporal="autoencoder"))
    x, previous, following, mask, *hidden = _batch()
    completed = network(x, previous, following, mask, *hidden)
    assert torch.equal(network(x, -previous, -following, mask, *hidden).x2, completed.x2)


def test_a_position_with_one_hidden_pixel_is_hidden():
    mask = torch.zeros(1, 1, 8, 8)
    mask[0, 0, 5, 2] = 1
    assert reduced(mask)[0, 0].tolist() == [[0, 0], [1, 0]]


def test_colours_start_inside_the_clip():
    torch.manual_seed(0)
    x, *_ = _batch()
    for encoder in ("full", "space_to_depth"):
        generator = SpatialGenerator(_config(encoder=encoder))
        colours, _ = generator.decoder(generator.encoder(x))
        assert 0.02 < colours.std() < 0.5
        assert (colours.abs() == 1).float().mean() < 0.02


@pytest.mark.parametrize("variant", [{}, {"synthesis": "blend"}, {"encoder": "space_to_depth"}], ids=str)
def test_loss_falls_on_one_batch(variant):
    torch.manual_seed(0)
    network = STCnet(_config(channels=8, **variant))
    x, previous, following, mask, *hidden = _batch()
    x = torch.nn.functional.interpolate(x[..., ::8, ::8], scale_factor=8, mode="bilinear")  # smooth
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        completion = network(x, previous, following, mask, *hidden)
        loss = (completion.x1 - x).abs().mean() + (completion.x2 - x).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_weights_of_the_three_encoders_differ():
    torch.manual_seed(0)
    generator = TemporalGenerator(_config())
    encoders = (generator.current, generator.previous, generator.next)
    assert len({encoder[0].weight.data_ptr() for encoder in encoders}) == 3
