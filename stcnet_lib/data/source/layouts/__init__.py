"""How sources are laid out on disk: one file a layout, loaded by its row in `config/layouts.py`."""

from __future__ import annotations

from importlib import import_module

from stcnet_lib.config import DatasetConfig
from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.data.source.layouts.base import Layout


def open_layout(config: DatasetConfig) -> Layout:
    """The source that the configuration names.

    Raises:
        DataError: the folder is not laid out like that.
        ValueError: the layout is none that reads files.
    """
    if not LAYOUTS[config.layout].has_files:
        known = ", ".join(sorted(name for name, row in LAYOUTS.items() if row.has_files))
        raise ValueError(f"dataset.layout: got '{config.layout}', wanted one that reads files: {known}")
    return open_for_export(config)


def open_for_export(config: DatasetConfig) -> Layout:
    """The layout an export is written in; generated data have no source and take the plain one."""
    row = LAYOUTS[config.layout]
    return getattr(import_module(row.module), row.reader.rpartition(".")[2]).open(config)
