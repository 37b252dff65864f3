"""Which layout a source has, by what stands in its root: for commands that are given a folder alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stcnet_lib.common.files import read_json
from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.data.source.layouts.base import images_in, subfolders
from stcnet_lib.data.source.layouts.cameras import find_cameras

_EXPORT = "export.json"  # of our own exports, which says the layout
_SPLITS = ("train", "query", "gallery", "distractor", "test")
_MANIFESTS = ("manifest.csv", "manifest.parquet")


def guess_layout(root: Path) -> str:
    """The name of a layout: that of the first sign that is there; `crops` without any.

    Raises:
        ValueError: there is no such folder.
    """
    if not root.is_dir():
        raise ValueError(f"{root}: got no such folder, wanted the folder of a source")
    return _of_export(root) or next((name for name, sign in _SIGNS.items() if sign(root)), "crops")


def _of_export(root: Path) -> str | None:
    if not (root / _EXPORT).is_file():
        return None
    try:
        layout = read_json(root / _EXPORT).get("layout")
    except (ValueError, AttributeError):  # somebody else's file of that name
        return None
    return layout if layout in LAYOUTS and LAYOUTS[layout].has_files else None


def _has_any(*names: str) -> Callable[[Path], bool]:
    return lambda root: any((root / name).exists() for name in names)


def _of_duke(root: Path) -> bool:
    """Images two folders below a split: `train/<pid>/<tracklet>/`; in the layout `folder` they are three."""
    return any(
        images_in(root / split / person / tracklet)
        for split in _SPLITS
        for person in subfolders(root / split)[:1]
        for tracklet in subfolders(root / split / person)[:1]
    )


_SIGNS: dict[str, Callable[[Path], bool]] = {
    "mars": _has_any("bbox_train", "bbox_test"),
    "ilids_vid": _has_any("i-LIDS-VID"),
    "prid2011": _has_any("multi_shot"),
    "ls_vid": _has_any("list_sequence"),
    "duke_video": _of_duke,
    "folder": lambda root: any(subfolders(root / split) for split in _SPLITS),
    "manifest": _has_any(*_MANIFESTS),
    "video": lambda root: bool(find_cameras(root, [])),
}
