"""Work on many items by threads of one process, with results in order and few of them waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item, Result = TypeVar("Item"), TypeVar("Result")

_AHEAD = 4  # items begun or finished for each thread: one that takes long keeps no other thread waiting


def mapped(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results in the order of the items.

    What the items have in common must not be changed by the function. Each thread computes on one core:
    several narrow computations share cores better than one that is spread over them.

    Args:
        threads: with 1 the items are worked on as their results are asked for, by the caller.

    Raises:
        Whatever the function raises, when the item is its turn.
    """
    if threads == 1:
        yield from map(function, items)
        return
    waiting = deque()
    with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= _AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # after an error, or if nobody asks for the rest
            pool.shutdown(cancel_futures=True)
