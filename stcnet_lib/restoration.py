"""Restoration: flagged regions are replaced, everything else stays as it was (paper §4.1, §5.2).

A frame without a flagged region keeps its very bytes. A changed frame is decoded, its flagged bands are
replaced and it is stored as PNG: JPEG would change the visible pixels as well. Where STCnet works at
another size than the frame has, only the restored band is resized, never the frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from stcnet_lib import REGIONS
from stcnet_lib.alignment import matches
from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.images import encode_png
from stcnet_lib.data.store import StoreWriter, TrackletStore
from stcnet_lib.filling import Filler, Filling, FillTask, aligned
from stcnet_lib.judging import WITNESSES, Features, Judge, third_evidence
from stcnet_lib.progress import Progress
from stcnet_lib.references import NONE, nearest, nearest_frames, usable_frames
from stcnet_lib.regions import region_rows
from stcnet_lib.seams import hide_seams


@dataclass
class Record:
    """What was done: one row a flagged region, and how often each case was met."""

    rows: list[tuple[int, int, int, str, int, int, float]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def table(self) -> pd.DataFrame:
        """The form of `regions.parquet`."""
        columns = ["tracklet", "frame", "region", "method", "previous", "next", "confidence"]
        kinds = {"method": "object", "confidence": "float32"}
        table = pd.DataFrame(self.rows, columns=columns)
        return table.astype({name: kinds.get(name, "int64") for name in columns})


def restore(
    config: CompletionConfig,
    source: TrackletStore,
    flags: np.ndarray,
    references: str,
    filler: Filler | None,
    path: Path,
    progress_seconds: float,
    gate: Gate | None = None,
) -> Record:
    """Write the completed store; tracklet numbers, names and roles are the source's.

    Args:
        flags: (F, K) regions to replace.
        references: "frame" or "region", see `StcnetConfig.references`.
        filler: how regions are filled; not needed to discard frames.
        gate: keeps back what is not better; without one all that is flagged is replaced, as in the paper.
    """
    record = Record()
    attributes = source.attributes
    with (
        StoreWriter(
            path,
            dataset=attributes["dataset"],
            layout=attributes["layout"],
            licence=attributes["licence"],
            citation=attributes["citation"],
            config=config.canonical_json(),
            splits=len(source.roles),
        ) as writer,
        Progress("restoring", source.num_frames, "frames", seconds=progress_seconds) as progress,
    ):
        for tracklet, row in enumerate(source.tracklets.itertuples()):
            frames = source.frames_of(tracklet)
            own = flags[frames.start : frames.stop]
            if config.method == "discard":
                kept = _discard(own, frames, record)
            else:
                kept = _fill(config, source, tracklet, frames, own, references, filler, record, gate)
            writer.add_tracklet(row.pid, row.camera, row.name, _named(source, frames, kept))
            progress.advance(len(frames))
        for split, roles in enumerate(source.roles):
            writer.set_roles(split, roles)
    return record


def _named(
    source: TrackletStore, frames: range, kept: dict[int, bytes | None]
) -> Iterator[tuple[int, str, bytes]]:
    """(number, source, bytes) of the frames to write; `None` stands for the unchanged bytes."""
    names = source.sources(frames)
    for frame, changed in kept.items():
        data = source.read_bytes(frame) if changed is None else changed
        yield int(source.frame_number[frame]), names[frame - frames.start], data


def _discard(flags: np.ndarray, frames: range, record: Record) -> dict[int, bytes | None]:
    """Leave flagged frames out; of a tracklet with nothing else, keep those with the fewest flags."""
    amount = flags.sum(1)  # (T,)
    limit = amount.min()
    record.counts["tracklets_without_unoccluded_frame"] += int(limit > 0)
    record.counts["discarded_frames"] += int((amount > limit).sum())
    return {frame: None for frame, flagged in zip(frames, amount, strict=True) if flagged <= limit}


def _fill(
    config: CompletionConfig,
    source: TrackletStore,
    tracklet: int,
    frames: range,
    flags: np.ndarray,
    references: str,
    filler: Filler,
    record: Record,
    gate: Gate | None,
) -> dict[int, bytes | None]:
    """Replace the flagged bands of one tracklet's frames."""
    kept: dict[int, bytes | None] = dict.fromkeys(frames)
    tasks = fill_tasks(config, flags, references, witnesses=gate is not None)
    if not tasks:
        return kept
    images = task_images(source, frames, tasks)
    if config.align:
        tasks = aligned(tasks, images, flags)
    pieces = fill_pieces(filler, tasks, images, flags, config.seam)
    if gate is not None:
        pieces = gate.pass_on(pieces, images, flags, frames.start)
    changed: dict[int, np.ndarray] = {}
    for piece in pieces:
        if piece.filling is not None:
            image = changed.setdefault(piece.task.frame, images[piece.task.frame].copy())
            piece.paste(image, images)
        _note(record, tracklet, frames, piece)
    _count_frames(record, flags, set(changed))
    kept.update({frames.start + t: encode_png(image) for t, image in changed.items()})
    return kept


@dataclass(frozen=True)
class Piece:
    """One region of a task, and what it is replaced by: None leaves it."""

    task: FillTask
    region: int
    filling: Filling | None
    flagged: np.ndarray | None = None  # bool (K,), of its frame, if its seams are to be hidden
    confidence: float = float("nan")  # that this is better; not a number where nobody judges

    @property
    def method(self) -> str:
        return "left" if self.filling is None else self.filling.method

    def picture(self, images: dict[int, np.ndarray]) -> np.ndarray:
        """The frame as it will be if this region alone is replaced, uint8 (H, W, 3)."""
        image = images[self.task.frame]
        if self.filling is not None:
            image = image.copy()
            self.paste(image, images)
        return image

    def paste(self, image: np.ndarray, images: dict[int, np.ndarray]) -> None:
        """Put the region into its frame `image`, uint8 (H, W, 3), in place."""
        paste_band(image, self.filling.image, self.region)
        if self.flagged is not None:
            hide_seams(image, images[self.task.frame], self.filling.image, self.region, self.flagged)


def fill_tasks(
    config: CompletionConfig, flags: np.ndarray, references: str, witnesses: bool = False
) -> list[FillTask]:
    """What is to be filled in the frames of a tracklet with flags (T, K)."""
    return [
        task
        for t in np.flatnonzero(flags.any(1))
        for task in _tasks(config, flags, int(t), references, witnesses)
    ]


def task_images(source: TrackletStore, frames: range, tasks: list[FillTask]) -> dict[int, np.ndarray]:
    """The frames of a tracklet that its tasks need, decoded."""
    needed = sorted(set().union(*(task.needed for task in tasks)))
    return {t: source.read_image(frames.start + t) for t in needed}


def fill_pieces(
    filler: Filler, tasks: list[FillTask], images: dict[int, np.ndarray], flags: np.ndarray, seam: str
) -> list[Piece]:
    """The tasks filled, region by region; `seam` as in `CompletionConfig`."""
    return [
        Piece(task, region, filling, flags[task.frame] if seam == "blend" else None)
        for task, filling in zip(tasks, filler.fill(tasks, images, flags), strict=True)
        for region in task.regions
    ]


class Gate:
    """Lets pass what is better than what it replaces; the rest is copied from the nearest frame, or left."""

    def __init__(
        self,
        judges: Mapping[str, Judge],
        features: Features,
        scores: np.ndarray,
        least: float,
        fallback: Filler,
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

    def pass_on(
        self, pieces: list[Piece], images: dict[int, np.ndarray], flags: np.ndarray, first: int
    ) -> list[Piece]:
        """The pieces of one tracklet, those that do not pass replaced; `first` is its first frame."""
        pieces = self._judged(pieces, images, flags, first)
        refused = [i for i, piece in enumerate(pieces) if not self._passes(piece)]
        alone = [_alone(pieces[i]) for i in refused]
        copies = fill_pieces(self._fallback, alone, images, flags, self._seam)
        copies = self._judged(copies, images, flags, first)
        for i, copy in zip(refused, copies, strict=True):
            if self._passes(copy):
                pieces[i] = replace(copy, task=pieces[i].task)
            else:
                best = np.nanmax([pieces[i].confidence, copy.confidence, 0.0])
                pieces[i] = replace(pieces[i], filling=None, confidence=float(best))
        return pieces

    def _passes(self, piece: Piece) -> bool:
        return piece.filling is not None and piece.confidence >= self._least

    def _judged(
        self, pieces: list[Piece], images: dict[int, np.ndarray], flags: np.ndarray, first: int
    ) -> list[Piece]:
        """The pieces with their confidence; 0 without another frame or a judge of the method."""
        known = [
            i for i, p in enumerate(pieces) if p.filling and p.task.witnesses and p.method in self._judges
        ]
        judged = [replace(piece, confidence=0.0) for piece in pieces]
        if not known:
            return judged
        some = [pieces[i] for i in known]
        found = piece_features(some, images, flags, self._features)
        evidence = piece_evidence(some, found, self._scores[first:])
        for i, row in zip(known, evidence, strict=True):
            chance = self._judges[pieces[i].method].confidence(row[None])[0]
            judged[i] = replace(pieces[i], confidence=float(chance))
        return judged


def _alone(piece: Piece) -> FillTask:
    return replace(piece.task, regions=(piece.region,))


class PieceFeatures(NamedTuple):
    """Features of n pieces of one tracklet, all with witnesses."""

    before: np.ndarray  # (n, D) of the frames as they are
    after: np.ndarray  # (n, D) with the piece
    witnesses: list[np.ndarray]  # n times (W, D)
    likeness: np.ndarray  # (n,) of the frame and its nearest witness, see `alignment.Match`


def piece_features(
    pieces: list[Piece], images: dict[int, np.ndarray], flags: np.ndarray, features: Features
) -> PieceFeatures:
    """What a judge compares; frames that several pieces share are looked at once. `flags` (T, K)."""
    frames = sorted({t for piece in pieces for t in (piece.task.frame, *piece.task.witnesses)})
    place = {t: i for i, t in enumerate(frames)}
    values = features([images[t] for t in frames] + [piece.picture(images) for piece in pieces])
    seen, after = values[: len(frames)], values[len(frames) :]
    return PieceFeatures(
        seen[[place[piece.task.frame] for piece in pieces]],
        after,
        [seen[[place[t] for t in piece.task.witnesses]] for piece in pieces],
        np.array([_likeness(piece.task, images, flags) for piece in pieces]),
    )


def _likeness(task: FillTask, images: dict[int, np.ndarray], flags: np.ndarray) -> float:
    """How alike the frame and its nearest witness are in thirds that both show: a track can change person."""
    nearest_one = min(task.witnesses, key=lambda t: abs(t - task.frame))
    (match,) = matches(images[task.frame], flags[task.frame], [images[nearest_one]], flags[[nearest_one]])
    return match.likeness


def piece_evidence(pieces: list[Piece], found: PieceFeatures, scores: np.ndarray) -> np.ndarray:
    """`third_evidence` of pieces of one tracklet; `scores` (T, K) are its own."""
    return third_evidence(
        np.array([scores[piece.task.frame, piece.region] for piece in pieces]),
        np.array([piece.region for piece in pieces]),
        np.array([min(abs(t - piece.task.frame) for t in piece.task.witnesses) for piece in pieces]),
        *found,
    )


def _tasks(
    config: CompletionConfig, flags: np.ndarray, t: int, references: str, witnesses: bool
) -> list[FillTask]:
    """What to fill in frame t: all its regions at once, or each with references of its own."""
    flagged = tuple(int(k) for k in np.flatnonzero(flags[t]))
    if len(flagged) == len(REGIONS) and config.all_occluded == "leave":
        return [FillTask(t, flagged, NONE, NONE, leave=True)]
    groups = [(region,) for region in flagged] if references == "region" else [flagged]
    tasks = []
    for regions in groups:
        usable = usable_frames(flags, regions[0], references, config.reference_margin)
        previous, following = nearest(usable, t - 1, t + 1)
        leave = previous == following == NONE and config.no_reference == "leave"
        shown = nearest_frames(usable, t, t) if config.method == "median" else ()
        compared = nearest_frames(usable, t, t, WITNESSES) if witnesses else ()
        tasks.append(FillTask(t, regions, previous, following, leave, shown, compared))
    return tasks


def _note(record: Record, tracklet: int, frames: range, piece: Piece) -> None:
    task = piece.task
    numbers = [NONE if t == NONE else frames.start + t for t in (task.previous, task.next)]
    row = (tracklet, frames.start + task.frame, piece.region, piece.method, *numbers, piece.confidence)
    record.rows.append(row)
    record.counts[f"regions_{piece.method}"] += 1
    record.counts["regions_without_reference"] += int(task.previous == task.next == NONE)
    record.counts["regions_with_one_sided_reference"] += int((task.previous == NONE) != (task.next == NONE))


def _count_frames(record: Record, flags: np.ndarray, changed: set[int]) -> None:
    """Flagged frames of one tracklet: restored (a region of it at least, so that it changed) or left."""
    for t in np.flatnonzero(flags.any(1)):
        flagged = int(flags[t].sum())
        record.counts["frames_restored" if int(t) in changed else "frames_left"] += 1
        record.counts["frames_with_several_regions"] += int(1 < flagged < len(REGIONS))
        record.counts["frames_all_occluded"] += int(flagged == len(REGIONS))


def paste_band(image: np.ndarray, filling: np.ndarray, region: int) -> None:
    """Put one region of `filling`, resized if need be, into `image` in place; no other pixel changes.

    The band is made of the rows that overlap it and of no others: beside them `filling` holds what was
    visible. All of them are inside the mask under which the region was filled (`touched_rows`).

    Args:
        image: uint8 (H, W, 3).
        filling: uint8 (h, w, 3), a completion of the same frame at any size.
    """
    height, width = image.shape[:2]
    top, bottom = region_rows(height)[region : region + 2]
    if filling.shape == image.shape:
        image[top:bottom] = filling[top:bottom]
        return
    if top == bottom:  # a frame of two rows has no middle third
        return
    rows, columns = filling.shape[:2]
    first, last = top * rows // height, -(-bottom * rows // height)
    box = (0, top * rows / height - first, columns, bottom * rows / height - first)
    part = Image.fromarray(filling[first:last])
    band = part.resize((width, bottom - top), Image.Resampling.BICUBIC, box=box)
    image[top:bottom] = np.asarray(band)
