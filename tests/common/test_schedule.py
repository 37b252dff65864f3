"""Learning rates against the paper's numbers."""

import itertools

import pytest
import torch

from stcnet_lib.common.training.schedule import completion_rate, reid_rate, set_rate
from stcnet_lib.config import ReIDConfig, StcnetConfig


def test_paper_schedule_falls_tenfold_every_fifty_epochs():
    config = ReIDConfig(pretrained="none")
    steps = 7
    rates = [reid_rate(config, epoch * steps, steps) for epoch in (0, 49, 50, 99, 100, 149)]
    assert rates == pytest.approx([3e-4, 3e-4, 3e-5, 3e-5, 3e-6, 3e-6])
    assert reid_rate(config, 50 * steps - 1, steps) == pytest.approx(3e-4)


def test_cosine_rises_over_the_warmup_and_falls_to_nothing():
    config = ReIDConfig(pretrained="none", schedule="cosine", warmup=0.1, epochs=10, lr=1e-3)
    rates = [reid_rate(config, step, 10) for step in range(100)]
    assert all(a < b for a, b in itertools.pairwise(rates[:11]))
    assert rates[10] == pytest.approx(1e-3)
    assert rates[55] == pytest.approx(0.5e-3)  # half of the way down
    assert 0 < rates[99] < 2e-6


def test_a_constant_rate_has_a_warmup_and_no_end():
    config = ReIDConfig(pretrained="none", schedule="constant", warmup=0.1, epochs=200, lr=1e-3)
    rates = [reid_rate(config, step, 10) for step in range(2000)]
    assert all(a < b for a, b in itertools.pairwise(rates[:201]))
    assert set(rates[200:]) == {1e-3}


def test_stcnet_is_constant_in_the_paper():
    config = StcnetConfig(iterations=100)
    assert {completion_rate(config, step) for step in range(100)} == {1e-4}
    cosine = config.model_copy(update={"schedule": "cosine"})
    rates = [completion_rate(cosine, step) for step in (0, 25, 50, 75, 100)]
    assert rates == pytest.approx([1e-4, 0.853553e-4, 0.5e-4, 0.146447e-4, 0], abs=1e-9)


def test_set_rate_reaches_every_group():
    optimizer = torch.optim.Adam([{"params": [torch.zeros(1)]}, {"params": [torch.zeros(1)]}], lr=1.0)
    set_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
