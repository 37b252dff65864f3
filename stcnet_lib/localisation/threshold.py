"""The threshold τ of occlusion scores (paper §4.1): fixed, as there, or found on the train split.

Two ways split values in two classes: Otsu's, and a mixture of two Gaussians. Both suppose that there are
two, so that there is occlusion to find. Nothing is drawn: equal values give equal splits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from stcnet_lib.config import OcclusionConfig
from stcnet_lib.data.truth import HIDDEN_SHARE

VISIBLE = 0.05  # share of the person covered below which a third counts as untouched
SMALLEST_GAP = 1e-6  # of 1 - score; float32 scores resolve 6e-8, so log(1 - s) is noise under it


def otsu(values: np.ndarray) -> float:
    """Otsu's threshold without bins: of all splits of the sorted values, the one with the largest variance
    between the classes.

    Returns:
        The middle between the two values on both sides of the split.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    below = np.arange(1, len(ordered))
    sums = np.cumsum(ordered - ordered.mean())[:-1]  # centred, so that the variance needs no difference
    between = sums**2 / (below * (len(ordered) - below))
    between[ordered[1:] == ordered[:-1]] = -1.0  # equal values stay together
    split = int(np.argmax(between))
    return float((ordered[split] + ordered[split + 1]) / 2)


@dataclass(frozen=True)
class Mixture:
    """Two Gaussians on a line; every field is (2,), the component of the smaller mean first."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray


_MIXTURE_SAMPLE = 100_000  # order statistics that stand for a larger set: the quantiles move by under 1e-5


def fit_mixture(values: np.ndarray, tolerance: float = 1e-9, iterations: int = 2000) -> Mixture:
    """Expectation maximisation from Otsu's split, until the mean log-likelihood gains less than `tolerance`.

    Raises:
        ValueError: for fewer than two distinct values.
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    if len(x) < 2 or x[0] == x[-1]:
        raise ValueError(
            f"mixture: got {len(x)} values, none distinct, wanted two classes; "
            "set occlusion.threshold to 'fixed' and give occlusion.tau"
        )
    if len(x) > _MIXTURE_SAMPLE:
        x = x[np.linspace(0, len(x) - 1, _MIXTURE_SAMPLE).round().astype(np.int64)]
    floor = 1e-6 * x.var()  # keeps a component from collapsing onto one value
    upper = (x > otsu(x)).astype(np.float64)
    mixture = _maximise(x, upper, floor)
    last = -np.inf
    for _ in range(iterations):
        joint = _log_joint(x, mixture)  # (2, n)
        total = np.logaddexp(joint[0], joint[1])
        mixture = _maximise(x, np.exp(joint[1] - total), floor)
        if total.mean() - last < tolerance:
            break
        last = total.mean()
    order = np.argsort(mixture.means)
    return Mixture(mixture.weights[order], mixture.means[order], mixture.variances[order])


def _maximise(x: np.ndarray, upper: np.ndarray, floor: float) -> Mixture:
    """The M step; `upper` (n,) is the posterior of component 1."""
    shares = np.stack([1 - upper, upper])  # (2, n)
    sizes = shares.sum(axis=1) + 1e-12
    means = shares @ x / sizes
    variances = np.maximum((shares * (x - means[:, None]) ** 2).sum(axis=1) / sizes, floor)
    return Mixture(sizes / len(x), means, variances)


def _log_joint(x: np.ndarray, mixture: Mixture) -> np.ndarray:
    """log of weight times density, (2, n)."""
    variances = mixture.variances[:, None]
    density = -0.5 * ((x - mixture.means[:, None]) ** 2 / variances + np.log(2 * np.pi * variances))
    return np.log(mixture.weights)[:, None] + density


def crossing(mixture: Mixture) -> float | None:
    """Where both components are equally probable, between their means; None if nowhere there."""
    low, high = mixture.means
    difference = np.diff(_log_joint(np.array([low, high]), mixture), axis=0)[0]  # of component 1 over 0
    if not difference[0] < 0 < difference[1]:
        return None  # one component is the more probable one at both means
    for _ in range(200):  # bisection: between the means the difference changes its sign exactly once
        middle = (low + high) / 2
        joint = _log_joint(np.array([middle]), mixture)[:, 0]
        low, high = (middle, high) if joint[1] < joint[0] else (low, middle)
    return float((low + high) / 2)


@dataclass(frozen=True)
class Threshold:
    """τ, the rule that found it, and what the rule saw on the way."""

    tau: float
    rule: str
    details: dict[str, float] = field(default_factory=dict)


def train_scores(table: pd.DataFrame, in_train: np.ndarray) -> np.ndarray:
    """The scores a threshold may be found on, (F', K): of train tracklets of more than one frame.

    Args:
        in_train: (N,) bool.

    The score of a one-frame tracklet is 1 by definition and says nothing about occlusion.
    """
    tracklet = table["tracklet"].to_numpy()
    rows = np.bincount(tracklet, minlength=len(in_train))
    regions = int(table["region"].max()) + 1
    chosen = (np.asarray(in_train, dtype=bool) & (rows > regions))[tracklet]
    return table["score"].to_numpy()[chosen].reshape(-1, regions)


def planted_thresholds(
    scores: np.ndarray, covered: np.ndarray, doubtful: np.ndarray, config: OcclusionConfig
) -> tuple[Threshold, ...]:
    """τ of each third at which a fixed share of visible thirds is flagged, on train tracklets with planted
    occluders; one for all of them unless `per_region`.

    Thirds on which nothing was planted are not all visible: something real hides some of them, and the score
    finds those too. Which share that is, is estimated first (`prevalence`), and what they
    add to the flags is taken off. So where nothing is hidden in reality, nothing is taken off; and where
    the scores cannot tell occluders from people, τ lies so low that hardly anything is flagged.

    Args:
        scores, covered, doubtful: (F, K) of the probe: scores, the share of the person that is covered, and
            thirds of which nobody knows, which do not count.
    """
    groups = [slice(k, k + 1) for k in range(scores.shape[1])] if config.per_region else [slice(None)]
    found = []
    for group in groups:
        values, share, doubt = scores[:, group], covered[:, group], doubtful[:, group]
        hidden = values[share > HIDDEN_SHARE]
        untouched = share < VISIBLE
        threshold = _planted_threshold(values[untouched & ~doubt], hidden, config.false_flags)
        everywhere = prevalence(values[untouched].astype(np.float64), hidden)
        found.append(replace(threshold, details=threshold.details | {"prevalence_with_doubtful": everywhere}))
    return tuple(found) if config.per_region else tuple(found) * scores.shape[1]


def _planted_threshold(others: np.ndarray, hidden: np.ndarray, rate: float) -> Threshold:
    """τ from scores of thirds without a planted occluder, and of thirds that one hides."""
    if not len(others) or not len(hidden):
        raise ValueError(
            f"occlusion.threshold: got 'planted' with {len(hidden)} hidden and {len(others)} other thirds, "
            "wanted some of both: plant more (occlusion.probe), or choose another rule"
        )
    ordered = np.sort(others.astype(np.float64))
    real = prevalence(ordered, hidden)
    flagged = np.arange(1, len(ordered) + 1) / len(ordered)  # share of the others up to each score
    recalls = np.searchsorted(np.sort(hidden), ordered, side="right") / len(hidden)
    false = (flagged - real * recalls) / max(1 - real, 1e-9)
    above = np.flatnonzero(false > rate)
    place = int(above[0]) if len(above) else len(ordered) - 1
    tau = float(ordered[place])  # scores under it are flagged: the first that would be too many is not
    return Threshold(
        tau,
        "planted",
        {
            "recall": float(np.mean(hidden < tau)),
            "false_flags": float(np.clip(false[place - 1], 0, 1)) if place else 0.0,
            "prevalence": real,
            "flagged_without_planting": float(np.mean(ordered < tau)),
            "hidden_thirds": float(len(hidden)),
            "other_thirds": float(len(others)),
        },
    )


def prevalence(others: np.ndarray, hidden: np.ndarray) -> float:
    """Which share of thirds something real hides, at the most that the scores allow.

    If a share π of them looked as planted occlusions do, at least π times as many as of those would have a
    score under any τ. So π is the least ratio of both shares, over the τ under which 20 to 80 % of the
    planted ones lie: fewer would be noise, and among the rest are many that look visible.

    Args:
        others, hidden: scores of thirds without, and under a planted occluder.
    """
    taus = np.quantile(hidden.astype(np.float64), np.linspace(0.2, 0.8, 25))
    ordered = np.sort(others)
    shares = np.searchsorted(ordered, taus, side="left") / len(ordered)
    recalls = np.searchsorted(np.sort(hidden), taus, side="left") / len(hidden)
    return float(np.min(shares / np.maximum(recalls, 1e-9)).clip(0, 1))


def choose_thresholds(scores: np.ndarray, config: OcclusionConfig) -> tuple[Threshold, ...]:
    """A threshold for each region: found on its own train scores, or one on all of them (F', K)."""
    if config.per_region:
        return tuple(choose_threshold(column, config) for column in scores.T)
    return (choose_threshold(scores, config),) * scores.shape[1]


def choose_threshold(scores: np.ndarray, config: OcclusionConfig) -> Threshold:
    """τ by the configured rule, on the scores of the train split only (see `train_scores`)."""
    if config.threshold == "fixed":
        return Threshold(config.tau, "fixed")
    if config.threshold == "planted":
        raise ValueError("occlusion.threshold: got 'planted' without a probe, see `planted_thresholds`")
    scores = np.asarray(scores, dtype=np.float64).ravel()
    if len(scores) < 2 or scores.min() == scores.max():
        raise ValueError(
            f"occlusion.threshold: got '{config.threshold}' with {len(scores)} train scores of one value, "
            "wanted scores that differ; set it to 'fixed' and give occlusion.tau"
        )
    if config.threshold in _OTSU:
        tau = _OTSU[config.threshold](scores)
        return Threshold(tau, config.threshold, {"train_share_under": float(np.mean(scores < tau))})
    return _mixture_threshold(scores)


def _otsu_of_logs(scores: np.ndarray) -> float:
    """Otsu's threshold on log(1 - s).

    The few regions hidden altogether have scores so low that on the plain scale they make a class of
    their own, apart from those half hidden.
    """
    return float(1.0 - np.exp(otsu(np.log(np.maximum(1.0 - scores, SMALLEST_GAP)))))


def _otsu_of_roots(scores: np.ndarray) -> float:
    """Otsu's threshold on (1 - s)^(1/4), which is the root of the angle between a region and its reference.

    Between the plain scale and the logarithm: that one parts what is at rest from what moves at all, so
    that more than a third of what it flags is visible.
    """
    return float(1.0 - otsu(np.maximum(1.0 - scores, 0.0) ** 0.25) ** 4)


_OTSU = {"otsu": otsu, "otsu_root": _otsu_of_roots, "otsu_log": _otsu_of_logs}


def _mixture_threshold(scores: np.ndarray) -> Threshold:
    """τ where the two components of a Gaussian mixture on log(1 - s) are equally probable."""
    logs = np.log(np.maximum(1.0 - scores, SMALLEST_GAP))
    mixture = fit_mixture(logs)
    equal = crossing(mixture)
    if equal is None:
        raise ValueError(
            "occlusion.threshold: got 'mixture', but the two components on log(1 - score) have no crossing "
            f"between their means ({mixture.means[0]:.3f}, {mixture.means[1]:.3f}); use 'otsu' or 'fixed'"
        )
    names = ("visible", "occluded")  # the smaller log(1 - s) is the larger score
    details = {f"{name}_weight": float(mixture.weights[i]) for i, name in enumerate(names)}
    details |= {f"{name}_log_mean": float(mixture.means[i]) for i, name in enumerate(names)}
    details |= {f"{name}_log_sd": float(np.sqrt(mixture.variances[i])) for i, name in enumerate(names)}
    return Threshold(float(1.0 - np.exp(equal)), "mixture", details)
