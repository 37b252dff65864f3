"""What several test files use."""

from __future__ import annotations

import os
from pathlib import Path

# Before torch is loaded, here and in the processes that tests start: see workflow/rules/common.smk.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
from stores import write_store


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Four people, two cameras, six frames of 32×16."""
    return write_store(tmp_path / "tracklets.h5")
