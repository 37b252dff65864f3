"""Every row of the table of layouts: its class is there, and nobody reads the code of another one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.data.source.layouts.base import Layout
from workflow.library import imported_files


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_row_names_a_layout(name):
    row = LAYOUTS[name]
    reader = getattr(import_module(row.module), row.reader.rpartition(".")[2])
    assert issubclass(reader, Layout)
    assert Path(row.file).is_file()
    assert reader.exported_as in (None, *LAYOUTS)


def test_preparing_reads_the_code_of_its_own_layout_alone():
    loaded = set(imported_files("workflow/scripts/prepare_dataset.py"))
    # Only a manifest is also written with every export, and none of them is read by `prepare_dataset`.
    assert not loaded & {row.file for row in LAYOUTS.values()}
    assert "stcnet_lib/data/source/layouts/base.py" in loaded
