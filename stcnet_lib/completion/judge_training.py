"""Cases from which judges learn (`judging.py`): regions replaced on planted train tracklets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stcnet_lib.common.progress import Progress
from stcnet_lib.completion.gate import can_be_judged, piece_evidence, piece_features
from stcnet_lib.completion.judging import EVIDENCE, LEAST_CASES, Features, Judge, fit_judge, nearer
from stcnet_lib.completion.pieces import Work
from stcnet_lib.completion.pixels.holes import MaskSource
from stcnet_lib.completion.pixels.within import PixelsWithin
from stcnet_lib.completion.task import Filler
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.data.truth import HIDDEN_SHARE

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
    references: ReferencesConfig,
    fillers: Sequence[Filler | PixelsWithin],
    features: Features,
    progress_seconds: float,
    masks: MaskSource | None = None,
) -> pd.DataFrame:
    """One row a replaced region and filler: `method`, `frame`, `region`, `better`, and the evidence by name.

    Regions of which nobody knows whether something real hides them, and on which nothing was planted, are no
    cases; nor are regions that no other frame shows, and those of frames that are not alike.

    Args:
        store, truth: of the probe; scores, flags, covered (share of the person): (F, K) of it.
        masks: hidden pixels of the probe, where in flagged regions these alone are replaced.
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
            hidden = None if masks is None else masks.read(frames)
            work = Work.of(config, store, frames, flags[own], references, True, hidden)
            clean = {
                t: truth.read_image(frames.start + t) for t in np.flatnonzero(flags[own].any(1)).tolist()
            }
            for filler in fillers:
                cases = _cases_of_one(work, filler, config.seam, scores[own], clean, features)
                if cases is not None:
                    parts.append(cases.assign(frame=cases["frame"] + frames.start))
    columns = ["method", "frame", "region", "better", *EVIDENCE]
    cases = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    at = cases["frame"].to_numpy(np.int64), cases["region"].to_numpy(np.int64)
    return cases[~truth.doubtful[at] | (covered[at] > 0)].reset_index(drop=True)


def _cases_of_one(
    work: Work,
    filler: Filler | PixelsWithin,
    seam: str,
    scores: np.ndarray,
    clean: dict[int, np.ndarray],
    features: Features,
) -> pd.DataFrame | None:
    """Those of one tracklet and filler, frames numbered within it; None without any.

    Args:
        scores: (T, K); clean: the flagged frames without occluders.
    """
    pieces = [
        piece for piece in work.filled(filler, seam) if piece.filling is not None and piece.task.witnesses
    ]
    step = -(-len(pieces) // MOST_PIECES) or 1
    pieces = [piece for piece in pieces[::step] if can_be_judged(piece, work)]
    if not pieces:
        return None
    found = piece_features(pieces, work, features)
    evidence = piece_evidence(pieces, found, scores)
    wanted = features([clean[piece.task.frame] for piece in pieces])
    return pd.DataFrame(
        {
            "method": [piece.method for piece in pieces],
            "frame": [piece.task.frame for piece in pieces],
            "region": [piece.region for piece in pieces],
            "better": nearer(wanted, found.before, found.after),
        }
        | dict(zip(EVIDENCE, evidence.T, strict=True))
    )


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
