"""A completed data set as images in its source's own layout, for any project to train on.

Frames that the completion left alone are byte for byte what they were: hard links to the source's files
where the file system allows and the files are still the same, else written. Changed frames are PNG. Where
the layout's names end in `.jpg` they are JPEG of a stated quality instead, which changes the visible pixels
too; `control` is the raw data set with the same frames encoded in the same way, to tell the two apart.

Tables of the source (`info/`, splits) are copied if the export has the source's frames under the source's
names, and written anew if not. `manifest.parquet` and `export.json` say what was done. The source is only
read; the export is written beside its place and renamed into it.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stcnet_lib.common.files import write_json
from stcnet_lib.common.progress import Progress
from stcnet_lib.config import DatasetConfig, ExportConfig
from stcnet_lib.data.export.image_writer import ImageWriter, check_replaceable, replacing_folder
from stcnet_lib.data.export.manifest import NAME, ManifestWriter, RegionRecord, read_tracklets
from stcnet_lib.data.export.plan import Completed, ExportedTracklet, ExportPlan
from stcnet_lib.data.source.layouts import open_for_export
from stcnet_lib.data.source.layouts.base import Layout
from stcnet_lib.data.source.layouts.manifest import role_columns
from stcnet_lib.data.store.tracklets import Role, TrackletStore

REPORT = "export.json"
_NOTICE = (
    "Derived data: it carries the licence and the citation of its source, stated here and in every row of "
    "manifest.parquet, and may be used and passed on only as its source may."
)


def export(
    config: ExportConfig,
    dataset: DatasetConfig,
    raw: TrackletStore,
    completed: Completed | None,
    folder: Path,
    split: int = 0,
    progress_seconds: float = 10,
) -> dict[str, Any]:
    """Write the export and return what `export.json` says of it.

    Args:
        completed: not needed for the raw data set.
        split: whose train tracklets stand twice in mixed data.

    Raises:
        ValueError: the stores do not belong together, or the layout has no room for the contents.
    """
    if config.contents != "raw" and completed is None:
        raise ValueError(f"export.contents: got '{config.contents}' and no completion, wanted 'raw'")
    if completed is not None and not completed.store.tracklets["name"].equals(raw.tracklets["name"]):
        raise ValueError(f"{completed.store.path}: got other tracklets than those of {raw.path}")
    layout = open_for_export(dataset)
    generated = dataset.root is None or dataset.layout == "walkers"
    root = None if generated else layout.root.resolve()
    check_place(folder, root)
    plan = ExportPlan(config, layout, raw, completed, split)
    encoding = plan.format if plan.format == "png" else f"jpeg quality {config.quality}, 4:4:4"
    with replacing_folder(folder, REPORT) as partial:
        writer = ImageWriter(partial, config, plan.format, root)
        with ManifestWriter(
            partial / NAME,
            splits=len(raw.roles),
            facts={"contents": config.contents, "source_digest": raw.digest, "notice": _NOTICE},
            constants={key: raw.attributes[key] for key in ("licence", "citation")},
        ) as manifest:
            _write_images(raw, completed, plan, writer, manifest, encoding, progress_seconds)
        _write_tables(layout, raw, plan, partial)
        report = {
            "dataset": dataset.name,
            "layout": layout.exported_as or dataset.layout,
            "contents": config.contents,
            "encoding": encoding,
            "licence": raw.attributes["licence"],
            "citation": raw.attributes["citation"],
            "notice": _NOTICE,
            "model": completed.model if completed else None,
            "source_digest": raw.digest,
            "completed_digest": completed.store.digest if completed else None,
            "frames": dict(sorted(writer.counts.items())),
        }
        write_json(partial / REPORT, report)
    return report


def check_place(folder: Path, root: Path | None) -> None:
    """That an export may be written to a folder: no source, and nothing else, would be touched.

    Args:
        root: of the source, if it has one.

    Raises:
        ValueError: it may not.
    """
    root = root and root.resolve()
    if root and (folder.resolve().is_relative_to(root) or root.is_relative_to(folder.resolve())):
        raise ValueError(
            f"{folder}: got a folder within the source {root} or around it, wanted another place"
        )
    check_replaceable(folder, REPORT)


def _write_images(
    raw: TrackletStore,
    completed: Completed | None,
    plan: ExportPlan,
    writer: ImageWriter,
    manifest: ManifestWriter,
    encoding: str,
    progress_seconds: float,
) -> None:
    """All images, and a row of the manifest for each."""
    record = RegionRecord(completed.regions if completed else None)
    order = 0
    with (
        ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool,
        Progress("exporting", raw.num_frames, "frames", seconds=progress_seconds) as progress,
    ):
        for number, row in enumerate(raw.tracklets.itertuples()):
            roles = tuple(Role(role) for role in raw.roles[:, number])
            for tracklet in plan.versions(number):
                writer.put(tracklet.images, pool)
                common = {"pid": row.pid, "camera": row.camera, "order": order, **role_columns(roles)}
                manifest.add(
                    _rows(
                        raw,
                        completed,
                        tracklet,
                        range(row.start, row.start + row.length),
                        record,
                        common,
                        encoding,
                    )
                )
                order += 1
            progress.advance(row.length)


def _rows(
    raw: TrackletStore,
    completed: Completed | None,
    tracklet: ExportedTracklet,
    frames: range,
    record: RegionRecord,
    common: dict[str, Any],
    encoding: str,
) -> list[dict[str, Any]]:
    """Rows of the manifest; `frames` are those of the whole tracklet in the raw store."""
    sources = raw.sources(frames)
    scores = completed.scores if completed else None
    return [
        {
            **common,
            "tracklet": tracklet.name,
            "path": image.path,
            "frame": image.number,
            "source": image.source,
            "changed": image.changed,
            "encoding": encoding if image.changed else None,
            "model": completed.model if image.changed and tracklet.restored else None,
            "scores": None if scores is None else scores[image.frame].tolist(),
            **(record.of(image.frame, sources, frames.start) if tracklet.restored else {}),
        }
        for image in tracklet.images
    ]


def _write_tables(layout: Layout, raw: TrackletStore, plan: ExportPlan, folder: Path) -> None:
    if not layout.tables():
        return
    listed = sum(len(tracklet.frames) for tracklet in layout.tracklets())
    # Frames that the layout itself leaves out are not listed, but the source's tables name them.
    left_out = any(finding.kind in ("odd_name", "mixed_tracklet") for finding in layout.findings())
    if plan.altered or left_out or listed != raw.num_frames:
        layout.write_tables(folder, read_tracklets(folder / NAME))
    else:
        layout.copy_tables(folder)
