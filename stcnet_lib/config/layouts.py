"""The layouts of data sets, and what the workflow must know of each; no import of theirs happens here.

A layout is a file of `data/source/layouts/`, which has a subclass of `Layout`, and a row here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One row: where the code of a layout is, and what must be known before there is a store."""

    reader: str  # its subclass of `Layout`, after the name of its module
    splits: int | None = 1  # for `splits: all`; None: how many stands in the data
    has_files: bool = True  # that are read; else the data are generated

    @property
    def module(self) -> str:
        """That has the reader."""
        return self.reader.rpartition(".")[0]

    @property
    def file(self) -> str:
        """What a rule tracks beside its script, relative to the repository."""
        return self.module.replace(".", "/") + ".py"


_ROOM = "stcnet_lib.data.source.layouts"

LAYOUTS = {
    "walkers": Source(f"{_ROOM}.generated.GeneratedLayout", has_files=False),
    "folder": Source(f"{_ROOM}.folder.FolderLayout"),
    "crops": Source(f"{_ROOM}.crops.CropsLayout"),
    "manifest": Source(f"{_ROOM}.manifest.ManifestLayout", splits=None),
    "mars": Source(f"{_ROOM}.mars.MarsLayout"),
    "ilids_vid": Source(f"{_ROOM}.ilids_vid.IlidsVidLayout", splits=10),
    "prid2011": Source(f"{_ROOM}.prid2011.Prid2011Layout", splits=10),
    "duke_video": Source(f"{_ROOM}.duke_video.DukeVideoLayout"),
    "ls_vid": Source(f"{_ROOM}.ls_vid.LsVidLayout"),
    "video": Source(f"{_ROOM}.video.VideoLayout"),
}
