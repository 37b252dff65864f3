"""Two ways to split values in two classes: Otsu's, and a mixture of two Gaussians (rules for τ, paper §4.1).

Both suppose that there are two classes. Nothing is drawn: equal values give equal splits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
