"""Who walks: identities as combinations of a few clothes, bags, hair styles and builds.

Every palette is small and people come in groups of look-alikes, so no single attribute identifies a person;
only the combination does. That is what makes a hidden third of the body cost something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    (124, 150, 174),  # grey blue
    (112, 74, 104),  # plum
)
SECOND_COLOURS = _rgb((222, 219, 210), (56, 58, 66), (192, 150, 74))  # off-white, charcoal, mustard
LOWER_COLOURS = _rgb(
    (52, 62, 86),  # dark denim
    (44, 44, 50),  # black
    (92, 114, 146),  # denim
    (162, 146, 114),  # khaki
    (118, 120, 126),  # grey
)
BAG_COLOURS = _rgb((62, 54, 52), (126, 84, 58), (70, 84, 112))
SKIN_COLOURS = _rgb((234, 198, 172), (204, 158, 126), (128, 90, 68))
HAIR_COLOURS = _rgb((38, 32, 32), (84, 58, 42), (168, 128, 80))
SHOE_COLOURS = _rgb((46, 44, 46), (206, 202, 196))

PATTERNS = (*4 * ["plain"], "hoops", "vertical", "checks", "block", "two_tone", "yoke", "open_front")
LOWER_KINDS = (*3 * ["trousers"], "wide", "shorts", "skirt", "long_skirt")
HAIR_STYLES = ("short", "short", "bob", "long", "bun", "cap")
BAGS = (*3 * ["none"], "backpack", "shoulder", "handbag")


SHARED = 0.85  # chance that another part than the own one is the model's
PARTS = (
    ("upper", "upper_second", "pattern", "short_sleeves", "hem"),
    ("lower", "lower_kind", "side_stripe", "shoes"),
    ("skin", "hair", "hair_style"),
    ("bag", "bag_colour", "bag_side"),
)


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
    upper = _pick(rng, UPPER_COLOURS)
    short = bool(rng.random() < 0.35)
    return Person(
        upper=upper,
        upper_second=_pick(rng, [colour for colour in SECOND_COLOURS if colour != upper]),
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
    """The person `pid` (1, 2, …) of the data set made with `seed`.

    Four people in a row are dressed after the same model, each with one part of their own: upper garment,
    lower garment, head or bag (`PARTS`). To tell them apart, one has to see that part.
    """
    group, member = divmod(pid - 1, len(PARTS))
    model = draw_person(np.random.default_rng([seed, 1, group]))
    rng = np.random.default_rng([seed, 6, pid])
    person = draw_person(rng)
    shared = rng.random(len(PARTS)) < SHARED
    shared[member] = False
    fields = [field for part, same in zip(PARTS, shared, strict=True) if same for field in part]
    return replace(person, **{field: getattr(model, field) for field in fields})


def _pick(rng: np.random.Generator, choices):
    return choices[int(rng.integers(len(choices)))]
