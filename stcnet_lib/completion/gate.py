"""The judge at work: what it sees of a replaced region, and what becomes of the ones that are not better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from stcnet_lib.completion.alignment import LEAST_LIKENESS
from stcnet_lib.completion.judging import Features, Judge, third_evidence
from stcnet_lib.completion.pieces import Piece, Work
from stcnet_lib.completion.pixels.within import PixelsWithin
from stcnet_lib.completion.seams import MOST_GAP
from stcnet_lib.completion.task import Filler, FillTask


class Gate:
    """Lets pass what is better than what it replaces; the rest is copied from the nearest frame, or left."""

    def __init__(
        self,
        judges: Mapping[str, Judge],
        features: Features,
        scores: np.ndarray,
        least: float,
        fallback: Filler | PixelsWithin,
        seam: str = "none",
    ) -> None:
        """
        Args:
            judges: of every method of the filler and of the fallback, see `Filling.method`.
            scores: (F, K) of the store.
            least: confidence below which a piece does not pass.
        """
        self._judges, self._features, self._scores = judges, features, scores
        self._least, self._fallback, self._seam = least, fallback, seam

    def pass_on(self, pieces: list[Piece], work: Work, first: int) -> list[Piece]:
        """The pieces of one tracklet, those that do not pass replaced; `first` is its first frame."""
        pieces = self._judged(pieces, work, first)
        refused = [i for i, piece in enumerate(pieces) if not self._passes(piece)]
        alone = [_alone(pieces[i]) for i in refused]
        copies = work.filled(self._fallback, self._seam, alone)
        copies = self._judged(copies, work, first)
        for i, copy in zip(refused, copies, strict=True):
            if self._passes(copy):
                pieces[i] = replace(copy, task=pieces[i].task)
            else:
                best = np.nanmax([pieces[i].confidence, copy.confidence, 0.0])
                pieces[i] = replace(pieces[i], filling=None, confidence=float(best))
        return pieces

    def _passes(self, piece: Piece) -> bool:
        return piece.filling is not None and piece.confidence >= self._least

    def _judged(self, pieces: list[Piece], work: Work, first: int) -> list[Piece]:
        """The pieces with their confidence; 0 without a judge, or where none can tell."""
        known = [i for i, p in enumerate(pieces) if p.method in self._judges and can_be_judged(p, work)]
        judged = [replace(piece, confidence=0.0) for piece in pieces]
        if not known:
            return judged
        some = [pieces[i] for i in known]
        found = piece_features(some, work, self._features)
        evidence = piece_evidence(some, found, self._scores[first:])
        for i, row in zip(known, evidence, strict=True):
            chance = self._judges[pieces[i].method].confidence(row[None])[0]
            judged[i] = replace(pieces[i], confidence=float(chance))
        return judged


def can_be_judged(piece: Piece, work: Work) -> bool:
    """Whether it replaces something, another frame that is alike shows the region, and it fits beside it.

    What is not alike, or does not fit at all, passes in no case: a track can change person, and planted
    tracklets hold too few such changes to learn from.
    """
    if piece.filling is None or not piece.task.witnesses:
        return False
    return work.likeness(piece.task) >= LEAST_LIKENESS and piece.gap <= MOST_GAP


def _alone(piece: Piece) -> FillTask:
    return replace(piece.task, regions=(piece.region,))


class PieceFeatures(NamedTuple):
    """Features of n pieces of one tracklet, all with witnesses."""

    before: np.ndarray  # (n, D) of the frames as they are
    after: np.ndarray  # (n, D) with the piece
    witnesses: list[np.ndarray]  # n times (W, D)
    likeness: np.ndarray  # (n,) of the frame and its nearest witness, see `alignment.Match`
    gaps: np.ndarray  # (n,) between the source and what is beside the region, `seams.border_gap`


def piece_features(pieces: list[Piece], work: Work, features: Features) -> PieceFeatures:
    """What a judge compares; frames that several pieces share are looked at once."""
    images = work.images
    frames = sorted({t for piece in pieces for t in (piece.task.frame, *piece.task.witnesses)})
    place = {t: i for i, t in enumerate(frames)}
    values = features([images[t] for t in frames] + [piece.picture(images) for piece in pieces])
    seen, after = values[: len(frames)], values[len(frames) :]
    return PieceFeatures(
        seen[[place[piece.task.frame] for piece in pieces]],
        after,
        [seen[[place[t] for t in piece.task.witnesses]] for piece in pieces],
        np.array([work.likeness(piece.task) for piece in pieces]),
        np.array([piece.gap for piece in pieces]),
    )


def piece_evidence(pieces: list[Piece], found: PieceFeatures, scores: np.ndarray) -> np.ndarray:
    """`third_evidence` of pieces of one tracklet; `scores` (T, K) are its own."""
    return third_evidence(
        np.array([scores[piece.task.frame, piece.region] for piece in pieces]),
        np.array([piece.region for piece in pieces]),
        np.array([min(abs(t - piece.task.frame) for t in piece.task.witnesses) for piece in pieces]),
        *found,
    )
