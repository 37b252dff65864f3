"""Which test tracklets are queries, where the source does not say (`dataset.queries`).

`spare`: of every person and camera with two or more tracklets the first is a query and the others are
gallery. A person whom no camera saw twice gives the tracklet of the first camera as the query. A person
seen by one camera only is gallery, since nothing could match. So every query has a match before another
camera, and no tracklet is both.

`every_camera`: the first tracklet of every person and camera is a query. Meant for the protocols in whose
gallery queries stand too; with one tracklet a person and camera `gallery-only` finds no gallery left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from stcnet_lib.config import QueryRule


def choose_queries(tracklets: Sequence[tuple[Hashable, Hashable]], rule: QueryRule) -> set[int]:
    """Places of the queries among (person, camera) of tracklets that are in a fixed order."""
    people: dict[Hashable, dict[Hashable, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, (person, camera) in enumerate(tracklets):
        people[person][camera].append(place)
    queries: set[int] = set()
    for cameras in people.values():
        if rule == "every_camera":
            queries.update(places[0] for places in cameras.values())
        elif len(cameras) > 1:
            several = [places[0] for places in cameras.values() if len(places) > 1]
            queries.update(several or [next(iter(cameras.values()))[0]])
    return queries
