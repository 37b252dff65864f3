"""The rule `planted`, on scores of which everything is known."""

import numpy as np
import pytest

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.localisation.threshold import planted_thresholds, prevalence

VISIBLE, HIDDEN = (0.9, 0.05), (0.6, 0.15)  # mean and deviation of scores


def probe(rng, real, planted=4000, others=40_000, visible=VISIBLE, hidden=HIDDEN):
    """Scores (F, 1) and shares covered: `real` of the thirds without planted occluder are hidden as well."""
    truly = rng.random(others) < real
    scores = np.concatenate(
        [
            np.where(truly, rng.normal(*hidden, others), rng.normal(*visible, others)),
            rng.normal(*hidden, planted),
        ]
    )
    covered = np.concatenate([np.zeros(others), np.full(planted, 0.8)])
    return scores[:, None], covered[:, None], np.concatenate([truly, np.ones(planted, bool)])[:, None]


def found(scores, covered, doubtful=None, rate=0.01, per_region=True):
    config = OcclusionConfig(threshold="planted", false_flags=rate, per_region=per_region)
    if doubtful is None:
        doubtful = np.zeros(scores.shape, bool)
    return planted_thresholds(scores, covered, doubtful, config)


@pytest.mark.parametrize("real", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("rate", [0.01, 0.03])
def test_the_rate_of_false_flags_is_kept_whatever_is_hidden_in_reality(real, rate):
    rng = np.random.default_rng(0)
    scores, covered, hidden = probe(rng, real)
    (threshold,) = found(scores, covered, rate=rate)
    flagged = scores < threshold.tau
    assert flagged[~hidden].mean() == pytest.approx(rate, abs=0.006)  # prevalence errs low, by chance
    assert threshold.details["recall"] == pytest.approx(flagged[covered > 0].mean(), abs=1e-9)
    assert threshold.details["prevalence"] == pytest.approx(real, abs=0.012)


def test_where_nothing_is_hidden_hardly_anything_is_flagged():
    rng = np.random.default_rng(1)
    scores, covered, _ = probe(rng, 0.0)
    (threshold,) = found(scores, covered)
    fresh = rng.normal(*VISIBLE, 100_000)
    assert np.mean(fresh < threshold.tau) < 0.014
    assert threshold.details["prevalence"] < 0.01


def test_doubtful_thirds_do_not_count():
    rng = np.random.default_rng(3)
    scores, covered, hidden = probe(rng, 0.2)
    doubtful = hidden & (covered == 0)
    (threshold,) = found(scores, covered, doubtful)
    assert threshold.details["prevalence"] < 0.012
    assert threshold.details["other_thirds"] == (~hidden).sum()


def test_one_threshold_for_all_thirds_or_each_its_own():
    rng = np.random.default_rng(4)
    parts = [probe(rng, 0.05, visible=(mean, 0.03)) for mean in (0.9, 0.85, 0.95)]
    scores, covered = (np.concatenate([part[i] for part in parts], axis=1) for i in (0, 1))
    each = [threshold.tau for threshold in found(scores, covered)]
    assert each[1] < each[0] < each[2]
    one = found(scores, covered, per_region=False)
    assert len(one) == 3
    assert len({threshold.tau for threshold in one}) == 1


def test_without_planted_thirds_there_is_nothing_to_learn_from():
    with pytest.raises(ValueError, match="0 hidden and 30 other thirds"):
        found(np.ones((30, 1)), np.zeros((30, 1)))


def test_prevalence_is_the_least_ratio():
    hidden = np.linspace(0, 1, 1001)
    others = np.concatenate([np.linspace(0, 1, 101), np.full(899, 5.0)])
    assert prevalence(others, hidden) == pytest.approx(0.101, abs=0.003)
