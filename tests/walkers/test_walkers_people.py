"""Look-alikes share clothes, but no two of them all; nobody's look depends on who is in the data set."""

import itertools
from dataclasses import asdict

import numpy as np

from stcnet_lib.walkers.people import PARTS, SHARED, identity


def looks(seed, pid):
    person = asdict(identity(seed, pid))
    return [tuple(person[field] for field in part) for part in PARTS]


def test_look_alikes_share_most_parts_of_their_clothes():
    alike, strangers = [], []
    for group in range(200):
        people = [looks(0, 4 * group + member + 1) for member in range(4)]
        other = looks(0, 4 * group + 5)
        for a, b in itertools.combinations(people, 2):
            alike.append(np.mean([x == y for x, y in zip(a, b, strict=True)]))
        strangers.append(np.mean([x == y for x, y in zip(people[0], other, strict=True)]))
    # Two of the four parts are one's own or the other's; the rest is the model's for both.
    wanted = SHARED**2 / 2
    assert wanted - 0.03 < np.mean(alike) < wanted + 0.12  # and chance makes some more parts equal
    assert np.mean(strangers) < 0.15


def test_a_person_is_a_function_of_seed_and_number():
    assert identity(0, 7) == identity(0, 7)
    assert identity(0, 7) != identity(1, 7)
    assert len({identity(0, pid) for pid in range(1, 201)}) == 200
