"""Data without a part that the variants need stop behind the preparation, before anything is trained."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path

import pytest
import trees
from checkouts import TINY, Checkout

pytestmark = pytest.mark.workflow


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    """Crops of one's own under the tiny networks."""
    trees.folder(tmp_path / "crops")
    found = Checkout(tmp_path / "tree")
    found.configure(configured(tmp_path / "crops"))
    return found


def configured(root: Path, **changes) -> dict:
    config = deepcopy(TINY)
    config["dataset"] = {"name": "mine", "layout": "folder", "root": str(root)}
    return config | changes


def test_no_query_stops_before_the_guider(checkout, tmp_path):
    """And with the part that was missing, or without rows that need it, the run goes on."""
    shutil.rmtree(tmp_path / "crops/test")
    result = checkout.snakemake("results/mine/split~0/seed~0/guider/model.json")
    assert result.returncode != 0
    assert "got no query, wanted some: variants ask for a score" in result.stdout
    assert (checkout.folder / "results/mine/tracklets.h5").is_file()
    assert not (checkout.folder / "results/mine/split~0").exists()

    checkout.configure(configured(tmp_path / "crops", variants=[]))
    wanted = "results/mine/split~0/seed~0/guider/model.json"
    assert checkout.planned(wanted) == {"check_dataset": 1, "pretrain_guider": 1}


def test_another_protocol_checks_again_and_trains_nothing(checkout, tmp_path):
    wanted = "results/mine/split~0/seed~0/guider/model.json"
    result = checkout.snakemake(wanted)
    assert result.returncode == 0, result.stdout
    checkout.configure(configured(tmp_path / "crops", evaluation={"protocol": "official", "bootstrap": 100}))
    result = checkout.snakemake(wanted, "results/mine/checked.json")
    assert result.returncode == 0, result.stdout
    assert "rule check_dataset" in result.stdout
    assert "pretrain_guider" not in result.stdout
