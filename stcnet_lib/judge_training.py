"""Cases from which judges learn (`judging.py`): regions replaced on planted train tracklets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.store import TrackletStore
from stcnet_lib.filling import Filler
from stcnet_lib.gate import piece_evidence, piece_features
from stcnet_lib.judging import EVIDENCE, LEAST_CASES, LEAST_LIKENESS, Features, Judge, fit_judge
from stcnet_lib.pieces import Work
from stcnet_lib.progress import Progress
from stcnet_lib.walkers.truth import HIDDEN_SHARE

MOST_TRACKLETS = 120  # of the probe, evenly spaced
MOST_PIECES = 24  # of a tracklet and filler, evenly spaced
_RAREST = 0.1  # least weight of a planted case against one without an occluder


def cases_of(
    config: CompletionConfig,
    store: TrackletStore,
    truth: TrackletStore,
    scores: np.ndarray,
    flags: np.ndarray,
    covered: np.ndarray,
    references: str,
    fillers: Sequence[Filler],
    features: Features,
    progress_seconds: float,
) -> pd.DataFrame:
    """One row a replaced region and filler: `method`, `frame`, `region`, `better`, and the evidence by name.

    Regions of which nobody knows whether something real hides them, and on which nothing was planted, are no
    cases; nor are regions that no other frame shows, and those of frames that are not alike.

    Args:
        store, truth: of the probe; scores, flags, covered (share of the person): (F, K) of it.
    """
    parts = []
    chosen = np.unique(np.linspace(0, len(store) - 1, min(len(store), MOST_TRACKLETS)).astype(int))
    with Progress("judging", len(chosen), "tracklets", seconds=progress_seconds) as progress:
        for tracklet in chosen.tolist():
            progress.advance()
            frames = store.frames_of(tracklet)
            own = slice(frames.start, frames.stop)
            if not flags[own].any():
                continue
            work = Work.of(config, store, frames, flags[own], references, witnesses=True)
            for filler in fillers:
                pieces = [
                    piece
                    for piece in work.filled(filler, config.seam)
                    if piece.filling is not None and piece.task.witnesses
                ]
                if not pieces:
                    continue
                step = -(-len(pieces) // MOST_PIECES)
                pieces = pieces[::step]
                found = piece_features(pieces, work, features)
                evidence = piece_evidence(pieces, found, scores[own])
                numbers = [frames.start + piece.task.frame for piece in pieces]
                regions = [piece.region for piece in pieces]
                clean = [truth.read_image(number) for number in numbers]
                parts.append(
                    pd.DataFrame(
                        {
                            "method": [piece.method for piece in pieces],
                            "frame": numbers,
                            "region": regions,
                            "better": _nearer(features(clean), found.before, found.after),
                        }
                        | dict(zip(EVIDENCE, evidence.T, strict=True))
                    )
                )
    columns = ["method", "frame", "region", "better", *EVIDENCE]
    cases = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    at = cases["frame"].to_numpy(np.int64), cases["region"].to_numpy(np.int64)
    known = ~truth.doubtful[at] | (covered[at] > 0)
    return cases[known & (cases["likeness"] >= LEAST_LIKENESS)].reset_index(drop=True)


def _nearer(clean: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Whether features (n, D) came nearer to the clean ones, by cosine."""

    def cosine(values: np.ndarray) -> np.ndarray:
        norms = np.linalg.norm(values, axis=1) * np.linalg.norm(clean, axis=1)
        return (values * clean).sum(axis=1) / np.maximum(norms, 1e-12)

    return cosine(after) > cosine(before)


def judges_of(
    cases: pd.DataFrame, covered: np.ndarray, prevalence: float | None
) -> tuple[dict[str, Judge], dict[str, dict[str, float]]]:
    """A judge of every method with enough cases, and what it learned from.

    More is hidden where occluders were planted than elsewhere, and so fewer flags are wrong. Planted cases
    therefore count less, by the odds of what was estimated to be hidden in reality.

    Args:
        covered: (F, K) share of the person that a planted occluder covers.
        prevalence: of thirds hidden in reality; None: as in the probe.
    """
    planted = float((covered > HIDDEN_SHARE).mean())
    weight = 1.0
    if prevalence is not None and 0 < planted < 1:
        odds = max(prevalence, 1e-4) / (1 - min(prevalence, 0.99))
        weight = float(np.clip(odds / (planted / (1 - planted)), _RAREST, 1.0))
    judges, summary = {}, {}
    for name, own in cases.groupby("method"):
        if len(own) < LEAST_CASES:
            continue
        evidence, better = own[list(EVIDENCE)].to_numpy(np.float64), own["better"].to_numpy(bool)
        touched = covered[own["frame"].to_numpy(np.int64), own["region"].to_numpy(np.int64)] > 0
        weights = np.where(touched, weight, 1.0)
        judges[name] = fit_judge(evidence, better, weights)
        sure = judges[name].confidence(evidence) >= 0.5
        summary[name] = {
            "cases": len(own),
            "weight_of_planted": weight,
            "better": float(np.average(better, weights=weights)),
            "confident": float(np.average(sure, weights=weights)),
            "better_if_confident": float(np.average(better[sure], weights=weights[sure]))
            if sure.any()
            else 0.0,
        }
    if not judges:
        raise ValueError(
            f"least_confidence: got {len(cases)} replaced regions on planted train data, wanted "
            f"{LEAST_CASES} at least: plant more (occlusion.probe.frames), or set least_confidence to 0"
        )
    return judges, summary
