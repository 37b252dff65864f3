"""Telea's inpainting against plain loops over its formula, and on pictures whose continuation is known."""

import math

import numpy as np
import pytest

from stcnet_lib.completion.filling import filler_for, pixel_filler_for
from stcnet_lib.completion.pixels.holes import Hole
from stcnet_lib.completion.task import FillTask
from stcnet_lib.completion.telea import inpainted
from stcnet_lib.config import CompletionConfig

RADIUS = 3


def slope_of(colours, known, y, x):
    """Down and right, each 0 where a neighbour on that axis is missing or unknown."""
    found = []
    for dy, dx in ((1, 0), (0, 1)):
        ends = [(y + dy, x + dx), (y - dy, x - dx)]
        there = all(0 <= a < known.shape[0] and 0 <= b < known.shape[1] and known[a, b] for a, b in ends)
        found.append((colours[ends[0]] - colours[ends[1]]) / 2 if there else 0.0)
    return found


def looped(picture, hidden):
    """Eq. 2-4 of the paper pixel by pixel; distances by brute force."""
    places = list(np.ndindex(hidden.shape))

    def distance(p, to_hidden):
        return min(math.dist(p, q) for q in places if hidden[q] == to_hidden)

    depth = np.array([distance(p, False) if hidden[p] else -distance(p, True) for p in places])
    depth = depth.reshape(hidden.shape)
    down, right = np.gradient(depth)
    colours, known = np.where(hidden[..., None], 0, picture).astype(float), ~hidden
    for level in sorted({round(d) for d in depth[hidden]}):
        shell = [p for p in places if hidden[p] and round(depth[p]) == level]
        found = {}
        for p in shell:
            total, weights = np.zeros(3), 0.0
            for q in places:
                length = math.dist(p, q)
                if not known[q] or not 0 < length <= RADIUS:
                    continue
                step = np.subtract(p, q)
                direction = max(abs(step[0] * down[p] + step[1] * right[p]) / length, 1e-6)
                weight = direction / length**2 / (1 + abs(depth[p] - depth[q]))
                slope = slope_of(colours, known, *q)
                total = total + weight * (colours[q] + slope[0] * step[0] + slope[1] * step[1])
                weights += weight
            found[p] = np.clip(total / weights, 0, 255)
        for p, colour in found.items():
            colours[p], known[p] = colour, True
    return np.where(hidden[..., None], colours.round(), picture).astype(np.uint8)


def hole(height=14, width=10):
    hidden = np.zeros((height, width), bool)
    hidden[4:10, 2:8] = True
    hidden[8:12, 7:] = True
    return hidden


def test_it_is_the_papers_formula():
    picture = np.random.default_rng(0).integers(0, 256, (14, 10, 3)).astype(np.uint8)
    found, wanted = inpainted(picture, hole(), RADIUS), looped(picture, hole())
    # Where a value lies on .5 the order of float64 sums decides how it is rounded.
    assert np.abs(found.astype(int) - wanted).max() <= 1
    assert np.array_equal(found[~hole()], picture[~hole()])


@pytest.mark.parametrize("direction", ["level", "down", "right"])
def test_plain_colours_and_even_ramps_go_on(direction):
    rows, columns = np.mgrid[:14, :10]
    grey = {"level": np.full((14, 10), 90), "down": 40 + 8 * rows, "right": 40 + 8 * columns}[direction]
    picture = np.repeat(grey[..., None], 3, 2).astype(np.uint8)
    found = inpainted(picture, hole())
    error = np.abs(found.astype(int) - picture)[hole()]
    # A ramp has steps of 8; slopes at the very border are unknown and count as none, so it is not exact.
    assert error.max() <= (0 if direction == "level" else 16)
    assert error.mean() < 8


def test_thirds_are_filled_from_the_visible_ones_of_their_frame():
    picture = np.full((32, 16, 3), 60, np.uint8)
    picture[11:21] = 250
    images, flags = {0: picture}, np.zeros((1, 3), bool)
    flags[0, 1] = True
    filler = filler_for(CompletionConfig(method="telea"), None, None)
    (filling,) = filler.fill([FillTask(0, (1,))], images, flags)
    assert (filling.image == 60).all()
    assert filling.method == "telea"
    flags[:] = True
    assert filler.fill([FillTask(0, (0, 1, 2))], images, flags) == [None]


def test_single_pixels_are_filled_likewise():
    picture = np.full((14, 10, 3), 60, np.uint8)
    picture[hole()] = 250
    others = np.zeros((0, 14, 10, 3), np.uint8)
    filler = pixel_filler_for(CompletionConfig(method="telea", masks="pixels"), None, None)
    filling = filler.fill(Hole(0, picture, hole(), np.arange(0), others, others[..., 0] > 0))
    assert (filling.picture == 60).all()
    assert np.array_equal(filling.filled, hole())
