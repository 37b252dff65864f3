"""Blending with real pixels: copies at the start, follows the flow, never takes hidden pixels."""

import pytest
import torch

from stcnet_lib.completion.stcnet.blending import CHANNELS, MAX_FLOW, blend, route, sharpened, warp


def _images(batch=2, height=12, width=10):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(3, batch, 3, height, width, generator=generator) * 2 - 1


def _controls(batch=2, height=12, width=10):
    return torch.zeros(batch, CHANNELS, height, width)


def test_zero_controls_mix_mostly_the_same_pixels_of_both_references():
    colours, previous, following = _images()
    image, (_, weights, _) = blend(colours, _controls(), (previous, following), (None, None))
    torch.testing.assert_close(weights.sum(1), torch.ones(2, 12, 10))
    torch.testing.assert_close(weights[:, 1], weights[:, 2])
    assert weights[:, 0].max() < 0.07  # exp(-2) against 1 + 1
    expected = weights[:, :1] * colours + weights[:, 1:2] * previous + weights[:, 2:] * following
    torch.testing.assert_close(image, expected, rtol=0, atol=1e-5)


def test_a_large_logit_selects_one_source():
    sources = _images()
    for chosen in range(3):
        controls = _controls()
        controls[:, chosen] = 50
        image, _ = blend(sources[0], controls, (sources[1], sources[2]), (None, None))
        torch.testing.assert_close(image, sources[chosen], rtol=0, atol=1e-5)


def test_hidden_pixels_of_a_reference_are_never_chosen():
    colours, previous, following = _images()
    hidden = torch.zeros(2, 1, 12, 10)
    hidden[0, :, :6] = 1
    hidden[1, :, :, 5:] = 1  # another mask in every sample
    controls = _controls()
    controls[:, 1] = 50  # the decoder insists on the previous frame
    _, (_, weights, _) = blend(colours, controls, (previous, following), (hidden, None))
    taken = hidden[:, 0] > 0.5
    assert weights[:, 1][taken].abs().max() == 0
    assert weights[:, 1][~taken].min() > 0.99
    image, (_, weights, _) = blend(colours, controls, (previous, following), (torch.ones_like(hidden),) * 2)
    assert torch.equal(image, colours)  # nothing left but to synthesise
    assert torch.equal(weights[:, 0], torch.ones(2, 12, 10))


def test_the_validity_moves_with_the_flow():
    colours, previous, following = _images()
    hidden = torch.zeros(2, 1, 12, 10)
    hidden[:, :, :, 6:] = 1
    controls = _controls()
    controls[:, 3] = torch.atanh(torch.tensor(2 / MAX_FLOW))  # x: two pixels to the right
    controls[:, 1] = 50
    image, (_, weights, _) = blend(colours, controls, (previous, following), (hidden, None))
    assert weights[:, 1, :, 4:].abs().max() == 0
    torch.testing.assert_close(image[..., :4], previous[..., 2:6], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("axis", "shift"), [(3, 3.0), (3, -3.0), (4, 2.0), (4, -2.0)])
@pytest.mark.parametrize("masked", [False, True])
def test_pixels_beyond_the_border_are_never_chosen(axis, shift, masked):
    """Nothing stands there, whether or not the reference has a mask; unmoved border pixels stay valid."""
    colours, previous, following = _images()
    hidden = (torch.zeros(2, 1, 12, 10) if masked else None,) * 2
    controls = _controls()
    controls[:, axis] = torch.atanh(torch.tensor(shift / MAX_FLOW))
    controls[:, 1] = 50
    _, (_, weights, _) = blend(colours, controls, (previous, following), hidden)
    places = torch.arange(10 if axis == 3 else 12) + shift
    inside = (places >= 0) & (places <= len(places) - 1)
    wanted = inside.expand(12, 10) if axis == 3 else inside[:, None].expand(12, 10)
    taken = weights[:, 1] > 0.5
    assert torch.equal(taken, wanted.expand(2, 12, 10))
    assert weights[:, 1][~taken].abs().max() == 0
    still = _controls()
    still[:, 2] = 50
    assert blend(colours, still, (previous, following), hidden)[1].weights[:, 2].min() > 0.99


def test_warp_samples_bilinearly_and_repeats_the_border():
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    flow = torch.zeros(1, 2, 3, 4)
    flow[:, 0] = 0.5
    flow[:, 1] = 1.0
    shifted = warp(image, flow)[0, 0]
    expected = torch.tensor([[4.5, 5.5, 6.5, 7.0], [8.5, 9.5, 10.5, 11.0], [8.5, 9.5, 10.5, 11.0]])
    torch.testing.assert_close(shifted, expected, rtol=0, atol=1e-5)


def test_gradients_of_flow_and_weights():
    torch.manual_seed(0)
    colours, previous, following = (image[:1, :, :4, :4].double() for image in _images())
    controls = (0.1 + 0.3 * torch.rand(1, CHANNELS, 4, 4, dtype=torch.float64)).requires_grad_()
    hidden = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    hidden[..., :1] = 1

    def image(values):
        return blend(colours, values, (previous, following), (hidden, None))[0]

    assert torch.autograd.gradcheck(image, (controls,))


def test_sharp_blending_takes_one_source_a_place_and_never_a_hidden_one():
    colours, previous, following = _images()
    controls = _controls()
    controls[:, 1, :6], controls[:, 2, 6:] = 3.0, 3.0  # the upper half from before, the lower from after
    hidden = torch.zeros(2, 1, 12, 10)
    hidden[:, :, :2] = 1
    image, (_, weights, _) = blend(colours, controls, (previous, following), (hidden, None), sharp=True)
    torch.testing.assert_close(weights.sum(1), torch.ones(2, 12, 10))
    assert (weights[:, 1, :2] == 0).all()
    torch.testing.assert_close(image[:, :, 3:5], previous[:, :, 3:5])
    torch.testing.assert_close(image[:, :, 7:], following[:, :, 7:])
    mixed = ((weights > 0).sum(1) > 1).any(2)[0]
    assert mixed.nonzero().ravel().tolist() in ([1, 2, 5, 6], [2, 5, 6])  # where sources meet


def test_routing_at_the_networks_own_size_is_the_blend():
    colours, previous, following = _images()
    controls = torch.randn(2, 7, 12, 10, generator=torch.Generator().manual_seed(3))
    image, routes = blend(colours, controls, (previous, following), (None, None))
    torch.testing.assert_close(route(routes, (previous, following)), image)


def test_routing_keeps_the_resolution_of_the_references():
    """The network saw 12x10 pixels; the references have four times as many rows and columns."""
    colours, previous, following = _images()
    controls = _controls()
    controls[:, 1] = 50
    _, routes = blend(colours, controls, (previous, following), (None, None))
    large = torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(1)) * 2 - 1
    torch.testing.assert_close(route(routes, (large, -large)), large, atol=1e-4, rtol=0)


def test_sharp_weights_are_of_one_source_chosen_around_the_place():
    weights = torch.full((1, 3, 64, 32), 0.1)
    weights[:, 1, :, :16], weights[:, 2, :, 16:] = 0.8, 0.8  # left from the previous one, right from the next
    weights[:, 1, 20, 8], weights[:, 2, 20, 8] = 0.1, 0.8  # a speck does not count
    weights[:, :, 40:] = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)  # both are hidden there
    chosen = sharpened(weights)
    torch.testing.assert_close(chosen.sum(1), torch.ones(1, 64, 32))
    assert (chosen[0, 1, :30, :15] == 1).all()
    assert (chosen[0, 2, :30, 17:] == 1).all()
    assert ((chosen[0, 1, :30, 15:17] > 0) & (chosen[0, 1, :30, 15:17] < 1)).all()  # no edge between them
    assert (chosen[0, 0, 40:] == 1).all()
    assert (chosen[0, 1:, 40:] == 0).all()


def test_sharp_weights_take_synthesised_colours_only_where_no_reference_shows_the_place():
    weights = torch.tensor([0.8, 0.15, 0.05]).view(1, 3, 1, 1).repeat(1, 1, 32, 16)
    weights[:, :, 20:] = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    chosen = sharpened(weights)
    assert (chosen[0, 1, :19] == 1).all()
    assert (chosen[0, 0, 20:] == 1).all()


def _around(maps, y, x, reach):
    """The mean of maps (C, H, W) around a place, the border repeated, pixel by pixel."""
    _, height, width = maps.shape
    rows = [min(max(y + d, 0), height - 1) for d in range(-reach, reach + 1)]
    columns = [min(max(x + d, 0), width - 1) for d in range(-reach, reach + 1)]
    return sum(maps[:, r, c] for r in rows for c in columns) / (len(rows) * len(columns))


def test_sharp_weights_are_those_of_a_loop_over_places():
    generator = torch.Generator().manual_seed(5)
    weights = torch.rand(3, 17, 11, generator=generator, dtype=torch.float64)
    weights[1:, torch.rand(17, 11, generator=generator) < 0.3] = 0
    weights[2, 10:] = 0
    first = torch.zeros_like(weights)
    for y in range(17):
        for x in range(11):
            values = _around(weights, y, x, 2) * (weights[:, y, x] > 0)  # 0.12 of 17 rows
            if (weights[1:, y, x] > 0).any():
                values[0] = 0
            first[int(values.argmax()), y, x] = 1
    expected = torch.zeros_like(weights)
    for y in range(17):
        for x in range(11):
            near = _around(first, y, x, 1) * (weights[:, y, x] > 0)
            expected[:, y, x] = near / near.sum()
    torch.testing.assert_close(sharpened(weights[None])[0], expected, rtol=0, atol=1e-12)
