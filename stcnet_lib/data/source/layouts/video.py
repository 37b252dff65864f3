"""One's own videos: `<camera>.mp4` and beside it `<camera>.txt`, the boxes that a tracker found (`mot.py`).

Instead of a video there may be a folder of images `<camera>/`, or a sequence as MOTChallenge has it:
`<camera>/img1/` with `<camera>.txt` beside the folder, `gt/gt.txt` or `det/det.txt` in it (`cameras.py`).
Several videos are several cameras. Every track becomes a tracklet, or several where it pauses for longer than
`dataset.video.longest_gap` frames; crops are cut at the border of the picture and kept as PNG. Frame numbers
are those of the box file; which picture they mean is told in `picture_numbers.py`.

Nobody has told which people of two cameras are the same, so there are no queries and there is no re-ID score:
every track is a person of its own. All of them are for training, since that is what the later stages need
from data without labels: thresholds are found on train tracklets, STCnet learns from the visible parts of
train tracklets, and completions and exports hold every tracklet whatever its role.

A video can only be decoded from its beginning. So all crops are made in one pass and kept, as long as the
source is in use, in a temporary file without a name (in TMPDIR, about as large as the store).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import (
    DataError,
    Finding,
    Frame,
    Layout,
    SourceTracklet,
    images_in,
    label_numbers,
    restored_folder,
)
from stcnet_lib.data.source.layouts.cameras import Camera, find_cameras
from stcnet_lib.data.source.video.crops import Crops, SizeRules, cut_crops
from stcnet_lib.data.source.video.mot import BoxRules, read_table, split_tracks
from stcnet_lib.data.source.video.overlaps import overlapped_thirds
from stcnet_lib.data.source.video.picture_numbers import Reading, find_places
from stcnet_lib.data.store.tracklets import Role


class TrackRules(NamedTuple):
    """What becomes a tracklet."""

    longest_gap: int  # frames that may be missing within one
    least_frames: int  # of one
    least_height: int  # pixels of a crop
    least_width: int
    boxes: BoxRules
    frames: Reading = "auto"  # what the frames of box files are
    first_frame: int | None = None  # of box files; None: 1, and 0 is an error


class _Part(NamedTuple):
    """A tracklet: rows of a camera's crops."""

    camera: int  # place in the list of cameras
    pid: int
    track: int
    place: int  # among the parts of its track, from 1
    rows: range


class VideoLayout(Layout):
    """See the module."""

    frames_are_files = False
    numbered_by_names = False
    exported_as = "folder"

    def __init__(self, root: Path, rules: TrackRules) -> None:
        super().__init__(root)
        self._rules = rules
        self._cameras = find_cameras(self.root, self._findings)
        if not self._cameras:
            seen = "".join(f"\n  {finding.source}: {finding.reason}" for finding in self._findings[:10])
            raise DataError(
                f"{self.root}: got no video with boxes, wanted <camera>.mp4 (or another video, or a folder "
                f"of images) beside <camera>.txt; see dataset.root in config.yaml{seen}"
            )
        self._numbers = label_numbers(camera.name for camera in self._cameras)
        self._crops: list[Crops] = []
        self._overlaps: list[pd.Series] = []  # of a camera: bool (K,) by (frame, track)
        self._parts: list[_Part] | None = None
        self._at: dict[str, _Part] = {}  # by the folder of a frame's source

    @classmethod
    def open(cls, config: DatasetConfig) -> VideoLayout:
        video = config.video
        boxes = BoxRules(video.least_confidence, video.least_visibility, video.classes)
        rules = TrackRules(
            video.longest_gap,
            video.least_frames,
            video.least_height,
            video.least_width,
            boxes,
            video.frames,
            video.first_frame,
        )
        return cls(Path(config.root), rules)

    def __len__(self) -> int:
        return len(self._listed())

    def tracklets(self) -> Iterator[SourceTracklet]:
        for part in self._listed():
            numbers = self._crops[part.camera].frame[part.rows.start : part.rows.stop].tolist()
            folder = self._folder(part)
            frames = tuple(Frame(number, f"{folder}/{number:06d}.png") for number in numbers)
            camera = self._cameras[part.camera].name
            yield SourceTracklet(part.pid, self._numbers[camera], folder, (Role.TRAIN,), frames)

    def read(self, frame: Frame) -> bytes:
        self._listed()
        part = self._at[frame.source.rpartition("/")[0]]
        crops = self._crops[part.camera]
        row = part.rows.start + int(
            np.searchsorted(crops.frame[part.rows.start : part.rows.stop], frame.number)
        )
        return crops.read(row)

    def overlapped(self, tracklet: SourceTracklet) -> np.ndarray:
        part = self._at[tracklet.name]
        table = self._overlaps[part.camera]
        keys = pd.MultiIndex.from_product([[frame.number for frame in tracklet.frames], [part.track]])
        return np.stack(table.loc[keys].tolist())

    def place(self, source: str, role: Role) -> str:
        """An export has no video: it is the plain layout (`folder.py`)."""
        return f"{role.name.lower()}/{source}"

    def copy_path(self, source: str) -> str:
        return restored_folder(source)

    def _folder(self, part: _Part) -> str:
        """`<pid>/<camera>/<tracklet>`, as in the plain layout."""
        camera = self._cameras[part.camera].name
        return f"{part.pid:06d}/{camera}/track{part.track:06d}-{part.place}"

    def _listed(self) -> list[_Part]:
        """All tracklets; the first call decodes the videos."""
        if self._parts is None:
            self._parts = []
            people = 0
            for place, camera in enumerate(self._cameras):
                crops = self._cut(camera)
                self._crops.append(crops)
                parts = list(self._tracks(place, crops, people))
                people = max((part.pid for part in parts), default=people)
                self._parts += parts
            self._at = {self._folder(part): part for part in self._parts}
        return self._parts

    def _cut(self, camera: Camera) -> Crops:
        """The crops of a camera."""
        rules, tell = self._rules, self._findings.append
        table = read_table(camera.boxes, rules.boxes, tell)
        names = images_in(camera.pictures) if camera.pictures.is_dir() else None
        places = find_places(camera.pictures.name, table.frames, names, rules.frames, rules.first_frame)
        if places.remark:
            tell(Finding("picture_numbers", camera.pictures.name, places.remark))
        sizes = SizeRules(rules.least_height, rules.least_width)
        keys = pd.MultiIndex.from_frame(table.boxes[["frame", "track"]])
        self._overlaps.append(pd.Series(list(overlapped_thirds(table.boxes)), index=keys))
        return cut_crops(camera.pictures, table.boxes, places, sizes, tell)

    def _tracks(self, camera: int, crops: Crops, people: int) -> Iterator[_Part]:
        """The tracklets of a camera; its people are numbered from `people` + 1."""
        name = self._cameras[camera].name
        tracks, starts = np.unique(crops.track, return_index=True)
        ends = np.append(starts, len(crops.track))[1:]
        before = people
        for track, start, end in zip(tracks.tolist(), starts.tolist(), ends.tolist(), strict=True):
            spans = split_tracks(crops.frame[start:end], self._rules.longest_gap)
            long = [span for span in spans if span.stop - span.start >= self._rules.least_frames]
            if len(long) < len(spans):
                reason = (
                    f"{len(spans) - len(long)} of {len(spans)} parts have fewer than "
                    f"{self._rules.least_frames} frames (dataset.video.least_frames) and are left out"
                )
                self._findings.append(Finding("short_track", f"{name}, track {track}", reason))
            people += bool(long)
            for place, span in enumerate(long, 1):
                rows = range(start + span.start, start + span.stop)
                yield _Part(camera, people, track, place, rows)
        if people == before and len(tracks):
            reason = f"none of its {len(tracks)} tracks is long enough, see dataset.video.least_frames"
            self._findings.append(Finding("nothing_left", name, reason))
