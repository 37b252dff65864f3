"""Data that no folder holds: the walkers. An export puts them into the plain layout (`folder.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import Layout, SourceTracklet, restored_folder
from stcnet_lib.data.store.tracklets import Role


class GeneratedLayout(Layout):
    """Has nothing to read; its root is never looked at."""

    exported_as = "folder"

    @classmethod
    def open(cls, config: DatasetConfig) -> GeneratedLayout:
        return cls(Path())

    def __len__(self) -> int:
        return 0

    def tracklets(self) -> Iterator[SourceTracklet]:
        return iter(())

    def place(self, source: str, role: Role) -> str:
        """`<split>/<pid>/<camera>/<tracklet>/<image>`, of which the generator names all but the split."""
        return f"{role.name.lower()}/{source}"

    def copy_path(self, source: str) -> str:
        return restored_folder(source)
