"""What several test files use."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores import write_store


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Four people, two cameras, six frames of 32×16."""
    return write_store(tmp_path / "tracklets.h5")
