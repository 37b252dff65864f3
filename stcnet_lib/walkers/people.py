"""Who walks: identities as combinations of a few clothes, bags, hair styles and builds.

Every palette is small, so no single attribute identifies a person; only the combination does. That is what
makes a hidden third of the body cost something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet_lib.walkers.shapes import Colour


def _rgb(*colours: tuple[int, int, int]) -> tuple[Colour, ...]:
    return tuple((r / 255, g / 255, b / 255) for r, g, b in colours)


UPPER_COLOURS = _rgb(
    (56, 58, 66),  # charcoal
    (50, 66, 104),  # navy
    (152, 66, 60),  # brick
    (102, 110, 72),  # olive
    (198, 178, 142),  # sand
    (222, 219, 210),  # off-white
    (124, 150, 174),  # grey blue
    (192, 150, 74),  # mustard
    (62, 114, 114),  # teal
    (112, 74, 104),  # plum
)
LOWER_COLOURS = _rgb(
    (52, 62, 86),  # dark denim
    (92, 114, 146),  # denim
    (44, 44, 50),  # black
    (162, 146, 114),  # khaki
    (118, 120, 126),  # grey
    (92, 70, 58),  # brown
)
BAG_COLOURS = _rgb((62, 54, 52), (126, 84, 58), (86, 98, 84), (70, 84, 112), (156, 70, 66))
SKIN_COLOURS = _rgb((234, 198, 172), (212, 168, 136), (170, 122, 90), (116, 80, 60))
HAIR_COLOURS = _rgb((38, 32, 32), (84, 58, 42), (168, 128, 80), (150, 146, 142))
SHOE_COLOURS = _rgb((46, 44, 46), (206, 202, 196), (112, 76, 54))

PATTERNS = ("plain", "plain", "hoops", "vertical", "checks", "block", "two_tone", "yoke", "open_front")
LOWER_KINDS = ("trousers", "trousers", "wide", "shorts", "skirt", "long_skirt")
HAIR_STYLES = ("short", "short", "bob", "long", "bun", "cap")
BAGS = ("none", "none", "backpack", "shoulder", "handbag")


@dataclass(frozen=True)
class Person:
    """Everything that stays the same before every camera."""

    upper: Colour
    upper_second: Colour
    pattern: str
    short_sleeves: bool
    hem: float  # y of the upper garment's lower edge, body units
    lower: Colour
    lower_kind: str
    side_stripe: bool
    shoes: Colour
    bag: str
    bag_colour: Colour
    bag_side: int  # +1: the person's left
    skin: Colour
    hair: Colour
    hair_style: str
    build: float  # width of the body, 1 is average
    head: float  # size of the head, 1 is average: tall people's is smaller
    stride: float  # amplitude of the thighs, radians
    arm_swing: float  # amplitude of the arms, radians
    cadence: float  # gait cycles in one frame


def draw_person(rng: np.random.Generator) -> Person:
    """A random combination of the palettes."""
    first, second = rng.permutation(len(UPPER_COLOURS))[:2]
    short = bool(rng.random() < 0.35)
    return Person(
        upper=UPPER_COLOURS[first],
        upper_second=UPPER_COLOURS[second],
        pattern=_pick(rng, PATTERNS),
        short_sleeves=short,
        hem=0.525 if short else _pick(rng, (0.525, 0.55, 0.65)),
        lower=_pick(rng, LOWER_COLOURS),
        lower_kind=_pick(rng, LOWER_KINDS),
        side_stripe=bool(rng.random() < 0.15),
        shoes=_pick(rng, SHOE_COLOURS),
        bag=_pick(rng, BAGS),
        bag_colour=_pick(rng, BAG_COLOURS),
        bag_side=1 if rng.random() < 0.5 else -1,
        skin=_pick(rng, SKIN_COLOURS),
        hair=_pick(rng, HAIR_COLOURS),
        hair_style=_pick(rng, HAIR_STYLES),
        build=_pick(rng, (0.9, 1.0, 1.0, 1.14)),
        head=_pick(rng, (0.94, 1.0, 1.08)),
        stride=rng.uniform(0.28, 0.39),
        arm_swing=rng.uniform(0.2, 0.5),
        cadence=rng.uniform(0.055, 0.07),
    )


def identity(seed: int, pid: int) -> Person:
    """The person `pid` of the data set made with `seed`."""
    return draw_person(np.random.default_rng([seed, 1, pid]))


def _pick(rng: np.random.Generator, choices):
    return choices[int(rng.integers(len(choices)))]
