"""Restoration: flagged regions are replaced, everything else stays as it was (paper §4.1, §5.2).

A frame without a flagged region keeps its very bytes. A changed frame is decoded, its flagged bands are
replaced and it is stored as PNG: JPEG would change the visible pixels as well. Where STCnet works at
another size than the frame has, only the restored band is resized, never the frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from stcnet_lib import REGIONS
from stcnet_lib.common.progress import Progress
from stcnet_lib.common.side_by_side import mapped
from stcnet_lib.completion.gate import Gate
from stcnet_lib.completion.pieces import Piece, Work
from stcnet_lib.completion.pixels.holes import MaskSource, PixelFiller, holes, touched_regions
from stcnet_lib.completion.pixels.within import PixelsWithin
from stcnet_lib.completion.record import Record
from stcnet_lib.completion.task import Filler
from stcnet_lib.config import CompletionConfig, ReferencesConfig
from stcnet_lib.config.methods import METHODS
from stcnet_lib.data.store.images import encode_png
from stcnet_lib.data.store.tracklets import StoreWriter, TrackletStore


def restore(
    config: CompletionConfig,
    source: TrackletStore,
    flags: np.ndarray | None,
    references: ReferencesConfig,
    filler: Filler | PixelFiller | PixelsWithin | None,
    path: Path,
    progress_seconds: float,
    gate: Gate | None = None,
    masks: MaskSource | None = None,
    threads: int = 1,
) -> Record:
    """Write the completed store; tracklet numbers, names and roles are the source's.

    Args:
        flags: (F, K) regions to replace; None: whatever pixels are hidden.
        references: which frames regions are filled from.
        filler: how regions are filled; not needed to discard frames.
        gate: keeps back what is not better; without one all that is flagged is replaced, as in the paper.
        masks: hidden pixels; the filler then fills pixels, and with flags they alone are replaced in flagged
            regions.
        threads: that work on tracklets side by side; the result is the same.
    """
    record = Record()

    def completed(tracklet: int) -> tuple[dict[int, bytes | None], Record]:
        frames, own_record = source.frames_of(tracklet), Record()
        own = None if flags is None else flags[frames.start : frames.stop]
        if masks is not None and own is None:
            kept = _fill_pixels(config, source, tracklet, frames, masks.read(frames), filler, own_record)
        elif METHODS[config.method].drops_frames:
            kept = _discard(own, frames, own_record)
        else:
            hidden = None if masks is None else masks.read(frames)
            kept = _fill(config, source, tracklet, frames, own, references, filler, own_record, gate, hidden)
        return kept, own_record

    with (
        _writer(config, source, path) as writer,
        Progress("restoring", source.num_frames, "frames", seconds=progress_seconds) as progress,
    ):
        results = mapped(completed, range(len(source)), threads)
        for tracklet, (row, (kept, own)) in enumerate(
            zip(source.tracklets.itertuples(), results, strict=True)
        ):
            frames = source.frames_of(tracklet)
            record.add(own)
            writer.add_tracklet(row.pid, row.camera, row.name, _named(source, frames, kept))
            progress.advance(len(frames))
        for split, roles in enumerate(source.roles):
            writer.set_roles(split, roles)
    return record


def _writer(config: CompletionConfig, source: TrackletStore, path: Path) -> StoreWriter:
    """Of a store that is as the source, and says how it was completed."""
    kept = {name: source.attributes[name] for name in ("dataset", "layout", "licence", "citation")}
    return StoreWriter(path, **kept, config=config.canonical_json(), splits=len(source.roles))


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
    references: ReferencesConfig,
    filler: Filler | PixelsWithin,
    record: Record,
    gate: Gate | None,
    masks: Sequence[np.ndarray] | None,
) -> dict[int, bytes | None]:
    """Replace the flagged bands of one tracklet's frames, or of these the hidden pixels alone."""
    kept: dict[int, bytes | None] = dict.fromkeys(frames)
    if not flags.any():
        return kept
    work = Work.of(config, source, frames, flags, references, gate is not None, masks)
    pieces = work.filled(filler, config.seam)
    if gate is not None:
        pieces = gate.pass_on(pieces, work, frames.start)
    changed: dict[int, np.ndarray] = {}
    for piece in pieces:
        if piece.filling is not None:
            image = changed.setdefault(piece.task.frame, work.images[piece.task.frame].copy())
            piece.paste(image, work.images)
        _note(record, tracklet, frames, piece)
    _count_frames(record, flags, set(changed))
    kept.update({frames.start + t: encode_png(image) for t, image in changed.items()})
    return kept


def _fill_pixels(
    config: CompletionConfig,
    source: TrackletStore,
    tracklet: int,
    frames: range,
    masks: list[np.ndarray],
    filler: PixelFiller,
    record: Record,
) -> dict[int, bytes | None]:
    """Replace the hidden pixels of one tracklet's frames, as far as the filler fills them."""
    kept: dict[int, bytes | None] = dict.fromkeys(frames)
    if not any(mask.any() for mask in masks):
        return kept
    images = [source.read_image(frame) for frame in frames]
    for hole in holes(images, masks, config.align):
        filling = filler.fill(hole)
        regions = touched_regions(hole.hidden)
        method = "left" if filling is None else filling.method
        numbers = sorted(int(frames.start + t) for t in hole.numbers)
        for region in regions:
            record.rows.append((tracklet, frames.start + hole.frame, region, method, numbers, float("nan")))
            record.counts[f"regions_{method}"] += 1
        record.counts["frames_left" if filling is None else "frames_restored"] += 1
        record.counts["pixels_hidden"] += int(hole.hidden.sum())
        record.counts["pixels_filled"] += 0 if filling is None else int(filling.filled.sum())
        if filling is not None:
            image = hole.picture.copy()
            image[filling.filled] = filling.picture[filling.filled]
            kept[frames.start + hole.frame] = encode_png(image)
    return kept


def _note(record: Record, tracklet: int, frames: range, piece: Piece) -> None:
    task = piece.task
    references = [frames.start + t for t in task.references]
    row = (tracklet, frames.start + task.frame, piece.region, piece.method, references, piece.confidence)
    record.rows.append(row)
    record.counts[f"regions_{piece.method}"] += 1
    record.counts["regions_without_reference"] += int(not task.references)
    sides = {t > task.frame for t in task.references}
    record.counts["regions_with_one_sided_reference"] += int(len(sides) == 1)


def _count_frames(record: Record, flags: np.ndarray, changed: set[int]) -> None:
    """Flagged frames of one tracklet: restored (a region of it at least, so that it changed) or left."""
    for t in np.flatnonzero(flags.any(1)):
        flagged = int(flags[t].sum())
        record.counts["frames_restored" if int(t) in changed else "frames_left"] += 1
        record.counts["frames_with_several_regions"] += int(1 < flagged < len(REGIONS))
        record.counts["frames_all_occluded"] += int(flagged == len(REGIONS))
