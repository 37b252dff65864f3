"""Nothing made worse: is a third better after it was replaced? The paper replaces whatever is flagged.

Where occluders were planted the answer is known: a replaced third is better if the guider's feature of the
frame came nearer to that of the clean frame. What is seen without the truth is related to that: how likely
the third was hidden, how much the frame resembles others that show the third, without and with the
replacement, how far these are away, how alike they are where both are visible, since a track can change
person, and whether the replacement fits what is beside it. A logistic regression on the probe, the train
tracklets with planted occluders, turns these into a confidence, one for each method. A visible third that was
flagged by mistake is never better afterwards, so wrong flags are learned from too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.common.forms import Form, read_record, write_record

JUDGES = Form("stcnet-judges", 1)
Features = Callable[[list[np.ndarray]], np.ndarray]  # n pictures, uint8 (h, w, 3) each -> float (n, D)

WITNESSES = 6  # nearest frames that show the third, with which the frame is compared
EVIDENCE = ("hidden", "before", "after", "distance", "likeness", "gap", *REGIONS[1:])
LEAST_CASES = 30  # of a method, better and worse ones together, to learn from
_RIDGE = 1.0  # of standardised weights: a few cases decide nothing


@dataclass(frozen=True)
class Judge:
    """What `fit_judge` found of one method: the confidence is the logistic function of a weighted sum."""

    mean: np.ndarray  # (E,) of the evidence
    scale: np.ndarray  # (E,) its standard deviation
    weights: np.ndarray  # (E + 1,) of the standardised evidence, and a constant

    def confidence(self, evidence: np.ndarray) -> np.ndarray:
        """Chances (n,) that a replaced third is better, of evidence (n, E)."""
        values = (evidence - self.mean) / self.scale @ self.weights[:-1] + self.weights[-1]
        return 1 / (1 + np.exp(-np.clip(values, -30, 30)))

    def as_json(self) -> dict[str, list[float]]:
        return {name: getattr(self, name).tolist() for name in ("mean", "scale", "weights")}

    @classmethod
    def from_json(cls, values: Mapping[str, Sequence[float]]) -> Judge:
        return cls(*(np.asarray(values[name], dtype=np.float64) for name in ("mean", "scale", "weights")))


def write_judges(path: str | Path, judges: Mapping[str, Judge], methods: Mapping[str, Any]) -> None:
    """Write `judge.json`: the judges by method, and what was found of each method on the probe."""
    found = {name: judge.as_json() for name, judge in judges.items()}
    write_record(path, {"judges": found, "methods": methods}, JUDGES)


def read_judges(path: str | Path) -> dict[str, Judge]:
    """The judges of `judge.json`, by method.

    Raises:
        FormError: a file of another form.
    """
    found = read_record(path, JUDGES)["judges"]
    return {name: Judge.from_json(values) for name, values in found.items()}


def fit_judge(evidence: np.ndarray, better: np.ndarray, counts: np.ndarray) -> Judge:
    """Logistic regression with a ridge, by Newton's method.

    Args:
        evidence: (n, E); better: bool (n,).
        counts: (n,) how much each case counts.
    """
    mean, scale = evidence.mean(axis=0), evidence.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    x = np.concatenate([(evidence - mean) / scale, np.ones((len(evidence), 1))], axis=1)
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[-1] = 1e-3  # the constant is free
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (counts * (better - chance)) - ridge * weights
        curvature = (x * (counts * chance * (1 - chance))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return Judge(mean, scale, weights)


def third_evidence(
    scores: np.ndarray,
    regions: np.ndarray,
    distances: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    witnesses: Sequence[np.ndarray],
    likeness: np.ndarray,
    gaps: np.ndarray,
) -> np.ndarray:
    """What is seen of n replaced thirds without the truth, (n, len(EVIDENCE)).

    Args:
        scores: (n,) occlusion scores, small where something hides the third.
        regions: (n,) which third.
        distances: (n,) frames to the nearest reference.
        before, after: (n, D) features of the frame without and with the replacement.
        witnesses: n times (W, D), W >= 1, features of frames that show the third.
        likeness: (n,) correlation of the frame and the nearest of these in thirds that both show.
        gaps: (n,) how far the source is from the frame beside the third, `seams.border_gap`.
    """
    means = np.stack([_unit(own).mean(axis=0) for own in witnesses]) if len(witnesses) else before
    logit = np.log(np.clip(1 - scores, 1e-6, 1)) - np.log(np.clip(scores, 1e-6, 1))
    columns = [logit, _cosine(before, means), _cosine(after, means), np.log1p(distances), likeness, gaps]
    columns += [regions == k for k in range(1, len(REGIONS))]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def nearer(clean: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Whether features (n, D) came nearer to the clean ones, by cosine: bool (n,)."""
    return _cosine(after, clean) > _cosine(before, clean)


def _unit(features: np.ndarray) -> np.ndarray:
    features = np.asarray(features, dtype=np.float64)
    return features / np.maximum(np.linalg.norm(features, axis=-1, keepdims=True), 1e-12)


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (_unit(a) * _unit(b)).sum(axis=-1)
