"""What comes between a walker and the camera: street furniture, plants, vehicles, other walkers."""

from __future__ import annotations

import numpy as np

from stcnet_lib.walkers import foliage, furniture, traffic
from stcnet_lib.walkers.cameras import soften
from stcnet_lib.walkers.sprites import Setting, Sprite

STANDING = {
    "pole": furniture.pole,
    "sign": furniture.sign,
    "branch": foliage.branch,
    "barrier": furniture.barrier,
    "bench": furniture.bench,
    "bin": furniture.bin,
    "hedge": foliage.hedge,
}
MOVING = {"walker": traffic.passer_by, "car": traffic.car, "bicycle": traffic.cyclist}
KINDS = {  # which bands a kind can be made to hide, and how often it is chosen for one of them
    "pole": {"all": 1},
    "sign": {"upper": 1, "middle": 1, "upper+middle": 1},
    "branch": {"upper": 1.2, "upper+middle": 1},
    "barrier": {"middle": 1.4, "middle+lower": 0.7},
    "bench": {"lower": 1, "middle+lower": 0.7},
    "bin": {"lower": 1, "middle+lower": 0.7},
    "hedge": {"lower": 1, "middle+lower": 0.7},
    "walker": {"all": 2.5, "middle+lower": 2.5},
    "car": {"middle+lower": 1.6},
    "bicycle": {"all": 1, "middle+lower": 1},
}


def draw_occluder(kind: str, rng: np.random.Generator, setting: Setting) -> Sprite:
    """An occluder of this kind, with its own colours, size and height."""
    if kind in MOVING:
        layer, unit_top = MOVING[kind](rng, setting)
    else:
        layer, unit_top = STANDING[kind](rng, setting)
    rgb, alpha = (soften(part, setting.camera.blur) for part in (layer.rgb, layer.alpha))
    return Sprite(kind, rgb, alpha, -unit_top * setting.scale, kind in MOVING)
