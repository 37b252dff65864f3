"""What an export holds: which images of which tracklets, under which names, and whether they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from stcnet_lib.config import ExportConfig
from stcnet_lib.data.source.layouts.base import Layout
from stcnet_lib.data.store.tracklets import Role, TrackletStore

_SUFFIXES = {"png": (".png",), "jpeg": (".jpg", ".jpeg")}
_PNG = b"\x89PNG"


@dataclass(frozen=True)
class Completed:
    """What a completion made, and from what.

    Attributes:
        regions: the form of `regions.parquet`.
        scores: float32 (F, K) occlusion scores of the raw frames, if there are any.
        model: sha256 of the weights that filled regions, if any did.
    """

    store: TrackletStore
    regions: pd.DataFrame
    scores: np.ndarray | None = None
    model: str | None = None


@dataclass(frozen=True)
class ExportedImage:
    """One image to write."""

    frame: int  # of the raw store
    number: int
    source: str
    path: str  # in the export
    data: bytes  # to be encoded again if the image is changed, and not in the wanted format
    changed: bool

    @property
    def is_png(self) -> bool:
        """Whether `data` is lossless as it is."""
        return self.data.startswith(_PNG)


@dataclass(frozen=True)
class ExportedTracklet:
    """A tracklet of the export; `restored` if it is the completion's version."""

    name: str
    images: list[ExportedImage]
    restored: bool


class ExportPlan:
    """The tracklets of an export, one of the raw store after the other.

    Attributes:
        format: of changed images, "png" or "jpeg".
        altered: whether anything so far was left out, added, or given another name.
    """

    def __init__(
        self,
        config: ExportConfig,
        layout: Layout,
        raw: TrackletStore,
        completed: Completed | None,
        split: int,
    ) -> None:
        self._contents, self._layout, self._raw = config.contents, layout, raw
        self._completed, self._split = completed, split
        self.format = {".jpg": "jpeg", ".png": "png", None: config.format}[layout.suffix]
        self.altered = False

    def versions(self, tracklet: int) -> Iterator[ExportedTracklet]:
        """What one tracklet becomes: itself, its restored version, or both."""
        name = self._raw.tracklets["name"].iloc[tracklet]
        if self._contents in ("raw", "control"):
            yield ExportedTracklet(name, self._images(tracklet, restored=False), False)
            return
        restored = self._images(tracklet, restored=True)
        doubled = self._contents == "mixed" and self._raw.roles[self._split, tracklet] == Role.TRAIN
        # One that nothing was done to would only be counted twice.
        if not doubled or not any(image.changed for image in restored):
            yield ExportedTracklet(name, restored, True)
            return
        self.altered = True
        yield ExportedTracklet(name, self._images(tracklet, restored=False), False)
        copies = [replace(image, path=self._layout.copy_path(image.path)) for image in restored]
        yield ExportedTracklet(self._layout.copy_name(name), copies, True)

    def _images(self, tracklet: int, restored: bool) -> list[ExportedImage]:
        raw, new = self._raw, self._new_frames(tracklet)
        frames = raw.frames_of(tracklet)
        role = Role(raw.roles[self._split, tracklet])
        images = []
        for frame, source in zip(frames, raw.sources(frames), strict=True):
            number = int(raw.frame_number[frame])
            if restored and number not in new:  # the completion left it out
                self.altered = True
                continue
            path = self._layout.place(source, role)
            image = ExportedImage(frame, number, source, path, raw.read_bytes(frame), False)
            if restored or (self._contents == "control" and number in new):
                image = self._after(image, self._completed.store.read_bytes(new[number]), restored)
            images.append(image)
        return images

    def _new_frames(self, tracklet: int) -> dict[int, int]:
        """The completion's frames of a tracklet, by their numbers."""
        if self._completed is None:
            return {}
        store = self._completed.store
        return {int(store.frame_number[frame]): frame for frame in store.frames_of(tracklet)}

    def _after(self, image: ExportedImage, completed: bytes, restored: bool) -> ExportedImage:
        """The image as it is, if the completion left it alone; else the completion's, or its control."""
        lossless = self.format == "png" and image.is_png  # encoding it again would change nothing
        if completed == image.data or (not restored and lossless):
            return image
        path = PurePosixPath(image.path)
        if path.suffix.lower() not in _SUFFIXES[self.format]:
            self.altered = True
            path = path.with_suffix(_SUFFIXES[self.format][0])
        data = completed if restored else image.data
        return replace(image, path=str(path), data=data, changed=True)
