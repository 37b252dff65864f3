"""Threads that work on items: order, errors, and how far ahead they go."""

import threading
import time

import pytest
import torch

from stcnet_lib.common.side_by_side import mapped


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads):
    def slow_at_first(item):
        time.sleep(0.05 if item == 0 else 0)
        return item * item

    assert list(mapped(slow_at_first, range(40), threads)) == [n * n for n in range(40)]


def test_several_threads_work_at_a_time():
    both = threading.Barrier(2, timeout=20)  # nobody passes it alone
    assert sorted(mapped(lambda item: (both.wait(), item)[1], range(2), 2)) == [0, 1]


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_is_raised_when_the_item_is_its_turn(threads):
    def fail(item):
        if item == 3:
            raise OSError("no space left")
        return item

    results = mapped(fail, range(100), threads)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="no space left"):
        next(results)


@pytest.mark.parametrize("threads", [1, 2])
def test_items_are_begun_only_some_ahead_of_what_is_asked_for(threads):
    begun = []
    results = mapped(begun.append, iter(range(1000)), threads)
    next(results)
    results.close()
    assert len(begun) <= 4 * threads


def test_each_thread_computes_on_one_core_and_the_caller_as_before():
    before = torch.get_num_threads()
    assert set(mapped(lambda _: torch.get_num_threads(), range(8), 2)) == {1}
    assert torch.get_num_threads() == before
