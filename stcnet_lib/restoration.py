"""Restoration: flagged regions are replaced, everything else stays as it was (paper §4.1, §5.2).

A frame without a flagged region keeps its very bytes. A changed frame is decoded, its flagged bands are
replaced and it is stored as PNG: JPEG would change the visible pixels as well. Where STCnet works at
another size than the frame has, only the restored band is resized, never the frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from stcnet_lib import REGIONS
from stcnet_lib.config import CompletionConfig
from stcnet_lib.data.images import encode_png
from stcnet_lib.data.store import StoreWriter, TrackletStore
from stcnet_lib.filling import Filler, FillTask
from stcnet_lib.progress import Progress
from stcnet_lib.references import NONE, nearest, nearest_frames, usable_frames
from stcnet_lib.regions import region_rows


@dataclass
class Record:
    """What was done: one row a flagged region, and how often each case was met."""

    rows: list[tuple[int, int, int, str, int, int]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def table(self) -> pd.DataFrame:
        """The form of `regions.parquet`."""
        columns = ["tracklet", "frame", "region", "method", "previous", "next"]
        table = pd.DataFrame(self.rows, columns=columns)
        return table.astype({name: "int64" for name in columns if name != "method"})


def restore(
    config: CompletionConfig,
    source: TrackletStore,
    flags: np.ndarray,
    references: str,
    filler: Filler | None,
    path: Path,
    progress_seconds: float,
) -> Record:
    """Write the completed store; tracklet numbers, names and roles are the source's.

    Args:
        flags: (F, K) regions to replace.
        references: "frame" or "region", see `StcnetConfig.references`.
        filler: how regions are filled; not needed to discard frames.
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
                kept = _fill(config, source, tracklet, frames, own, references, filler, record)
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
) -> dict[int, bytes | None]:
    """Replace the flagged bands of one tracklet's frames."""
    kept: dict[int, bytes | None] = dict.fromkeys(frames)
    tasks = [task for t in np.flatnonzero(flags.any(1)) for task in _tasks(config, flags, int(t), references)]
    if not tasks:
        return kept
    needed = sorted(set().union(*(task.needed for task in tasks)))
    images = {t: source.read_image(frames.start + t) for t in needed}
    changed: dict[int, np.ndarray] = {}
    for task, filling in zip(tasks, filler.fill(tasks, images, flags), strict=True):
        method = "left" if filling is None else filling.method
        if filling is not None:
            image = changed.setdefault(task.frame, images[task.frame].copy())
            for region in task.regions:
                paste_band(image, filling.image, region)
        _note(record, tracklet, frames, task, method)
    _count_frames(record, flags, set(changed))
    kept.update({frames.start + t: encode_png(image) for t, image in changed.items()})
    return kept


def _tasks(config: CompletionConfig, flags: np.ndarray, t: int, references: str) -> list[FillTask]:
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
        tasks.append(FillTask(t, regions, previous, following, leave, shown))
    return tasks


def _note(record: Record, tracklet: int, frames: range, task: FillTask, method: str) -> None:
    for region in task.regions:
        numbers = [NONE if t == NONE else frames.start + t for t in (task.previous, task.next)]
        record.rows.append((tracklet, frames.start + task.frame, region, method, *numbers))
        record.counts[f"regions_{method}"] += 1
        record.counts["regions_without_reference"] += int(task.previous == task.next == NONE)
        record.counts["regions_with_one_sided_reference"] += int(
            (task.previous == NONE) != (task.next == NONE)
        )


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
