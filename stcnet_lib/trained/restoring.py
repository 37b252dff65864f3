"""A source on disk becomes the same source restored: prepared, scored, completed and exported in one go.

The same functions as the rules `prepare_dataset` to `export_dataset`, with the networks of a finished run
(paper §4.1, §5.2: steps 2 and 4 of the pipeline). What lies between them is kept in a temporary folder (in
TMPDIR, about three times as large as the source's images), and the export appears whole or not at all. The
source is only read.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from stcnet_lib.common.compute import Compute, compute_for
from stcnet_lib.completion.completing import Completion, Hidden, complete
from stcnet_lib.completion.record import read_replaced
from stcnet_lib.config import DatasetConfig, ExportConfig, Precision, RuntimeConfig
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.data.export.plan import Completed
from stcnet_lib.data.export.tree import check_place, export
from stcnet_lib.data.source.prepare import prepare
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.flags import flag_table, score_table
from stcnet_lib.localisation.mask_files import open_masks
from stcnet_lib.reid.files import read_description
from stcnet_lib.trained.choice import Chosen, choose_completion
from stcnet_lib.trained.precision import with_precision
from stcnet_lib.trained.run import TrainedRun
from stcnet_lib.trained.scoring import Scoring


@dataclass(frozen=True)
class Restoration:
    """What was done to a source, in frames."""

    tracklets: int
    frames: int
    flagged: int  # with a region that is hidden
    replaced: int  # of these, changed; by the method discard, left out
    left: int  # of these, as they were
    method: str  # that filled in the end
    layout: str  # of what was written
    folder: Path

    def text(self) -> str:
        """One line."""
        return (
            f"{self.tracklets:,} tracklets, {self.frames:,} frames: {self.flagged:,} flagged, "
            f"{self.replaced:,} replaced ({self.method}), {self.left:,} left as they were: {self.folder} "
            f"(layout {self.layout})"
        )


@dataclass(frozen=True)
class Job:
    """A restoration that is asked for.

    Attributes:
        method: a row of `METHODS`.
        align: whether frames to restore from are moved onto the person; None: as the run has it.
        precision: of all networks; None: of each as it was trained.
        processes: that read and decode the source.
    """

    dataset: DatasetConfig
    run: TrainedRun
    out: Path
    method: str = "stcnet"
    align: bool | None = None
    export: ExportConfig = field(default_factory=ExportConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    precision: Precision | None = None
    processes: int = 1


def restore_source(job: Job) -> Restoration:
    """Write the restored source to `job.out`.

    Raises:
        ValueError: a source that cannot be used, a file that the run lacks, a place that is taken.
    """
    check_place(job.out, job.dataset.root and Path(job.dataset.root))
    job.run.thresholds()  # what is missing is told before anything is read
    chosen = choose_completion(job.run, job.method, job.align)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="stcnet-")))
        compute = with_precision(opened.enter_context(compute_for(job.runtime)), job.precision)
        prepare(
            job.dataset,
            folder / "tracklets.h5",
            folder / "integrity.json",
            job.runtime.progress_seconds,
            job.processes,
        )
        store = opened.enter_context(TrackletStore(folder / "tracklets.h5"))
        return _restore(job, chosen, store, folder, compute)


def _restore(job: Job, chosen: Chosen, store: TrackletStore, folder: Path, compute: Compute) -> Restoration:
    """Score, complete and export a prepared store."""
    scoring = Scoring(job.run, store, folder, job.runtime, compute)
    table = scoring.table()
    flags, scores = flag_table(table, store.num_frames), score_table(table, store.num_frames)
    with ExitStack() as opened:
        masks = None
        if chosen.config.of_pixels:
            masks = opened.enter_context(open_masks(scoring.masks(table), store))
        done = complete(
            chosen.config,
            store,
            Hidden(flags, scores, masks),
            chosen.files,
            chosen.references,
            folder / "completed.h5",
            job.runtime.progress_seconds,
            compute,
        )
    done.record.write(folder / "regions.parquet", store)
    with TrackletStore(folder / "completed.h5") as completed:
        regions = read_replaced(folder / "regions.parquet", store)
        what = Completed(completed, regions, scores, _model(chosen, done))
        report = export(
            job.export, job.dataset, store, what, job.out, progress_seconds=job.runtime.progress_seconds
        )
    counts, dropped = done.record.counts, METHODS[job.method].drops_frames
    flagged = int(flags.any(1).sum())
    replaced = counts["discarded_frames" if dropped else "frames_restored"]
    return Restoration(
        tracklets=store.num_tracklets,
        frames=store.num_frames,
        flagged=flagged,
        replaced=replaced,
        left=flagged - replaced,
        method=done.made["method_used"],
        layout=report["layout"],
        folder=job.out,
    )


def _model(chosen: Chosen, done: Completion) -> str | None:
    """Digest of the weights that filled, if a network did."""
    if chosen.files.stcnet and done.made["method_used"] == done.made["method"]:
        return read_description(chosen.files.stcnet, *NETWORKS)["weights_sha256"]
    if chosen.files.gather:
        return read_description(chosen.files.gather, "gather")["weights_sha256"]
    return None
