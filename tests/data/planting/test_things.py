"""Things of no kind: they hide what they are to hide, and differ from each other."""

import numpy as np
import pytest

from stcnet_lib.data.planting.things import THING, draw_thing
from stcnet_lib.walkers.cameras import camera
from stcnet_lib.walkers.sprites import Setting

SCALE = 115.0  # pixels from head to feet


def thing(band, seed, piece=None):
    rng = np.random.default_rng(seed)
    return draw_thing(rng, Setting(SCALE, 1, band, camera(0, 0)), piece or (lambda rng: None))


@pytest.mark.parametrize("band", ["lower", "middle", "upper", "middle+lower", "upper+middle", "all"])
def test_a_thing_covers_rows_of_its_band(band):
    rows = {"upper": (0.02, 0.26), "middle": (0.38, 0.58), "lower": (0.7, 1.0)}
    wanted = ["upper", "middle", "lower"] if band == "all" else band.split("+")
    for seed in range(30):
        sprite = thing(band, seed)
        assert sprite.kind == THING
        assert sprite.alpha.shape == sprite.rgb.shape[1:]
        assert sprite.alpha.min() >= 0
        assert sprite.alpha.max() <= 1.001
        assert sprite.alpha.any()
        assert (sprite.rgb <= sprite.alpha + 1e-6).all()
        assert sprite.rgb.min() >= 0
        for name in wanted:
            low, high = (round(sprite.origin + y * SCALE) for y in rows[name])
            inside = sprite.alpha[0, max(low, 0) : high]
            assert len(inside) >= high - max(low, 0) - 1  # the canvas reaches as far as the band


def test_things_differ_and_repeat_for_a_seed():
    drawn = [thing("all", seed) for seed in range(20)]
    assert len({sprite.alpha.shape for sprite in drawn}) > 15
    again = thing("all", 3)
    assert np.array_equal(again.rgb, drawn[3].rgb)
    assert np.array_equal(again.alpha, drawn[3].alpha)


def test_some_show_a_piece_of_another_picture():
    red = np.zeros((40, 20, 3), np.uint8)
    red[..., 0] = 200
    shares = []
    for seed in range(40):
        sprite = thing("middle+lower", seed, lambda rng: red)
        total = sprite.rgb.sum(axis=(1, 2, 3))
        shares.append(total[0] / total.sum())
    assert 5 <= sum(share > 0.999 for share in shares) <= 20  # about 30 % of them are nothing but red
