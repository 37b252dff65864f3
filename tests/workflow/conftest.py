"""The tiny workflow, run once with real Snakemake for all tests of this folder."""

from __future__ import annotations

import pytest
from checkouts import Checkout


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the whole workflow has run, on real but tiny data."""
    checkout = Checkout(tmp_path_factory.mktemp("finished") / "tree")
    result = checkout.snakemake()
    assert result.returncode == 0, result.stdout[-8000:]
    return checkout


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which nothing has run."""
    return Checkout(tmp_path_factory.mktemp("untouched") / "tree")
