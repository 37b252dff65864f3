"""How sources are laid out on disk: one file a layout."""

from __future__ import annotations

from pathlib import Path

from stcnet_lib.config import DatasetConfig
from stcnet_lib.data.source.layouts.base import Layout
from stcnet_lib.data.source.layouts.duke_video import DukeVideoLayout
from stcnet_lib.data.source.layouts.folder import FolderLayout
from stcnet_lib.data.source.layouts.generated import GeneratedLayout
from stcnet_lib.data.source.layouts.ilids_vid import IlidsVidLayout
from stcnet_lib.data.source.layouts.ls_vid import LsVidLayout
from stcnet_lib.data.source.layouts.manifest import ManifestLayout
from stcnet_lib.data.source.layouts.mars import MarsLayout
from stcnet_lib.data.source.layouts.prid2011 import Prid2011Layout
from stcnet_lib.data.source.layouts.video import VideoLayout

_LAYOUTS: dict[str, type[Layout]] = {
    "folder": FolderLayout,
    "manifest": ManifestLayout,
    "mars": MarsLayout,
    "ilids_vid": IlidsVidLayout,
    "prid2011": Prid2011Layout,
    "duke_video": DukeVideoLayout,
    "ls_vid": LsVidLayout,
    "video": VideoLayout,
}


def open_layout(config: DatasetConfig) -> Layout:
    """The source that the configuration names.

    Raises:
        DataError: the folder is not laid out like that.
        ValueError: the layout is none that reads files.
    """
    layout = _LAYOUTS.get(config.layout)
    if layout is None or config.root is None:
        known = ", ".join(sorted(_LAYOUTS))
        raise ValueError(f"dataset.layout: got '{config.layout}', wanted one that reads files: {known}")
    return layout.open(config)


def open_for_export(config: DatasetConfig) -> Layout:
    """The layout an export is written in; generated data have no source and take the plain one."""
    return GeneratedLayout(Path()) if config.layout == "walkers" else open_layout(config)
